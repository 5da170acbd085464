"""Web servers on loopback for tests: normal, slow, endless and lying ones, with TLS or without."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Answer:
    """An ordinary answer."""

    body: bytes | str = b""
    type: str | None = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        body = self.body.encode() if isinstance(self.body, str) else self.body
        handler.send_response(self.status)
        if self.type:
            handler.send_header("Content-Type", self.type)
        for name, value in ({"Content-Length": str(len(body))} | self.headers).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


def redirect(to: str, status: int = 302) -> Answer:
    """A redirect."""
    return Answer(status=status, headers={"Location": to})


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Accept the connection and send nothing, for longer than any client should wait."""
    time.sleep(20)


def slow_header(handler: BaseHTTPRequestHandler) -> None:
    """Send the header byte by byte: each single read succeeds soon."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Padding: ")
    for _ in range(200):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def slow_body(handler: BaseHTTPRequestHandler) -> None:
    """Send a title at once and the rest byte by byte."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>the beginning</title>")
    for _ in range(200):
        handler.wfile.write(b"x")
        time.sleep(0.1)


def endless_body(handler: BaseHTTPRequestHandler) -> None:
    """Send a title and then paragraphs without end, as fast as possible."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>endless</title>")
    while True:
        handler.wfile.write(b"<p>more and more</p>" * 1000)


def endless_header(handler: BaseHTTPRequestHandler) -> None:
    """Send header fields without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-More: and more\r\n" * 1000)


def endless_interim(handler: BaseHTTPRequestHandler) -> None:
    """Send interim answers without end."""
    while True:
        handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10)
        time.sleep(0.05)


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    """Announce more bytes than are sent."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<title>cut</title>")


def no_http(handler: BaseHTTPRequestHandler) -> None:
    """Speak another protocol."""
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")


@dataclass
class Site:
    """A running web server: its answers by path, and the requests that it got."""

    port: int
    scheme: str = "http"
    answers: dict[str, Behaviour] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def put(self, path: str, answer: Behaviour | bytes | str) -> str:
        """Serve `answer` at `path` and return its URL."""
        self.answers[path] = Answer(answer) if isinstance(answer, bytes | str) else answer
        return self.url + path

    def asked_for(self, path: str) -> list[dict[str, str]]:
        """Return the headers of the requests for `path` (without a query)."""
        return [headers for found, headers in self.asked if found.partition("?")[0] == path]


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """Serve on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            self.close_connection = True
            answer = site.answers.get(self.path.partition("?")[0], Answer("<title>Not here</title>", status=404))
            with suppress(OSError):  # the client has closed the connection
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site = Site(server.server_address[1], "https" if tls else "http")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts of a server whose certificate is for `names`, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
