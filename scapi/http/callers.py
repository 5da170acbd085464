"""Whom a request counts for where something is limited: its user, or the address that it came from."""

import hashlib
import hmac
from ipaddress import IPv6Address, ip_address, ip_network

from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

from scapi.http import auth
from scapi.settings import settings

IPV6_PREFIX = 64
"""Bits of an IPv6 address that name a household: it may use any address behind them (RFC 6177)."""

DIGEST_SIZE = 16


def trust_proxies(app: Flask, count: int) -> None:
    """Take the client's address, scheme and host from the `count` proxies in front (`SCAPI_TRUSTED_PROXIES`)."""
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def who() -> str:
    """Return the name of who is asking: the user, or the network of somebody without a token."""
    user_id = auth.current_user_id()
    return f"address:{network()}" if user_id is None else f"user:{user_id}"


def network() -> str:
    """Return the address of the request, of IPv6 its first 64 bits. Behind proxies: see `SCAPI_TRUSTED_PROXIES`."""
    return network_of(request.remote_addr or "")


def network_of(address: str) -> str:
    """Return what counts as one: an IPv4 address, an IPv6 network; anything else (a socket has no address) as it is."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed, IPV6_PREFIX), strict=False))


def network_digest() -> bytes:
    """Return `digest_of` the address of the request."""
    return digest_of(request.remote_addr or "")


def digest_of(address: str) -> bytes:
    """Return a keyed hash of the address's network: what the database may keep, as an address is personal data."""
    key = settings.jwt_secret.encode()
    return hmac.digest(key, b"address:" + network_of(address).encode(), hashlib.sha256)[:DIGEST_SIZE]
