"""A network between scapi and PostgreSQL that can become silent: nothing is refused, nothing is answered."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Thread

from sqlalchemy.engine import make_url


class Door:
    """A TCP proxy to PostgreSQL's socket that can stop passing bytes on, without closing connections."""

    def __init__(self, url: str) -> None:
        self._socket = f"{make_url(url).query['host']}/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        port = self._listener.getsockname()[1]
        self.url = make_url(url).set(host="127.0.0.1", port=port, query={}).render_as_string()
        self.is_silent = False
        self.entered: list[socket.socket] = []
        self._open = [self._listener]
        self._threads = [Thread(target=self._serve)]
        self._threads[0].start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.entered.append(client)
            if not self.is_silent:
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._socket)
                self._open.append(server)
                for ends in ((client, server), (server, client)):
                    self._threads.append(Thread(target=self._pass_on, args=ends))
                    self._threads[-1].start()

    def _pass_on(self, from_end: socket.socket, to_end: socket.socket) -> None:
        with suppress(OSError):
            while (data := from_end.recv(65536)) and not self.is_silent:
                to_end.sendall(data)
            if not self.is_silent:
                to_end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for one in (*self._open, *self.entered):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in (*self._open, *self.entered):
            one.close()
