"""The machine and the settings: secrets, disk, fonts, and requests through the public URL."""

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator

from scapi.inspection.confinement import FONTS
from scapi.settings import settings
from storage_backends import Diagnosis

LEAST_FREE = 1024**3
"""Bytes: enough for a few large files, and for the database to grow."""

LEAST_CHARACTERS = 12
"""The least different characters of a secret: 32 random hexadecimal digits nearly always have 13 or more."""

PATIENCE = 5
"""Seconds that a request to the public URL may take."""

FONT_FILES = (".ttf", ".otf", ".ttc", ".pfb")


def look() -> Iterator[Diagnosis]:
    """Yield the findings."""
    yield _secret()
    yield _disk()
    yield _fonts()
    yield from _outside()
    if settings.read_only:
        yield Diagnosis(
            "read-only", "every write is refused", "clients cannot upload", "remove SCAPI_READ_ONLY from the settings"
        )


def _secret() -> Diagnosis:
    if not settings.jwt_secret:
        return Diagnosis("token secret", "there is none: all tokens come from the login provider")
    if len(set(settings.jwt_secret)) >= LEAST_CHARACTERS:
        return Diagnosis("token secret", "long and varied enough")
    return Diagnosis(
        "token secret",
        "it has few different characters",
        "anyone who guesses it can make tokens for any user",
        "SCAPI_JWT_SECRET=$(openssl rand -hex 32)",
    )


def _disk() -> Diagnosis:
    there = next(folder for folder in (settings.data_dir, *settings.data_dir.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if free >= LEAST_FREE:
        return Diagnosis("disk", f"{free / 1024**3:.1f} GiB free for {settings.data_dir}")
    return Diagnosis(
        "disk",
        f"{free / 1024**2:.0f} MiB free for {settings.data_dir}",
        "uploads are answered 507 when it is full",
        "scapi users usage; scapi storage copy --to s3",
    )


def _fonts() -> Diagnosis:
    for folder in FONTS:
        for _, _, names in os.walk(folder):
            if any(name.lower().endswith(FONT_FILES) for name in names):
                return Diagnosis("fonts", f"there are some in {folder}")
    return Diagnosis(
        "fonts",
        "there are none",
        "previews of PDFs without embedded fonts have no text",
        "apt-get install fonts-dejavu-core fonts-liberation",
    )


def _outside() -> Iterator[Diagnosis]:
    url = settings.public_url
    if not url:
        yield Diagnosis("public URL", "not set: URLs in answers follow the host of each request")
        return
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/healthz", timeout=PATIENCE) as answer:  # noqa: S310 - the setting is checked to be http(s)
            server = answer.headers.get("Server", "")
    except (urllib.error.URLError, OSError) as error:
        yield Diagnosis(
            "public URL",
            f"{url} does not answer: {error}",
            "it is the base of all URLs in answers of the API",
            "curl -v " + url + "/healthz    # from outside; then correct DNS, the proxy or SCAPI_PUBLIC_URL",
        )
        return
    yield Diagnosis("public URL", f"{url} answers")
    proxied = "gunicorn" not in server.lower()
    if proxied == (settings.trusted_proxies > 0):
        yield Diagnosis("proxies", f"{server or 'a proxy'} is in front" if proxied else "none is in front")
    elif proxied:
        yield Diagnosis(
            "proxies",
            f"{server or 'a proxy'} is in front, and none is trusted",
            "every client has the proxy's address: limits count all of them together",
            "SCAPI_TRUSTED_PROXIES=1",
        )
    else:
        yield Diagnosis(
            "proxies",
            "none is in front, and one is trusted",
            "a client can claim any address with X-Forwarded-For",
            "SCAPI_TRUSTED_PROXIES=0",
        )
