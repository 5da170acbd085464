"""The only door to the outside: one GET, to checked addresses only, within a deadline.

A name is resolved once and the connection goes to the addresses that were checked: a second lookup, which could say
something else, does not happen. httpcore speaks HTTP and knows no cookies, no redirects, and no proxies or passwords
from the environment.
"""

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from importlib.metadata import version
from ipaddress import ip_address
from typing import Any

import httpcore

from scapi.previews import encodings
from scapi.previews.addresses import Forbidden, IPAddress, Rules, Target
from scapi.previews.deadlines import Deadline, DeadlineStream

MAX_REDIRECTS = 3
MAX_ADDRESSES = 4
"""Addresses of one name that are tried."""

MAX_CONTENT_TYPE = 1000
"""Characters that are read of a Content-Type header, which takes time by the square of its length."""

USER_AGENT = f"scapi/{version('scapi')} (link preview)"

GONE = (404, 410)
REDIRECTS = (301, 302, 303, 307, 308)

Resolve = Callable[[str], list[IPAddress]]
Connect = Callable[[str, int, float], httpcore.NetworkStream]


class Unreachable(Exception):
    """What was asked for cannot be had now."""


class Unwanted(Exception):
    """There is an answer, but it is not what was asked for, and will hardly become it."""


FAILURES = (Forbidden, Unreachable, Unwanted)

_BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: the Accept header, how the types that are taken begin (none: all), the most bytes."""

    accept: str
    types: tuple[str, ...]
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: where it came from in the end, what its header says, and its first bytes, decompressed."""

    target: Target
    mimetype: str
    charset: str | None
    body: bytes
    complete: bool
    """Whether `body` is all there is: neither cut at the limit nor by the deadline."""


def resolve(host: str) -> list[IPAddress]:
    """Return the addresses that the system's resolver knows for `host`. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def connect(address: str, port: int, timeout: float) -> httpcore.NetworkStream:
    """Open a connection to an address. Raises httpcore's exceptions."""
    return httpcore.SyncBackend().connect_tcp(address, port, timeout)


@dataclass(frozen=True)
class Fetcher:
    """Fetches what the rules allow. `resolve` and `connect` are the only functions that reach the network."""

    rules: Rules
    resolve: Resolve = resolve
    connect: Connect = connect
    ssl_context: ssl.SSLContext = field(default_factory=httpcore.default_ssl_context)

    def get(self, url: str, wanted: Wanted, deadline: Deadline) -> Fetched:
        """Return what is at `url`. Raises Forbidden, Unreachable or Unwanted.

        An answer whose header came in time and whose body did not is returned as far as it came.
        """
        target = self.rules.parse(url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._get(target, wanted, deadline)
            if isinstance(answer, Fetched):
                return answer
            target = self.rules.parse(target.join(answer))
        raise Unreachable("too many redirects")

    def _get(self, target: Target, wanted: Wanted, deadline: Deadline) -> Fetched | str:
        """Return the answer, or where it redirects to."""
        backend = _Backend(self._addresses(target, deadline), self.connect, deadline)
        origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
        headers: dict[bytes | str, bytes | str] = {
            "Host": target.authority,
            "Accept": wanted.accept,
            "Accept-Encoding": encodings.ACCEPTED,
            "User-Agent": USER_AGENT,
            "Connection": "close",
        }
        url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target.path)
        connection = httpcore.HTTPConnection(origin, self.ssl_context, network_backend=backend)
        try:
            with connection, connection.stream("GET", url, headers=headers) as response:
                return _answer(target, response, wanted)
        except (*_BROKEN, encodings.BadEncoding) as error:
            raise Unreachable(str(error)) from error

    def _addresses(self, target: Target, deadline: Deadline) -> list[IPAddress]:
        addresses = [target.address] if target.address else _in_time(lambda: self.resolve(target.host), deadline)
        if not addresses:
            raise Unreachable("the name has no address")
        self.rules.check(addresses, target.host)
        return addresses[:MAX_ADDRESSES]


def _in_time(ask: Callable[[], list[IPAddress]], deadline: Deadline) -> list[IPAddress]:
    """Return what `ask` returns. The system's resolver knows no timeout: it is left behind when the time is over."""
    answers: queue.SimpleQueue[list[IPAddress]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except (OSError, ValueError):  # ValueError: what the resolver's own name encoding does not take
            answers.put([])

    threading.Thread(target=run, daemon=True, name="resolver").start()
    try:
        return answers.get(timeout=deadline.left)
    except queue.Empty:
        raise Unreachable("the name was not resolved in time") from None


def _answer(target: Target, response: httpcore.Response, wanted: Wanted) -> Fetched | str:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    if response.status in REDIRECTS and "location" in headers:
        # servers write the path's bytes as they are, which is UTF-8 where it is anything
        return headers["location"].encode("latin-1").decode("utf-8", "replace")
    if response.status in GONE:
        raise Unwanted(f"status {response.status}")
    if response.status != 200:
        raise Unreachable(f"status {response.status}")
    mimetype, charset = _content_type(headers.get("content-type", ""))
    if mimetype and wanted.types and not mimetype.startswith(wanted.types):
        raise Unwanted(f"its type is {mimetype}")
    body, complete = _read(response.iter_stream(), headers.get("content-encoding", ""), wanted.max_bytes)
    return Fetched(target, mimetype, charset, body, complete)


def _read(chunks: Iterable[bytes], encoding: str, most: int) -> tuple[bytes, bool]:
    """Return at most `most` bytes, decompressed, and whether that is all."""
    decoder = encodings.decoder(encoding)
    body = bytearray()
    try:
        for chunk in chunks:
            for part in decoder.decode(chunk, most + 1):
                body += part
                if len(body) > most:
                    return bytes(body[:most]), False
    except (*_BROKEN, encodings.BadEncoding):
        return bytes(body), False
    return bytes(body), True


def _content_type(value: str) -> tuple[str, str | None]:
    header = Message()
    header["Content-Type"] = value[:MAX_CONTENT_TYPE]
    charset = header.get_param("charset")
    return header.get_content_type() if value else "", charset if isinstance(charset, str) else None


class _Backend(httpcore.NetworkBackend):
    """Connects to the checked addresses, whatever the host is called, and holds every step to the deadline."""

    def __init__(self, addresses: list[IPAddress], open_: Connect, deadline: Deadline) -> None:
        self._addresses = addresses
        self._open = open_
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        for timeout, address in self._attempts():
            try:
                return DeadlineStream(self._open(str(address), port, timeout), self._deadline)
            except _BROKEN:
                continue
        raise httpcore.ConnectError(f"{host} cannot be reached")

    def _attempts(self) -> Iterator[tuple[float, IPAddress]]:
        """Yield each address with its share of the time."""
        for done, address in enumerate(self._addresses):
            timeout = self._deadline.left / (len(self._addresses) - done)
            if timeout > 0:
                yield timeout, address
