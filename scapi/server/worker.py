"""gunicorn's worker: threads that keep a busy connection, and a start that checks the database's schema."""

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
"""Milliseconds that a thread waits for a connection's next request while no other connection wants the thread."""


PAUSE = 1.0
"""Seconds between a worker that could not start and the next try, so that tries do not take up a processor."""


class ScapiWorker(ThreadWorker):
    """gunicorn's worker with threads. Its main loop gets a connection back only when its client pauses.

    A client that sends chunk after chunk skips the way through the main loop and to another thread, which takes longer
    than to read the request (docs/performance.md).
    """

    number = 0
    """The lowest number that no other living worker has; see `pre_fork`."""

    _server_has_served = mmap.mmap(-1, 1)
    """Shared by the master and all its workers: 1 as soon as one of them has loaded the application."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """The master makes a worker before it forks, so both processes see the same byte of memory."""
        super().__init__(*arguments, **options)
        self._ready = mmap.mmap(-1, 1)

    @property
    def is_ready(self) -> bool:
        """Whether the worker has loaded the application; the master may ask, too."""
        return self._ready[0] == 1

    def load_wsgi(self) -> None:
        """Load the application and check its schema. If that fails, only a server that never served is stopped.

        What has worked once may work again: a disk that is full or read-only now is mended, and others serve meanwhile.
        """
        try:
            super().load_wsgi()
            _check_schema(self.wsgi)
        except BaseException as error:
            if self._server_has_served[0] == 0:
                raise
            if not isinstance(error, SystemExit):  # whoever ends a process by that has said why
                self.log.exception("Exception while loading the application")
            self.log.error("This worker could not start; it is tried again if it is needed.")  # noqa: TRY400 - see above
            time.sleep(PAUSE)
            sys.exit(TRY_AGAIN)

    def run(self) -> None:
        self._ready[0] = self._server_has_served[0] = 1
        super().run()

    @property
    def worker_connections(self) -> int:
        """How many connections it may have before it accepts no more: none, while each of its threads is busy.

        gunicorn's own accepts what then waits for a thread, although another worker may have one to spare.
        """
        return self._most_connections if self._has_threads_to_spare(more=1) else 0

    @worker_connections.setter
    def worker_connections(self, most: int) -> None:
        self._most_connections = most

    def handle(self, conn: Any) -> Any:
        """Answer a request of the connection, and those that follow at once. Return what gunicorn's own returns."""
        goes_on = super().handle(conn)
        while goes_on is True and self._has_threads_to_spare() and _is_readable(conn.sock, LINGER):
            goes_on = super().handle(conn)
        return goes_on

    def _has_threads_to_spare(self, more: int = 0) -> bool:
        busy = self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns)
        return bool(busy + more <= self.cfg.threads)


def _check_schema(application: Any) -> None:
    """End this process if the database has not the schema that the application needs."""
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
