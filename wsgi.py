"""What gunicorn runs: `gunicorn wsgi:app`."""

from scapi.server import application

app = application()
