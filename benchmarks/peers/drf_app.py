"""The Django project around drf-chunked-upload: the minimum of its documentation, with SQLite in WAL mode."""

import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import path

FOLDER = Path(os.environ["BENCHMARK_FOLDER"])

settings.configure(
    SECRET_KEY="a key for a benchmark",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "drf_chunked_upload"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / "drf.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": 30,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            },
        }
    },
    MEDIA_ROOT=FOLDER / "media",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": []},
    DRF_CHUNKED_UPLOAD_ABSTRACT_MODEL=False,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - models need the settings
from drf_chunked_upload.views import ChunkedUploadView  # noqa: E402


class Somebody:
    """Authenticates every request as the same user: uploads need one."""

    def authenticate(self, request: Any) -> tuple[User, None]:
        """Return the user without a database query."""
        return User(id=1, username="somebody"), None


def make_database() -> None:
    """Make the tables and the user."""
    call_command("migrate", verbosity=0)
    User.objects.create(id=1, username="somebody")


view = ChunkedUploadView.as_view(authentication_classes=[Somebody])
urlpatterns = [path("upload/", view), path("upload/<uuid:pk>/", view, name="chunkedupload-detail")]
application = get_wsgi_application()
