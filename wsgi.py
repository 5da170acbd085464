"""What gunicorn runs: `gunicorn wsgi:app`."""

from config import Config
from scapi import create_app

app = create_app(Config)
