"""A thread of the web process for work after the answer. It starts when it is first needed."""

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Background:
    """Runs `loop` in a thread called `name`, which `wake` starts. `loop` waits for `woken` and returns after `over`."""

    def __init__(self, name: str, loop: Callable[[], None]) -> None:
        self.woken, self.over = threading.Event(), threading.Event()
        self._name, self._loop = name, loop
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def wake(self) -> None:
        """Signal that there is work. Where no thread can be started, the next call tries again."""
        self.woken.set()
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:
                    _log.warning("the thread %s is started later: %s", self._name, error)
                else:
                    self._thread = thread

    def stop(self) -> None:
        """Stop the thread after its current work."""
        self.over.set()
        self.woken.set()
        if self._thread is not None:
            self._thread.join()
