"""Rate limits by client, for four groups of requests, by Flask-Limiter. Without a limit nothing runs."""

import time
from typing import Any

from flask import Flask, Response, request
from flask_limiter import ApplicationLimit, Limiter, RateLimitExceeded, RequestLimit
from limits import parse_many
from limits.errors import ConfigurationError as StorageConfigurationError

from scapi.http import callers, errors
from scapi.refusals import Refused
from scapi.settings import ConfigurationError, Settings

GROUPS = {
    "uploads.upload_chunk": "SCAPI_RATE_LIMIT_CHUNKS",
    "resumable.extend": "SCAPI_RATE_LIMIT_CHUNKS",
    "tus.create": "SCAPI_RATE_LIMIT_CHUNKS",
    "tus.append_bytes": "SCAPI_RATE_LIMIT_CHUNKS",
    "tus.override": "SCAPI_RATE_LIMIT_CHUNKS",
    "media.complete_upload": "SCAPI_RATE_LIMIT_COMPLETES",
    "media.create_media": "SCAPI_RATE_LIMIT_PREVIEWS",
    "media.update_media": "SCAPI_RATE_LIMIT_PREVIEWS",
    "media.partial_update_media": "SCAPI_RATE_LIMIT_PREVIEWS",
}
"""The setting that limits an endpoint. All endpoints of one setting are counted together."""

OTHERS = "SCAPI_RATE_LIMIT_OTHERS"

BLUEPRINTS = ("uploads", "media", "tag", "tus", "resumable")
"""The limited blueprints. Files of media, of which a page may show a hundred, and the documentation are not limited."""

REDIS_TIMEOUT = 1
"""Seconds that Redis may take: a request waits for it."""


def set_up(app: Flask, settings: Settings) -> None:
    """Limit requests as the settings say. Call it after `auth.register`. Raises ConfigurationError."""
    rates = {name: rate for name in (*GROUPS.values(), OTHERS) if (rate := settings.by_name()[name])}
    if not rates:
        return
    for name, rate in rates.items():
        try:
            parse_many(rate)
        except ValueError as error:
            raise ConfigurationError(f"{name}={rate}: expected something like 600/minute; 10000/day") from error
    limit = ApplicationLimit(
        limit_provider=lambda: rates.get(_group(), ""),
        scope=lambda _endpoint: _group(),
        exempt_when=lambda: request.method == "OPTIONS",  # a preflight is not a request of the page
    )
    uri = settings.rate_limit_storage
    timeouts: dict[str, Any] = {"socket_timeout": REDIS_TIMEOUT, "socket_connect_timeout": REDIS_TIMEOUT}
    try:
        Limiter(
            callers.who,
            app=app,
            application_limits=[limit],
            strategy="fixed-window",
            storage_uri=uri,
            storage_options={} if uri.startswith("memory:") else timeouts,
            key_prefix="scapi",
            in_memory_fallback_enabled=True,  # each process counts for itself while Redis is away
            on_breach=_answer,
        )
    except (StorageConfigurationError, ValueError):  # their messages may contain the whole URL, with a password
        scheme = uri.partition(":")[0]
        raise ConfigurationError(
            f"SCAPI_RATE_LIMIT_STORAGE: no storage of the kind {scheme!r} is available; "
            "expected memory:// or redis://host:6379"
        ) from None
    app.register_error_handler(RateLimitExceeded, lambda exceeded: exceeded.get_response())


def _group() -> str:
    """Return the setting that limits the current request; an empty string if none does."""
    if request.blueprint not in BLUEPRINTS:
        return ""
    return GROUPS.get(request.endpoint or "", OTHERS)


def _answer(limit: RequestLimit) -> Response:
    seconds = max(1, round(limit.reset_at - time.time()))
    message = f"too many requests: {limit.limit} are allowed; try again in {seconds} seconds"
    return errors.refused(Refused("rate_limited", message, retry_after=seconds))
