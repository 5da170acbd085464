"""How scapi runs under gunicorn: its worker, its reload, its hooks and its log lines.

gunicorn.conf.py has the numbers. gunicorn's master process imports this module, and must import no other one of scapi:
each worker loads the application by itself, so that a reload also takes new code.
"""

import ctypes
import ipaddress
import itertools
import logging
import mmap
import os
import re
import select
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker
from prometheus_client import multiprocess

if TYPE_CHECKING:
    from flask import Flask

Address = tuple[Any, ...] | str | bytes
"""Of a listening socket: host, port and more, or the path of a unix socket."""

LINGER = 5
"""Milliseconds that a thread waits for a connection's next request while no other connection wants the thread."""

TRY_AGAIN = 1
"""The exit code of a worker that could not start, after which gunicorn goes on with the others."""

METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder where the workers count for /metrics. A folder that is given is the operator's to empty."""

FOLDER_PREFIX = "scapi-metrics-"

# Parameters of mallopt(3), and bytes: of free memory that is kept for the next chunk, and of the largest block taken
# from it. glibc's own numbers give a chunk of some MiB back to the kernel, which clears every page of the next one.
M_TRIM_THRESHOLD, KEPT = -1, 16 * 1024 * 1024
M_MMAP_THRESHOLD, LARGEST_KEPT = -3, 2 * 1024 * 1024


APP_LOAD_ERROR = 4
"""The exit code on which gunicorn stops instead of starting the worker again."""


def application() -> "Flask":
    """Return the application with the settings of this folder; what settings do not work ends the process."""
    from scapi import create_app
    from scapi.settings import ConfigurationError, NotReady
    from scapi.settings.place import settings_here

    try:
        return create_app(settings_here())
    except ConfigurationError as error:
        sys.stderr.write(f"scapi cannot start: {error}\n")
        sys.exit(TRY_AGAIN if isinstance(error, NotReady) else APP_LOAD_ERROR)


class ScapiWorker(ThreadWorker):
    """gunicorn's worker with threads. Its main loop gets a connection back only when its client pauses.

    A client that sends chunk after chunk skips the way through the main loop and to another thread, which takes longer
    than to read the request (docs/performance.md).
    """

    number = 0
    """The lowest number that no other living worker has; see `pre_fork`."""

    replaces = False
    """Whether other workers can serve while this one starts."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """The master makes a worker before it forks, so both processes see the same byte of memory."""
        super().__init__(*arguments, **options)
        self._ready = mmap.mmap(-1, 1)

    @property
    def is_ready(self) -> bool:
        """Whether the worker has loaded the application; the master may ask, too."""
        return self._ready[0] == 1

    def load_wsgi(self) -> None:
        """Load the application and check its schema. If that fails, stop gunicorn only where no other can serve."""
        try:
            super().load_wsgi()
            _check_schema(self.wsgi)
        except BaseException:
            if self.replaces:
                self.log.exception("This worker could not start. The others go on as before.")
                sys.exit(TRY_AGAIN)
            raise

    def run(self) -> None:
        self._ready[0] = 1
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


class ScapiArbiter(Arbiter):
    """gunicorn's master process. After a reload the old workers serve until the new ones have loaded the application.

    gunicorn's own stops them at once: requests then wait until the new ones have imported everything.
    """

    _halts = False

    def halt(self, reason: str | None = None, exit_status: int = 0) -> None:
        """End the server; `reap_workers` must not end it once more meanwhile."""
        self._halts = True
        super().halt(reason, exit_status)

    def reap_workers(self) -> None:
        """Look for workers that have ended. While the server ends already, one that could not start is no news."""
        while True:
            try:
                super().reap_workers()
            except HaltServer:
                if not self._halts:
                    raise
            else:
                return

    def reload(self) -> None:
        """Read gunicorn.conf.py again and start new workers. If none of them can start, the old ones go on."""
        self.app.reload()
        self.setup(self.app)
        self.log.reopen_files()
        for _ in range(self.num_workers):
            self.spawn_worker()

    def manage_workers(self) -> None:
        """Start workers that are missing. Stop the oldest, if there are too many, when the newest can serve."""
        newest = sorted(self.WORKERS.values(), key=lambda worker: worker.age)[-self.num_workers :]
        if len(self.WORKERS) <= self.num_workers or all(worker.is_ready for worker in newest):
            super().manage_workers()


class QuietLogger(Logger):
    """gunicorn's logger composes a line for every request, even if nobody reads it. scapi writes its own."""

    def access(self, *_arguments: Any) -> None:
        """Write nothing."""


