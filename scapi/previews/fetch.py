"""The only way to fetch from the web: one GET, to checked addresses only, within a deadline.

A name is resolved once, and the connection goes to the checked addresses. There is no second lookup, which could return
others. httpcore speaks HTTP; it follows no redirects and reads no proxies or passwords from the environment. A cookie
is sent back only if the page otherwise redirects in a circle, and is forgotten afterwards.
"""

import queue
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from ipaddress import ip_address
from string import printable
from typing import Any
from urllib.parse import quote_from_bytes

import httpcore

from scapi.previews import encodings
from scapi.previews.addresses import Forbidden, IPAddress, Rules, Target
from scapi.previews.deadlines import Deadline, DeadlineStream
from scapi.previews.heads import ForgivingStream

MAX_REDIRECTS = 5
MAX_ADDRESSES = 4
"""The most addresses of one name to try."""

MAX_CONTENT_TYPE = 1000
"""The most characters to read of a Content-Type header."""

MAX_COOKIES = 4096
"""The most characters of a page's cookies."""

FOUND = (200, 203, 206)
GONE = (404, 410)
REDIRECTS = (301, 302, 303, 307, 308)

Resolve = Callable[[str], list[IPAddress]]
Connect = Callable[[str, int, float], httpcore.NetworkStream]


class Unreachable(Exception):
    """The URL cannot be fetched now."""


class Unwanted(Exception):
    """The answer is not what was requested, and trying again will hardly change that."""


FAILURES = (Forbidden, Unreachable, Unwanted)

_BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError)


_CHARSET = re.compile(r"charset\s{0,9}=[\s\"']{0,9}([a-zA-Z0-9_:.-]{2,40})", re.IGNORECASE)
_COOKIE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,200})=([!-:<-~]{0,2000})(?:;|$)")


def user_agent(contact: str) -> str:
    """Return scapi's User-Agent. It begins like a browser's, because many servers answer nothing else."""
    return f"Mozilla/5.0 (compatible; scapi/{version('scapi')}; {f'+{contact}' if contact else 'link preview'})"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to request: the Accept header, and the media types to read up to `max_bytes` (empty: all types).

    Of other types only the first `other_bytes` are read, to detect their type; None: they are refused.
    """

    accept: str
    types: tuple[str, ...]
    max_bytes: int
    other_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: its final URL, its headers, and its first bytes, decompressed."""

    target: Target
    mimetype: str
    charset: str | None
    body: bytes
    complete: bool
    """Whether `body` is complete: not cut off by the size limit or the deadline."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers by their names in lower case."""


def resolve(host: str) -> list[IPAddress]:
    """Return the addresses of `host` from the system's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


def connect(address: str, port: int, timeout: float) -> httpcore.NetworkStream:
    """Open a connection to an address. Raises httpcore's exceptions."""
    return httpcore.SyncBackend().connect_tcp(address, port, timeout)


@cache
def _ssl_context() -> ssl.SSLContext:
    """Return an SSL context with the usual root certificates. Reading these takes a moment."""
    return httpcore.default_ssl_context()


