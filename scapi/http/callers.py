"""Identifies the client of a request for limits: by its user, or by its address."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from scapi.http import auth
from scapi.settings import settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

IPV6_PREFIX = 64
"""The bits of an IPv6 address that identify a site, which may use all addresses with this prefix (RFC 6177)."""

DIGEST_SIZE = 16

_ADDRESS = re.compile(
    r"(?P<v4>[0-9.]+)(:[0-9]*)?|\[?(?P<v6>[0-9a-f:.]*:[0-9a-f:.]*(%[^\]]*)?)(\](:[0-9]*)?)?", re.ASCII | re.IGNORECASE
)


def trust_proxies(app: Flask, count: int) -> None:
    """Take the client's address, scheme and host from the `count` proxies in front (`SCAPI_TRUSTED_PROXIES`)."""
    if count:
        client = _Client(app.wsgi_app)
        app.wsgi_app = ProxyFix(client, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


class _Client:
    """Reads the address that a proxy named; if it cannot be parsed, the proxy's own address counts."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        named = address_in(environ.get("REMOTE_ADDR", ""))
        proxy = environ["werkzeug.proxy_fix.orig"]["REMOTE_ADDR"] or ""
        environ["REMOTE_ADDR"] = str(named) if named else proxy
        return self._app(environ, start_response)


def address_in(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address in the forms of proxies: 192.0.2.7, 192.0.2.7:5678, 2001:db8::7, [2001:db8::7]:5678."""
    written = _ADDRESS.fullmatch(text.strip(' "'))
    try:
        return ip_address((written["v4"] or written["v6"]).partition("%")[0]) if written else None
    except ValueError:
        return None


def who() -> str:
    """Return the name of the request's client: the user, or without a token the network."""
    user_id = auth.current_user_id()
    return f"address:{network()}" if user_id is None else f"user:{user_id}"


def network() -> str:
    """Return the request's address, for IPv6 its first 64 bits. Behind proxies: see `SCAPI_TRUSTED_PROXIES`."""
    return network_of(request.remote_addr or "")


def network_of(address: str) -> str:
    """Return the IPv4 address or IPv6 network that counts as one client; an empty text for an invalid address."""
    parsed = address_in(address)
    if parsed is None:
        return ""
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed, IPV6_PREFIX), strict=False))


def network_digest() -> bytes:
    """Return `digest_of` the address of the request."""
    return digest_of(request.remote_addr or "")


def digest_of(address: str) -> bytes:
    """Return a keyed hash of the address's network: the database stores no address, as it is personal data."""
    key = settings.server_key.encode()
    return hmac.digest(key, b"address:" + network_of(address).encode(), hashlib.sha256)[:DIGEST_SIZE]
