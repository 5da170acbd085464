"""A daemon that speaks clamd's protocol (clamd(8): zINSTREAM) and knows one virus: the EICAR test file.

The real daemon needs signatures, which it downloads.
"""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass
class Clamd:
    """The files that it has scanned, and its `StreamMaxLength`."""

    address: str
    scanned: list[bytes] = field(default_factory=list)
    most: int = 10_000_000


@contextmanager
def clamd(address: str) -> Iterator[Clamd]:
    """Listen at a socket's path, or at `127.0.0.1:0` for a free port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if self.rfile.read(10) != b"zINSTREAM\0":
                self.wfile.write(b"UNKNOWN COMMAND\0")
                return
            data = b""
            while size := struct.unpack("!I", self.rfile.read(4))[0]:
                if len(data) + size > daemon.most:
                    self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                    return
                data += self.rfile.read(size)
            daemon.scanned.append(data)
            self.wfile.write(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0")

    class TCP(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    class Unix(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True
        block_on_close = False

    host, colon, port = address.rpartition(":")
    server = TCP((host, int(port)), Handler) if colon else Unix(address, Handler)
    daemon = Clamd(f"{host}:{server.server_address[1]}" if colon else address)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield daemon
    finally:
        server.shutdown()
        server.server_close()
        if not colon:
            Path(address).unlink()
