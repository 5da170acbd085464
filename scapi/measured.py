"""A storage backend whose calls are counted and timed, and that is otherwise the backend it was given."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from time import perf_counter
from typing import Any, BinaryIO, ParamSpec, Self, TypeVar

import storage_backends
from scapi import metrics
from storage_backends import Doubt, Leftover, NoSpace, NotFound, State, StorageBackend, Unavailable

P = ParamSpec("P")
Result = TypeVar("Result")

OPERATIONS = ("start", "write", "finish", "abort", "save", "open", "size", "delete", "discard", "probe")
"""What is timed. `exclusive` waits for other writers, `unfinished` lists as it is read, the others next to nothing."""


OUTCOMES = {NotFound: "not_found", NoSpace: "no_space", Unavailable: "unavailable"}
"""Of calls that raise; anything else that they raise is `failed`."""


class MeasuredBackend(StorageBackend):
    """`backend`, known as `name` in the metrics. What it can beyond the interface, this can, too."""

    def __init__(self, backend: StorageBackend, name: str) -> None:
        self._backend = backend
        self._name = name
        self._well_done = {done: metrics.STORAGE_SECONDS.labels(name, done, "ok") for done in OPERATIONS}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Build the backend that `SCAPI_STORAGE` names."""
        name = settings["SCAPI_STORAGE"]
        return cls(storage_backends.load(name).from_settings(settings), name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def _timed(self, operation: str, call: Callable[P, Result], /, *arguments: P.args, **options: P.kwargs) -> Result:
        began = perf_counter()
        try:
            result = call(*arguments, **options)
        except BaseException as error:
            seconds = perf_counter() - began
            metrics.STORAGE_SECONDS.labels(self._name, operation, _outcome(error)).observe(seconds)
            raise
        self._well_done[operation].observe(perf_counter() - began)
        return result

    def check(self) -> None:
        self._backend.check()

    def probe(self) -> None:
        self._timed("probe", self._backend.probe)

    def start(self, key: str, content_type: str) -> State:
        return self._timed("start", self._backend.start, key, content_type)

    def write(self, state: State, offset: int, stream: BinaryIO, size: int) -> State:
        written = self._timed("write", self._backend.write, state, offset, stream, size)
        metrics.RECEIVED_BYTES.inc(size)
        return written

    def is_durable(self, state: State) -> bool:
        return self._backend.is_durable(state)

    def doubtful(self, state: State) -> Doubt | None:
        return self._backend.doubtful(state)

    def finish(self, state: State) -> None:
        self._timed("finish", self._backend.finish, state)

    def abort(self, state: State) -> None:
        self._timed("abort", self._backend.abort, state)

    def exclusive(self, key: str) -> AbstractContextManager[None]:
        return self._backend.exclusive(key)

    def save(self, key: str, stream: BinaryIO, content_type: str) -> None:
        self._timed("save", self._backend.save, key, stream, content_type)

    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        return self._timed("open", self._backend.open, key, start, length)

    def size(self, key: str) -> int:
        return self._timed("size", self._backend.size, key)

    def delete(self, key: str) -> None:
        self._timed("delete", self._backend.delete, key)

    def url(self, key: str, content_type: str, disposition: str) -> str | None:
        return self._backend.url(key, content_type, disposition)

    def web_path(self, key: str) -> str | None:
        return self._backend.web_path(key)

    def unfinished(self, older_than: datetime) -> Iterator[Leftover]:
        return self._backend.unfinished(older_than)

    def discard(self, leftover: Leftover) -> None:
        self._timed("discard", self._backend.discard, leftover)


def _outcome(error: BaseException) -> str:
    return next((outcome for kind, outcome in OUTCOMES.items() if isinstance(error, kind)), "failed")
