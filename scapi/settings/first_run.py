"""What is made at the first run: the data dir, and the secret of the tokens."""

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
    """Return the settings with the absolute path of the data dir, which is made if it is needed and missing.

    Raises ConfigurationError.
    """
    data_dir = settings.data_dir.resolve()
    if not settings.database_url:
        try:
            data_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(f"SCAPI_DATA_DIR cannot be made: {error}") from error
    return replace(settings, data_dir=data_dir)


def with_secret(settings: Settings) -> Settings:
    """Return the settings with a secret for the tokens, the one kept in the data dir if none is given.

    Raises ConfigurationError for one that is too short, and for none beside a database that other hosts may share.
    """
    if not settings.jwt_secret and settings.database_url:
        raise ConfigurationError(
            "SCAPI_JWT_SECRET is not set. It is made by itself only for the embedded database; with "
            "SCAPI_DATABASE_URL every host needs the same one, for example from: openssl rand -hex 32"
        )
    secret = settings.jwt_secret or _kept_in(settings.data_dir)
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ConfigurationError(
            f"SCAPI_JWT_SECRET has {len(secret.encode())} bytes; HS256 needs at least {MIN_SECRET_BYTES}, "
            "for example from: openssl rand -hex 32"
        )
    return replace(settings, jwt_secret=secret)


def _kept_in(data_dir: Path) -> str:
    """Return the secret kept in `data_dir`, made there if this is the first run."""
    file = data_dir / "jwt-secret"
    if not file.exists():
        fd, name = tempfile.mkstemp(dir=data_dir)  # for its owner only
        made = Path(name)
        with os.fdopen(fd, "w") as output:
            output.write(secrets.token_hex(MIN_SECRET_BYTES))
        try:
            file.hardlink_to(made)  # of several processes that start at once, one wins and the others read its secret
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return file.read_text().strip()