@dataclass(frozen=True)
class Fetcher:
    """Fetches URLs that the rules allow. Only the functions `resolve` and `connect` access the network."""

    rules: Rules
    resolve: Resolve = resolve
    connect: Connect = connect
    ssl_context: ssl.SSLContext | None = None
    """None: with the usual root certificates."""

    user_agent: str = user_agent("")
    language: str = "en"
    """The Accept-Language header."""

    def get(self, url: str, wanted: Wanted, deadline: Deadline) -> Fetched:
        """Fetch `url`. Raises Forbidden, Unreachable or Unwanted.

        If the headers arrive in time and the body does not, the received part of the body is returned.
        """
        target = self.rules.parse(url)
        visited: set[str] = set()
        cookies: dict[str, dict[str, str]] = {}
        for _ in range(MAX_REDIRECTS + 1):
            again = target.url in visited
            visited.add(target.url)
            known = cookies.setdefault(target.host, {})
            answer = self._get(target, wanted, deadline, known if again else {})
            if isinstance(answer, Fetched):
                return answer
            known.update(answer.cookies)
            target = self.rules.parse(target.join(answer.to))
        raise Unreachable("too many redirects")

    def _get(
        self, target: Target, wanted: Wanted, deadline: Deadline, cookies: Mapping[str, str]
    ) -> "Fetched | _Redirect":
        backend = _Backend(self._addresses(target, deadline), self.connect, deadline)
        origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
        headers: dict[bytes | str, bytes | str] = {
            "Host": target.authority,
            "Accept": wanted.accept,
            "Accept-Language": self.language,
            "Accept-Encoding": encodings.ACCEPTED,
            "User-Agent": self.user_agent,
            "Connection": "close",
        }
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())[:MAX_COOKIES]
        url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target.path)
        connection = httpcore.HTTPConnection(origin, self.ssl_context or _ssl_context(), network_backend=backend)
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
    """Run `ask` in a thread, until the deadline. The system's resolver has no timeout; a late one is abandoned."""
    answers: queue.SimpleQueue[list[IPAddress]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put(ask())
        except (OSError, ValueError):  # ValueError: the resolver cannot encode the name
            answers.put([])

    threading.Thread(target=run, daemon=True, name="resolver").start()
    try:
        return answers.get(timeout=deadline.left)
    except queue.Empty:
        raise Unreachable("the name was not resolved in time") from None


@dataclass(frozen=True, slots=True)
class _Redirect:
    to: str
    cookies: Mapping[str, str]


def _answer(target: Target, response: httpcore.Response, wanted: Wanted) -> Fetched | _Redirect:
    fields = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers]
    headers: dict[str, str] = {}
    for name, value in fields:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if response.status in REDIRECTS and "location" in headers:
        found = (_COOKIE.match(value) for name, value in fields if name == "set-cookie")
        return _Redirect(_location(headers["location"]), {cookie[1]: cookie[2] for cookie in found if cookie})
    if response.status in GONE:
        raise Unwanted(f"status {response.status}")
    if response.status not in FOUND:
        raise Unreachable(f"status {response.status}")
    mimetype, charset = _content_type(headers.get("content-type", ""))
    most = wanted.max_bytes
    if mimetype and wanted.types and not mimetype.startswith(wanted.types):
        if wanted.other_bytes is None:
            raise Unwanted(f"its type is {mimetype}")
        most = wanted.other_bytes
    body, complete = _read(response.iter_stream(), headers.get("content-encoding", ""), most)
    return Fetched(target, mimetype, charset, body, complete, headers)


def _location(value: str) -> str:
    """Return the target of a Location header. Servers send the bytes of a path unquoted, mostly as UTF-8."""
    raw = value.encode("latin-1")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return quote_from_bytes(raw, safe=printable)


def _read(chunks: Iterable[bytes], encoding: str, most: int) -> tuple[bytes, bool]:
    """Return at most `most` decompressed bytes, and whether they are the whole body."""
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
    """Return media type and charset of a Content-Type header. Some servers send them twice or in quotes."""
    charset = _CHARSET.search(value[:MAX_CONTENT_TYPE])
    mimetype = re.split(r"[;,\s]", value[:MAX_CONTENT_TYPE].strip(), maxsplit=1)[0].lower()
    return mimetype, charset[1] if charset else None


class _Backend(httpcore.NetworkBackend):
    """Connects only to the checked addresses, for any host name, and keeps every step within the deadline."""

    def __init__(self, addresses: list[IPAddress], open_: Connect, deadline: Deadline) -> None:
        self._addresses = addresses
        self._open = open_
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        for timeout, address in self._attempts():
            try:
                return ForgivingStream(DeadlineStream(self._open(str(address), port, timeout), self._deadline))
            except _BROKEN:
                continue
        raise httpcore.ConnectError(f"{host} cannot be reached")

    def _attempts(self) -> Iterator[tuple[float, IPAddress]]:
        """Yield each address with its share of the time."""
        for done, address in enumerate(self._addresses):
            timeout = self._deadline.left / (len(self._addresses) - done)
            if timeout > 0:
                yield timeout, address
