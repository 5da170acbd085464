"""gunicorn's worker: its threads keep a busy connection, and its start checks the database's schema."""

import mmap
import select
import socket
import sys
import time
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

from scapi.server import TRY_AGAIN

LINGER = 5
"""Milliseconds that a thread waits for a connection's next request, if no other connection waits for a thread."""


PAUSE = 1.0
"""Seconds between a worker that could not start and the next try, so that tries do not take up a processor."""


class ScapiWorker(ThreadWorker):
    """gunicorn's threaded worker. A thread returns a connection to the main loop only when its client pauses.

    The way through the main loop to another thread takes longer than reading a request, so a client that sends chunk
    after chunk skips it (docs/performance.md).
    """

    number = 0
    """The lowest number that no other living worker has; see `pre_fork`."""

    _server_has_served = mmap.mmap(-1, 1)
    """Shared by the master and all its workers: 1 as soon as one of them has loaded the application."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """The master creates a worker before the fork, so both processes share this byte of memory."""
        super().__init__(*arguments, **options)
        self._ready = mmap.mmap(-1, 1)

    @property
    def is_ready(self) -> bool:
        """Whether the worker has loaded the application; the master can call this, too."""
        return self._ready[0] == 1

    def load_wsgi(self) -> None:
        """Load the application and check its schema. If that fails, stop the server only if it has never served.

        After that a failure may be temporary, such as a disk that is full or read-only; the other workers serve.
        """
        try:
            super().load_wsgi()
            _check_schema(self.wsgi)
        except BaseException as error:
            if self._server_has_served[0] == 0:
                raise
            if not isinstance(error, SystemExit):  # code that raises SystemExit has written the reason
                self.log.exception("Exception while loading the application")
            self.log.error("This worker could not start; it is tried again if it is needed.")  # noqa: TRY400 - see above
            time.sleep(PAUSE)
            sys.exit(TRY_AGAIN)

    def run(self) -> None:
        self._ready[0] = self._server_has_served[0] = 1
        super().run()

    @property
    def worker_connections(self) -> int:
        """The limit of connections, above which the worker accepts no more: 0 while all of its threads are busy.

        gunicorn's own worker would accept connections that wait for a thread, although another worker may have a free
        one.
        """
        return self._most_connections if self._has_threads_to_spare(more=1) else 0

    @worker_connections.setter
    def worker_connections(self, most: int) -> None:
        self._most_connections = most

    def handle(self, conn: Any) -> Any:
        """Answer a request of the connection, and those that follow at once. Returns what gunicorn's method returns."""
        goes_on = super().handle(conn)
        while goes_on is True and self._has_threads_to_spare() and _is_readable(conn.sock, LINGER):
            goes_on = super().handle(conn)
        return goes_on

    def _has_threads_to_spare(self, more: int = 0) -> bool:
        busy = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return bool(busy + more <= self.cfg.threads)


def _check_schema(application: Any) -> None:
    """End this process if the database does not have the schema that the application needs."""
    from flask import Flask  # in a worker: the master must not import the application's modules

    from scapi.database import readiness

    if not isinstance(application, Flask):
        return
    try:
        readiness.check_schema(application)
    except readiness.SchemaOutdated as error:
        sys.stderr.write(f"scapi cannot start: {error}\n")
        sys.exit(Arbiter.APP_LOAD_ERROR)


def _is_readable(connection: socket.socket, milliseconds: int) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(milliseconds))
