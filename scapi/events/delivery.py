"""Delivers events: one POST per event and URL, within a deadline, without following redirects."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from urllib.parse import urlsplit

import httpcore

from scapi.events import outbox, signing
from scapi.events.models import Delivery
from scapi.previews.deadlines import Deadline, DeadlineBackend
from scapi.settings import ConfigurationError, Settings, settings

SECONDS = 15
"""Seconds that one attempt may take, without name resolution; well below the outbox's lease."""

BATCH = 1000
"""The most deliveries that housekeeping tries in one run."""

USER_AGENT = f"scapi/{version('scapi')} (webhook)"

_BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError)


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many deliveries were tried, and how many of them arrived."""

    tried: int
    arrived: int


def check(settings: Settings) -> None:
    """Check the settings. Raises ConfigurationError."""
    urls = settings.webhook_urls
    for number, url in enumerate(urls, 1):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii() or parts.username:
            # not the URL itself: it may contain a secret, such as the password that is refused here
            raise ConfigurationError(
                f"SCAPI_WEBHOOK_URLS: number {number} is not an http or https URL without a user name"
            )
    try:
        keys = signing.keys(settings.webhook_secret)
    except ValueError as error:
        raise ConfigurationError(f"SCAPI_WEBHOOK_SECRET: {error}") from error
    if urls and not settings.public_url:
        raise ConfigurationError(
            "SCAPI_PUBLIC_URL is not set, and SCAPI_WEBHOOK_URLS is: the URLs in an event would follow a client's Host"
        )
    if urls and not keys:
        raise ConfigurationError(
            "SCAPI_WEBHOOK_SECRET is not set, and SCAPI_WEBHOOK_URLS is; make one by: "
            'echo "whsec_$(openssl rand -base64 32)"'
        )


def deliver_due(stopped: Callable[[], bool]) -> bool:
    """Run housekeeping's job once; return whether more may be due."""
    return run(BATCH, stopped).arrived == BATCH


def run(limit: int, stopped: Callable[[], bool] = lambda: False) -> Delivered:
    """Try at most `limit` due deliveries. If a URL fails, its other deliveries are left to the next run."""
    tried = arrived = 0
    away = set()
    for delivery_id, url in outbox.due(limit):
        if stopped():
            break
        delivery = None if url in away else outbox.claim(delivery_id)
        if delivery is None:
            continue
        tried += 1
        if _deliver(delivery):
            arrived += 1
        else:
            away.add(url)
    return Delivered(tried, arrived)


def _deliver(delivery: Delivery) -> bool:
    """Try a claimed delivery; return whether it arrived."""
    if delivery.url not in settings.webhook_urls:
        outbox.give_up(delivery, "SCAPI_WEBHOOK_URLS does not name this URL any more")
        return False
    try:
        status = _post(delivery)
    except _BROKEN as error:
        outbox.put_off(delivery, f"{type(error).__name__}: {error}")
        return False
    if 200 <= status < 300:
        outbox.delivered(delivery)
        return True
    outbox.put_off(delivery, f"it answered {status}")
    return False


def _post(delivery: Delivery) -> int:
    """Send the event and return the status of the answer; its body is not read."""
    body = delivery.body.encode()
    signed = signing.headers(delivery.event_id, int(time.time()), body, settings.webhook_secret)
    headers = [
        ("Host", urlsplit(delivery.url).netloc),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("User-Agent", USER_AGENT),
        ("Connection", "close"),
        *signed.items(),
    ]
    url = httpcore.URL(delivery.url)
    ssl_context = _ssl_context()
    connection = httpcore.HTTPConnection(
        url.origin, ssl_context, network_backend=DeadlineBackend(Deadline.after(SECONDS))
    )
    with connection, connection.stream("POST", url, headers=headers, content=body) as response:
        return response.status


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return an SSL context with the usual root certificates. Reading these takes a moment."""
    return httpcore.default_ssl_context()
