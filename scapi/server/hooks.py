"""gunicorn's server hooks: called when the server and its workers start and end (see gunicorn's documentation)."""

import ctypes
import itertools
import os
import shutil
import signal
import tempfile
from pathlib import Path

from gunicorn.arbiter import Arbiter
from prometheus_client import multiprocess

from scapi.server.lines import banner
from scapi.server.master import ScapiArbiter
from scapi.server.worker import ScapiWorker

METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder where the workers count for /metrics. A folder that is given is the operator's to empty."""

FOLDER_PREFIX = "scapi-metrics-"

# Parameters of mallopt(3) and their values in bytes: the free memory to keep for the next chunk, and the largest block
# to take from it. With glibc's defaults, the memory of a chunk of some MiB goes back to the kernel, which then clears
# every page for the next chunk.
M_TRIM_THRESHOLD, KEPT = -1, 16 * 1024 * 1024
M_MMAP_THRESHOLD, LARGEST_KEPT = -3, 2 * 1024 * 1024


def on_starting(server: Arbiter) -> None:
    """Create a new folder for the metrics, also if this server takes over from another one (SIGUSR2)."""
    server.__class__ = ScapiArbiter  # gunicorn has no setting for this class
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
    """Give each worker the lowest free number, so that it continues the metrics of a dead worker."""
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(number for number in itertools.count(1) if number not in taken)


def post_fork(_server: Arbiter, worker: ScapiWorker) -> None:
    """Tell the worker its number and its number of threads; let it keep memory for the next chunk."""
    os.environ["SCAPI_WORKER"] = str(worker.number)
    os.environ["SCAPI_THREADS"] = str(worker.cfg.threads)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:  # only glibc has it
        mallopt(M_TRIM_THRESHOLD, KEPT)
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)


def post_worker_init(_worker: ScapiWorker) -> None:
    """Make a worker end at once on SIGINT and SIGQUIT (Ctrl-C, passed on by the master), as if it were killed.

    gunicorn's own handler waits for locks that the interrupted thread may hold, until graceful_timeout kills it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, lambda *_: os._exit(0))


def child_exit(_server: Arbiter, worker: ScapiWorker) -> None:
    """Remove the gauges of a dead worker; its counters stay."""
    multiprocess.mark_process_dead(worker.number)  # type: ignore[no-untyped-call]


def when_ready(server: Arbiter) -> None:
    """Print the URLs of the server."""
    scheme = "https" if server.cfg.is_ssl else "http"
    listening = [listener.getsockname() for listener in server.LISTENERS]
    server.log.info("%s", banner(scheme, listening or server.address))  # with reuse_port, only the workers listen
