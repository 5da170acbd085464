"""gunicorn's master process, with a reload during which the old workers serve until the new ones are ready."""

from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer


class ScapiArbiter(Arbiter):
    """gunicorn's master process. After a reload the old workers serve until the new ones have loaded the application.

    gunicorn's own class stops them at once: requests then wait until the new ones have imported everything.
    """

    _halts = False

    def halt(self, reason: str | None = None, exit_status: int = 0) -> None:
        """Stop the server; `reap_workers` must not stop it a second time."""
        self._halts = True
        super().halt(reason, exit_status)

    def reap_workers(self) -> None:
        """Handle workers that have ended. While the server is stopping, a worker that could not start is ignored."""
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
        """Start missing workers. If there are too many, stop the oldest as soon as the newest can serve."""
        newest = sorted(self.WORKERS.values(), key=lambda worker: worker.age)[-self.num_workers :]
        if len(self.WORKERS) <= self.num_workers or all(worker.is_ready for worker in newest):
            super().manage_workers()
