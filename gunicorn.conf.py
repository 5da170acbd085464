"""The server's own settings. gunicorn reads this file by itself; each may be overridden on its command line."""

import ctypes
import itertools
import logging
import os
import re
import select
import shutil
import signal
import tempfile
from pathlib import Path

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker
from prometheus_client import multiprocess

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"

# Threads wait for slow clients, the database and the storage; processes share the processors, one for each is enough.
# Each thread at work may hold a chunk and two database connections (docs/scaling.md).
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 8

# Milliseconds that a thread waits for a connection's next request while no other connection wants the thread.
LINGER = 5


class LingeringWorker(ThreadWorker):
    """gunicorn's worker with threads, whose main loop gets a connection back only when its client has paused.

    Whoever sends chunk after chunk is spared the way through the main loop and to another thread, which takes longer
    than to read the request (docs/performance.md).
    """

    def handle(self, conn):
        """Answer a request of the connection, and those that follow at once. Return what gunicorn's own does."""
        goes_on = super().handle(conn)
        while goes_on is True and self._has_threads_to_spare() and _is_readable(conn.sock, LINGER):
            goes_on = super().handle(conn)
        return goes_on

    def _has_threads_to_spare(self):
        return self.nr_conns - len(self.keepalived_conns) - len(self.pending_conns) <= self.cfg.threads


def _is_readable(connection, milliseconds):
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(milliseconds))


worker_class = LingeringWorker

# A worker whose main loop has not told its master for this many seconds that it lives is replaced. A request may take
# longer: what hangs in one is ended by its own timeout (database, storage, previews, SCAPI_CLIENT_TIMEOUT).
timeout = 60

# Seconds that the requests under way get when a worker is to stop: a complete on a slow store takes a few.
graceful_timeout = 30

# Seconds that a connection is kept for the next chunk. nginx in front ends its own after 10: of two ends, the one that
# sends requests must be the first to close, or a request meets a closed connection.
keepalive = 15

# Connections that the kernel accepts while all workers start or are busy.
backlog = 2048

# No max_requests: workers do not grow (`python -m benchmarks.memory`), and replacing them interrupts clients.

# Of a request's first line, and of one header. Beyond them gunicorn answers by itself, in HTML.
limit_request_line = 8190
limit_request_field_size = 16_384

# Whom to believe about X-Forwarded-Proto is SCAPI_TRUSTED_PROXIES' to say, not the peer's address.
forwarded_allow_ips = ""

control_socket_disable = True


class logger_class(Logger):  # noqa: N801 - gunicorn's name for the setting
    """gunicorn's, which composes a line for every request, to be thrown away: scapi writes its own."""

    def access(self, *_arguments):
        """Write nothing."""


class WithoutAddresses(logging.Filter):
    """Takes out of gunicorn's own lines what a client sent: a URL may have a file's name or a signature in it."""

    def filter(self, record):
        said = str(record.msg)
        if said.startswith("Error handling request"):
            record.msg, record.args = "Error handling request", ()
        elif said.startswith("Invalid request from"):
            record.msg = re.split("['\"]", said)[0]
        return True


# One format for gunicorn's lines and scapi's, which SCAPI_LOG_LEVEL lets through, to the standard error.
FORMATTERS = {
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
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": FORMATTERS["json" if os.environ.get("SCAPI_LOG_FORMAT") == "json" else "text"]},
    "filters": {"without_addresses": {"()": WithoutAddresses}},
    "handlers": {
        "scapi": {"class": "logging.StreamHandler", "formatter": "line"},
        "gunicorn": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_addresses"]},
    },
    "root": {"level": "WARNING", "handlers": ["scapi"]},
    "loggers": {"gunicorn.error": {"handlers": ["gunicorn"]}},
}

# Where the workers count for /metrics. A folder that is given is the operator's to empty before a start.
METRICS = "PROMETHEUS_MULTIPROC_DIR"
FOLDER_PREFIX = "scapi-metrics-"


def _is_ours(folder):
    return Path(folder).name.startswith(FOLDER_PREFIX)


def on_starting(_server):
    """Make a fresh folder for the metrics, also where this server takes over from another one (SIGUSR2)."""
    given = os.environ.get(METRICS)
    if not given or _is_ours(given):
        os.environ[METRICS] = tempfile.mkdtemp(prefix=FOLDER_PREFIX)


def on_exit(_server):
    """Remove the folder of the metrics."""
    if _is_ours(os.environ[METRICS]):
        shutil.rmtree(os.environ[METRICS])


def pre_fork(server, worker):
    """Give each worker the lowest number that no living one has: it goes on with the metrics of a dead one's."""
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(number for number in itertools.count(1) if number not in taken)


def post_fork(_server, worker):
    """Tell the worker its number, and have it keep the memory that each chunk needs anew."""
    os.environ["SCAPI_WORKER"] = str(worker.number)
    _keep_memory()


# Parameters of mallopt(3), and bytes: of free memory that is kept for the next chunk, and of the largest block taken
# from it. glibc's own numbers give a chunk of some MiB back to the kernel, which clears every page of the next one.
M_TRIM_THRESHOLD, KEPT = -1, 16 * 1024 * 1024
M_MMAP_THRESHOLD, LARGEST_KEPT = -3, 2 * 1024 * 1024


def _keep_memory():
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:  # other C libraries than glibc have none
        mallopt(M_TRIM_THRESHOLD, KEPT)
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)


def post_worker_init(_worker):
    """Let a worker that is told to quit (Ctrl-C, which the master passes on) end at once, as if it were killed.

    gunicorn's own handler waits for locks that the interrupted thread may hold, and is killed after graceful_timeout.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, lambda *_: os._exit(0))


def child_exit(_server, worker):
    """What a dead worker was doing it does no more; what it counted stays."""
    multiprocess.mark_process_dead(worker.number)


def when_ready(server):
    """Tell a newcomer where things are."""
    host, port = server.address[0][:2]
    here = f"http://{host}:{port}"
    server.log.info(
        "scapi is ready\n"
        "    in a browser       %(here)s/\n"
        "    the API            %(here)s/api/v2/\n"
        "    its documentation  %(here)s/api/v2/docs\n"
        "    a first upload     curl -F image=@photo.jpg %(here)s/api/v2/media/upload/chunk/",
        {"here": here},
    )
