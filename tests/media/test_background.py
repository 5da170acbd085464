"""The thread for work after the answer."""

import threading

import pytest

from scapi.media.background import Background


def test_a_thread_that_could_not_be_started_is_started_with_the_next_work(monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    background = Background("background", done.set)

    def fail(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        background.wake()
    background.stop()
    assert not done.is_set()
    background.wake()
    assert done.wait(30)
    background.stop()
