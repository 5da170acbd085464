"""An OpenID Connect provider on loopback: its keys, its tokens, and its JWKS server."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER = "https://login.example.org/realms/community"
AUDIENCE = "scapi"

KEYS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
"""One key per algorithm, made once: RSA takes a moment."""

OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


HOURS = 3
"""How long a token is valid. Some are made when the tests are collected, long before they are used."""


def jwk(kid: str, algorithm: str, key: Any = None, **more: Any) -> dict[str, Any]:
    """Return the public half of a key as in a JWKS."""
    public = (key or KEYS[algorithm]).public_key()
    maker = jwt.get_algorithm_by_name(algorithm)
    entry: dict[str, Any] = maker.to_jwk(public, as_dict=True)
    return {**entry, "kid": kid, "alg": algorithm, "use": "sig", **more}


def claims(**more: Any) -> dict[str, Any]:
    """Return the claims of a valid token with these changes; None removes a claim."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "iat": now, "exp": now + HOURS * 3600}
    return {name: value for name, value in {**good, **more}.items() if value is not None}


def signed(algorithm: str = "RS256", kid: str | None = None, key: Any = None, header: Any = None, **more: Any) -> str:
    """Return a token of the provider."""
    headers = {"kid": algorithm if kid is None else kid, **(header or {})}
    return jwt.encode(claims(**more), key or KEYS[algorithm], algorithm, headers=headers)


@dataclass
class Provider:
    """The answer of the JWKS server, and the number of requests to it."""

    url: str = ""
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    hold: threading.Event = field(default_factory=threading.Event)
    """An answer waits until this is set."""

    def __post_init__(self) -> None:
        self.hold.set()
        self.publish(*(jwk(algorithm, algorithm) for algorithm in KEYS))

    def publish(self, *keys: dict[str, Any]) -> None:
        """Publish these keys."""
        self.body = json.dumps({"keys": keys}).encode()


@contextmanager
def serving() -> Iterator[Provider]:
    """Serve a JWKS on loopback."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked += 1
            provider.hold.wait(30)
            self.send_response(provider.status)
            for name, value in provider.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(provider.body)
            except OSError:
                return  # the client has closed the connection

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_port}/jwks"
    try:
        yield provider
    finally:
        provider.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def bearer(text: str) -> dict[str, str]:
    """Return the header with a token."""
    return {"Authorization": f"Bearer {text}"}


def user(name: str, **more: Any) -> dict[str, str]:
    """Return the header of a user of the provider."""
    return bearer(signed(sub=name, **more))
