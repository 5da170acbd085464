"""A thread of the web process for work after the answer: it begins when it is first needed, and stops when told."""

import threading
from collections.abc import Callable


class Background:
    """Runs `loop` in a thread called `name`, which `wake` starts; `loop` waits for `woken`, and ends after `over`."""

    def __init__(self, name: str, loop: Callable[[], None]) -> None:
        self.woken, self.over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=loop, name=name, daemon=True)
        self._begun = threading.Lock()

    def wake(self) -> None:
        """Say that there is work."""
        self.woken.set()
        if self._begun.acquire(blocking=False):
            self._thread.start()

    def stop(self) -> None:
        """End the thread after what it is doing."""
        self.over.set()
        self.woken.set()
        if self._thread.is_alive():
            self._thread.join()
