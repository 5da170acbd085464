"""Creates at the first run: the data dir, the secret of the tokens, and the server's own key."""

import os
import secrets
import tempfile
from dataclasses import replace
from pathlib import Path

from scapi.settings.definitions import Settings
from scapi.settings.reading import ConfigurationError

MIN_SECRET_BYTES = 32
"""A key of at least the hash's size (RFC 7518, section 3.2)."""


def with_data_dir(settings: Settings) -> Settings:
    """Return the settings with the absolute path of the data dir; create it if it is needed and missing.

    Raises ConfigurationError.
    """
    data_dir = settings.data_dir.resolve()
    if not settings.database_url:
        try:
            data_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"SCAPI_DATA_DIR cannot be made: {error}") from error
    return replace(settings, data_dir=data_dir)


def secrets_in(secret: str) -> list[str]:
    """Return the keys in a secret: two if a space separates two keys that are long enough, otherwise one."""
    parts = secret.split()
    return parts if len(parts) == 2 and all(map(_is_long_enough, parts)) else [secret]


def with_keys(settings: Settings) -> Settings:
    """Return the settings with a secret for the tokens and a key of the server's own.

    If one is not set, the one in the embedded database's data dir is used; it is created at the first run. Raises
    ConfigurationError if one is too short, or is missing with a database that other hosts may share.
    """
    secret, key = settings.jwt_secret, settings.server_key
    if not secret and settings.database_url and settings.jwt_jwks:
        if not key:
            raise ConfigurationError(
                "SCAPI_SERVER_KEY is not set; without SCAPI_JWT_SECRET every host needs the same one, for example "
                "from: openssl rand -hex 32"
            )
    elif not secret and settings.database_url:
        raise ConfigurationError(
            "SCAPI_JWT_SECRET is not set. It is made by itself only for the embedded database; with "
            "SCAPI_DATABASE_URL every host needs the same one, for example from: openssl rand -hex 32"
        )
    if not settings.database_url:
        secret = secret or _kept(settings.data_dir / "jwt-secret", secrets.token_hex(MIN_SECRET_BYTES))
        # digests from before this key existed used the secret
        key = key or _kept(settings.data_dir / "server-key", secrets_in(secret)[-1])
    key = key or secrets_in(secret)[-1]
    for name, value in (("SCAPI_JWT_SECRET", secret), ("SCAPI_SERVER_KEY", key)):
        if value and not _is_long_enough(value):
            raise ConfigurationError(
                f"{name} has {len(value.encode())} bytes; at least {MIN_SECRET_BYTES} are needed, "
                "for example from: openssl rand -hex 32"
            )
    return replace(settings, jwt_secret=secret, server_key=key)


def _is_long_enough(secret: str) -> bool:
    return len(secret.encode()) >= MIN_SECRET_BYTES


def _kept(file: Path, first: str) -> str:
    """Return the content of `file`, which only its owner can read; at the first run, write `first` to it.

    Raises ConfigurationError.
    """
    try:
        return _read_or_made(file, first)
    except OSError as error:
        raise ConfigurationError(f"SCAPI_DATA_DIR: {file.name} cannot be read or made there: {error}") from error


def _read_or_made(file: Path, first: str) -> str:
    if not file.exists():
        fd, name = tempfile.mkstemp(dir=file.parent)  # readable by its owner only
        made = Path(name)
        with os.fdopen(fd, "w") as output:
            output.write(first)
        try:
            file.hardlink_to(made)  # if several processes start at once, one wins and the others read its secret
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return file.read_text().strip()
