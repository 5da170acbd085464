"""The public keys of an OpenID Connect provider: a JSON Web Key Set (RFC 7517), at a URL or in a file."""

import json
import logging
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpcore
import jwt

from scapi.http import tokens
from scapi.previews.deadlines import Deadline, DeadlineBackend
from scapi.refusals import Refused

SECONDS = 2
"""The most seconds of one fetch in all."""

MAX_BYTES = 64 * 1024

PAUSE = 60
"""The least seconds between two fetches, even if many tokens name unknown keys."""

PAUSE_WITHOUT_KEYS = 5
"""The same while there is no key at all."""

MAX_AGE = 3600
"""Seconds after which keys are fetched again, so that a withdrawn key does not stay valid."""

MIN_RSA_BITS = 2048  # RFC 7518, section 3.3

ALGORITHMS = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
"""The only algorithm of a key, by its type and curve."""

log = logging.getLogger(__name__)


class KeysFailure(Exception):
    """The keys cannot be loaded now; the message says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and the only algorithm that it may be used with."""

    algorithm: str
    public: Any


Load = Callable[[], bytes]
"""Returns the raw bytes of a key set; raises KeysFailure."""


class Keys:
    """Keys that are loaded when a token names an unknown one, by one thread at a time."""

    def __init__(self, load: Load, clock: Callable[[], float] = monotonic) -> None:
        self._load = load
        self._clock = clock
        self._keys: Mapping[tuple[str | None, str], Key] = {}
        self._loaded = -float("inf")
        self._next = -float("inf")
        self._lock = threading.Lock()
        self._loading: threading.Event | None = None

    def find(self, kid: str | None, algorithm: str) -> Key:
        """Return the key with this name and algorithm. Raises Refused: 401 if it is unknown, 503 without any key."""
        key = self._found(kid, algorithm)
        if key is not None and self._clock() - self._loaded <= MAX_AGE:
            return key
        loading = self._refresh()
        if key is None and loading is not None:
            loading.wait(SECONDS + 0.5)
            key = self._found(kid, algorithm)
        if not self._keys:
            raise Refused(
                "keys_unavailable",
                "the keys of the login provider cannot be loaded right now; try again",
                retry_after=PAUSE_WITHOUT_KEYS,
            )
        if key is None:
            raise tokens.invalid("its key (kid) is not one of the provider's for its algorithm")
        return key

    def _found(self, kid: str | None, algorithm: str) -> Key | None:
        if kid is not None:
            return self._keys.get((kid, algorithm))
        fitting = [key for key in self._keys.values() if key.algorithm == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    def _refresh(self) -> threading.Event | None:
        """Start loading the keys, unless that was done just now; return the event that ends a running load."""
        with self._lock:
            if self._loading is None and self._clock() >= self._next:
                self._loading = threading.Event()
                threading.Thread(target=self._run, args=(self._loading,), name="jwks", daemon=True).start()
            return self._loading

    def _run(self, done: threading.Event) -> None:
        try:
            self._keys = {(kid, key.algorithm): key for kid, key in parse(self._load())} or self._keys
            self._loaded = self._clock()
        except KeysFailure as error:  # the last good keys stay
            log.warning("the keys of SCAPI_JWT_JWKS cannot be loaded: %s", error)
        finally:
            with self._lock:
                self._next = self._clock() + (PAUSE if self._keys else PAUSE_WITHOUT_KEYS)
                self._loading = None
            done.set()


def parse(data: bytes) -> Iterator[tuple[str | None, Key]]:
    """Yield the keys of a set that scapi can use, each with its name. Raises KeysFailure."""
    try:
        found = json.loads(data)["keys"]
        entries = [entry for entry in found if isinstance(entry, dict)]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise KeysFailure("it is not a JSON Web Key Set") from error
    for entry in entries:
        key = _key(entry)
        kid = entry.get("kid")
        if key is not None and (kid is None or isinstance(kid, str)):
            yield kid, key


def _key(entry: Mapping[str, Any]) -> Key | None:
    algorithm = ALGORITHMS.get((str(entry.get("kty")), None if entry.get("kty") == "RSA" else str(entry.get("crv"))))
    if algorithm is None or entry.get("alg", algorithm) != algorithm or entry.get("use", "sig") != "sig":
        return None
    operations = entry.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    public = {name: value for name, value in entry.items() if name in ("kty", "crv", "n", "e", "x", "y")}
    try:
        key = jwt.PyJWK(public, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        log.warning("a key of SCAPI_JWT_JWKS cannot be used: %s", error)
        return None
    return None if algorithm == "RS256" and key.key_size < MIN_RSA_BITS else Key(algorithm, key)


def loader(source: str) -> Load:
    """Return a function that loads the key set from a URL or a file. Raises ValueError for a forbidden source."""
    parts = urlsplit(source)
    if parts.scheme in ("http", "https") and parts.hostname:
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError("expected an https URL; http is for loopback only")
        return lambda: fetch(source)
    if "://" in source:
        raise ValueError("expected an https URL or the path of a file")
    return lambda: _read(Path(source))


def fetch(url: str) -> bytes:
    """Fetch `url` within SECONDS, at most MAX_BYTES, without following redirects. Raises KeysFailure."""
    target = httpcore.URL(url)
    headers = [
        ("Host", urlsplit(url).netloc.rpartition("@")[2]),
        ("User-Agent", f"scapi/{version('scapi')}"),
        ("Accept", "application/json"),
        ("Connection", "close"),
    ]
    backend = DeadlineBackend(Deadline.after(SECONDS))
    data = b""
    try:
        connection = httpcore.HTTPConnection(target.origin, _ssl_context(), network_backend=backend)
        with connection, connection.stream("GET", target, headers=headers) as response:
            if response.status != 200:
                raise KeysFailure(f"the answer is {response.status}")
            for block in response.iter_stream():
                data += block
                if len(data) > MAX_BYTES:
                    raise KeysFailure(f"there are more than {MAX_BYTES} bytes")
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
        raise KeysFailure(f"{type(error).__name__}: {error}") from error
    return data


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise KeysFailure(str(error)) from error
    if len(data) > MAX_BYTES:
        raise KeysFailure(f"there are more than {MAX_BYTES} bytes")
    return data


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return an SSL context with the usual root certificates. Reading these takes a moment."""
    return httpcore.default_ssl_context()
