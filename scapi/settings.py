"""From settings to what the extensions want to know."""

from pathlib import Path

from flask import Flask
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError
from werkzeug.middleware.proxy_fix import ProxyFix

from scapi import database
from scapi.http import auth


class ConfigurationError(Exception):
    """A setting that scapi cannot start with: what is wrong and what was expected."""


class NotReady(ConfigurationError):
    """What a setting names cannot be reached now. Nothing may be wrong with it: another try may succeed."""


def data_dir(app: Flask) -> Path:
    """Return the absolute path of `SCAPI_DATA_DIR`."""
    return Path(app.config["SCAPI_DATA_DIR"]).resolve()


def set_up_database(app: Flask) -> None:
    """Set the database's URL, the embedded one's if none is given, and the options of its engines.

    Raises ConfigurationError.
    """
    url = app.config["SCAPI_DATABASE_URL"]
    if not url:
        try:
            data_dir(app).mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"SCAPI_DATA_DIR cannot be made: {error}") from error
        url = database.embedded_url(data_dir(app))
    try:
        make_url(url).get_dialect().import_dbapi()
    except (ArgumentError, ImportError) as error:
        raise ConfigurationError(
            f"SCAPI_DATABASE_URL: {error}; expected something like postgresql+psycopg://user:password@host/database"
        ) from error
    app.config.from_mapping(database.engine_settings(url))


def set_up_secret(app: Flask) -> None:
    """Make sure that there is a secret for the tokens. Raises ConfigurationError."""
    secret = app.config["SCAPI_JWT_SECRET"]
    if not secret and app.config["SCAPI_DATABASE_URL"]:
        raise ConfigurationError(
            "SCAPI_JWT_SECRET is not set. It is made by itself only for the embedded database; with "
            "SCAPI_DATABASE_URL every host needs the same one, for example from: openssl rand -hex 32"
        )
    secret = secret or auth.secret_in(data_dir(app))
    if len(secret.encode()) < auth.MIN_SECRET_BYTES:
        raise ConfigurationError(
            f"SCAPI_JWT_SECRET has {len(secret.encode())} bytes; HS256 needs at least {auth.MIN_SECRET_BYTES}, "
            "for example from: openssl rand -hex 32"
        )
    app.config["SCAPI_JWT_SECRET"] = secret


def trust_proxies(app: Flask) -> None:
    """Take the client's view of address, scheme and host from the proxies that `SCAPI_TRUSTED_PROXIES` counts."""
    count = app.config["SCAPI_TRUSTED_PROXIES"]
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
