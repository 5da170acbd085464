"""A proxy on loopback between S3Backend and a server, which answers some requests itself or closes the connection."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HANG_UP = -1
"""Used as the status of a missing answer: the connection is closed."""

CUT_SHORT = -2
"""Used as the status of an answer that breaks off in the middle of its body."""

Choose = Callable[[str, str], "int | tuple[int, str] | None"]
"""Takes method and path; returns the answer (a status, or a status with S3's code), or None: pass the request on."""


def puts(part: str, answer: int | tuple[int, str]) -> Choose:
    """Answer every PUT with `part` in its path with `answer`."""
    return lambda method, path: answer if method == "PUT" and part in path else None


@dataclass
class Proxy:
    """Its URL, the requests that it got (`GET /bucket/key?query`), and what to do with them."""

    url: str
    choose: Choose = lambda _method, _path: None
    seen: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            return
        proxy = self.server.proxy
        proxy.seen.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chosen = proxy.choose(self.command, self.path)
        if chosen == HANG_UP:
            self.close_connection = True
            return
        if chosen is None or chosen == CUT_SHORT:
            self._pass_on(body, cut_short=chosen == CUT_SHORT)
        else:
            status, code = chosen if isinstance(chosen, tuple) else (chosen, "InternalError")
            self._answer(status, [], f"<Error><Code>{code}</Code><Message>made up</Message></Error>".encode())

    def _pass_on(self, body: bytes, *, cut_short: bool) -> None:
        upstream = http.client.HTTPConnection(*self.server.target)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() != "expect":
                upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        headers = [one for one in answer.getheaders() if one[0].lower() not in ("transfer-encoding", "connection")]
        self._answer(answer.status, headers, content[: len(content) // 2] if cut_short else content)

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers) and status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def handle_expect_100(self) -> bool:
        self.send_response_only(100)
        self.end_headers()
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy
    target: tuple[str, int]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: in these tests clients close connections on purpose."""


@contextmanager
def fault_proxy(url: str) -> Iterator[Proxy]:
    """Yield a proxy to the server at `url`, which is plain HTTP."""
    parts = urlsplit(url)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.target = (parts.hostname or "", parts.port or 80)
        server.proxy = Proxy(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.proxy
        finally:
            server.shutdown()
            thread.join()
