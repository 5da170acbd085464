"""A service on loopback that receives webhooks."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

PUBLIC = "https://media.example.org"

SECRET = "whsec_" + "c2NhcGkgdGVzdHMgb25seSBrZXksIDMyIGJ5dGVzISE="


@dataclass
class Receiver:
    """What it received: every event with a valid signature, and the headers of every request."""

    url: str
    secret: str = SECRET
    status: int = 204
    refused: int = 0
    """Events with an invalid signature."""
    events: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None
    """What it does instead of answering `status`."""

    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    def has(self, number: int) -> bool:
        return len(self.events) == number

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers in self.headers]


@contextmanager
def receiving(secret: str = SECRET) -> Iterator[Receiver]:
    """Serve on a free port; signatures are verified by the library that receivers use."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                event = Webhook(receiver.secret).verify(body, headers)
            except WebhookVerificationError:
                receiver.refused += 1
                self.send_response(401)
                self.end_headers()
                return
            with lock:
                receiver.events.append(event)
                receiver.headers.append(headers)
            with suppress(OSError):  # the sender has closed the connection
                if receiver.answer:
                    receiver.answer(self)
                else:
                    self.send_response(receiver.status)
                    self.send_header("Location", f"{receiver.url}elsewhere")
                    self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    server = Server(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook?for=scapi", secret)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