class WithoutAddresses(logging.Filter):
    """Removes what a client sent from gunicorn's own lines: a URL may have a file's name or a signature in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = str(record.msg)
        if said.startswith("Error handling request"):
            record.msg, record.args = "Error handling request", ()
        elif said.startswith("Invalid request from"):
            record.msg = re.split("['\"]", said)[0]
        return True


FORMATTERS: dict[str, dict[str, Any]] = {
    "text": {
        "()": "logging.Formatter",
        "fmt": "%(asctime)s [%(process)d] [%(levelname)s] [%(request_id)s] %(message)s",
        "defaults": {"request_id": "-"},
    },
    "json": {
        "()": "pythonjsonlogger.json.JsonFormatter",
        "fmt": ["levelname", "name", "process", "message"],
        "rename_fields": {"levelname": "level", "name": "logger"},
        "timestamp": "time",
    },
}


def log_settings(log_format: str) -> dict[str, Any]:
    """Return one logging configuration for gunicorn's lines and scapi's: to the standard error, `text` or `json`.

    SCAPI_LOG_LEVEL decides which of scapi's lines are written.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": FORMATTERS["json" if log_format == "json" else "text"]},
        "filters": {"without_addresses": {"()": WithoutAddresses}},
        "handlers": {
            "scapi": {"class": "logging.StreamHandler", "formatter": "line"},
            "gunicorn": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_addresses"]},
        },
        "root": {"level": "WARNING", "handlers": ["scapi"]},
        "loggers": {"gunicorn.error": {"handlers": ["gunicorn"]}},
    }


def on_starting(server: Arbiter) -> None:
    """Make a fresh folder for the metrics, also where this server takes over from another one (SIGUSR2)."""
    server.__class__ = ScapiArbiter  # gunicorn has no setting for it
    given = os.environ.get(METRICS)
    if not given or _is_ours(given):
        os.environ[METRICS] = tempfile.mkdtemp(prefix=FOLDER_PREFIX)


def on_exit(_server: Arbiter) -> None:
    """Remove the folder of the metrics."""
    if _is_ours(os.environ[METRICS]):
        shutil.rmtree(os.environ[METRICS])


def _is_ours(folder: str) -> bool:
    return Path(folder).name.startswith(FOLDER_PREFIX)


def pre_fork(server: Arbiter, worker: ScapiWorker) -> None:
    """Give each worker the lowest number that no living one has: it continues the metrics of a dead worker."""
    others = server.WORKERS.values()
    taken = {other.number for other in others}
    worker.number = next(number for number in itertools.count(1) if number not in taken)
    worker.replaces = any(other.is_ready for other in others)


def post_fork(_server: Arbiter, worker: ScapiWorker) -> None:
    """Tell the worker its number and how many threads it has; let it keep the memory that each chunk needs again."""
    os.environ["SCAPI_WORKER"] = str(worker.number)
    os.environ["SCAPI_THREADS"] = str(worker.cfg.threads)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:  # other C libraries than glibc have none
        mallopt(M_TRIM_THRESHOLD, KEPT)
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)


def post_worker_init(_worker: ScapiWorker) -> None:
    """End a worker at once that is told to quit (Ctrl-C, which the master passes on), as if it were killed.

    gunicorn's own handler waits for locks that the interrupted thread may hold, and is killed after graceful_timeout.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, lambda *_: os._exit(0))


def child_exit(_server: Arbiter, worker: ScapiWorker) -> None:
    """End the gauges of a dead worker; what it counted stays."""
    multiprocess.mark_process_dead(worker.number)  # type: ignore[no-untyped-call]


def when_ready(server: Arbiter) -> None:
    """Tell a newcomer where things are."""
    scheme = "https" if server.cfg.is_ssl else "http"
    listening = [listener.getsockname() for listener in server.LISTENERS]
    server.log.info("%s", banner(scheme, listening or server.address))  # with reuse_port, only the workers listen


def banner(scheme: str, addresses: Sequence[Address]) -> str:
    """Return what is said at the start of a server that listens at `addresses`."""
    urls = [f"{scheme}://{_host(address[0])}:{address[1]}" for address in addresses if isinstance(address, tuple)]
    paths = [os.fsdecode(address).replace("\0", "@") for address in addresses if not isinstance(address, tuple)]
    here = urls[0] if urls else f"{scheme}://localhost"
    curl = "curl" if urls or not paths else f"curl {_socket_option(paths[0])}"
    return (
        f"scapi is ready at {', '.join([*urls, *(f'unix:{path}' for path in paths)])}\n"
        f"    in a browser       {here}/\n"
        f"    the API            {here}/api/v2/\n"
        f"    its documentation  {here}/api/v2/docs\n"
        f"    a first upload     {curl} -F image=@photo.jpg {here}/api/v2/media/upload/chunk/"
    )


def _host(host: str) -> str:
    """Return an address as a URL has it; the one that stands for all of them leads nowhere in a browser."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:  # a name
        return host
    if address.is_unspecified:
        return "localhost"
    return f"[{address}]" if address.version == 6 else str(address)


def _socket_option(path: str) -> str:
    """Return curl's option for a unix socket; `@` begins the name of one in Linux's abstract namespace."""
    return f"--abstract-unix-socket {path[1:]}" if path.startswith("@") else f"--unix-socket {path}"
