"""A thread of the web process for work after the answer. It starts when it is first needed."""

import threading
from collections.abc import Callable


class Background:
    """Runs `loop` in a thread called `name`, which `wake` starts. `loop` waits for `woken` and returns after `over`."""

    def __init__(self, name: str, loop: Callable[[], None]) -> None:
        self.woken, self.over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=loop, name=name, daemon=True)
        self._begun = threading.Lock()

    def wake(self) -> None:
        """Signal that there is work."""
        self.woken.set()
        if self._begun.acquire(blocking=False):
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread after its current work."""
        self.over.set()
        self.woken.set()
        if self._thread.is_alive():
            self._thread.join()
