"""StorageBackend: what every backend must do, and what it can rely on.

Who guarantees what
-------------------
The caller (scapi.uploads) keeps one row per upload. The row has the offset (how many bytes are official) and the state
that the backend returned with them. The caller calls `write` with the official state, always at the official offset,
and makes the returned state official with one conditional UPDATE. Some writes never become official: their process
died, or another writer's UPDATE came first. The caller checks ranges, sizes, types and hashes; a backend trusts them.

The backend is stateless: all that it must remember about an unfinished upload is in the state, a small JSON value that
must not grow with the file. The bytes of an official state must never be lost or replaced by a write that did not
become official. Nothing is visible under its key before `finish`.

`storage_backends.checked` wraps every backend. It checks the keys: characters `[a-z0-9._-]`, in segments separated by
single slashes; no segment starts with a dot. It calls the backend's `translate` for exceptions, so a backend need not
catch the exceptions of its libraries. And it times the calls.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Self

# the errors are part of the interface: backends import them from here, too
from storage_backends.errors import Misconfigured as Misconfigured
from storage_backends.errors import NoSpace as NoSpace
from storage_backends.errors import NotFound as NotFound
from storage_backends.errors import StorageError as StorageError
from storage_backends.errors import Unavailable as Unavailable
from storage_backends.keys import PROBE_KEY

KiB = 1024
MiB = 1024 * KiB

State = dict[str, Any]

BLOCK = 8 * MiB
"""Bytes of a stream to write at a time, unless the backend overrides `block`."""


@dataclass(frozen=True, slots=True)
class Published:
    """A published object: its key, its size in bytes, and the time (UTC) it was last written."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A finding for the operator: `what` was found and, if it is wrong, `why` it matters and a command to `mend` it."""

    name: str
    what: str
    why: str = ""
    mend: str = ""

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.why


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that an unfinished upload left in storage.

    `key` is the key where the upload would have been published, `name` is the backend's own name of the object, `size`
    its bytes (0 if unknown), `modified` the time (UTC) of its last write.
    """

    key: str
    name: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Doubt:
    """Bytes of an unfinished upload that may have been lost or changed since they were written.

    `state` and `offset` describe the bytes before them. `tail` are the bytes that are now stored after the offset;
    fewer than were written if some are missing.
    """

    state: State
    offset: int
    tail: bytes


class StorageBackend(ABC):
    """A storage for files. Thread-safe; any number of processes and hosts may use it."""

    @classmethod
    @abstractmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Build the backend from scapi's settings (`SCAPI_*`). Raises Misconfigured. Makes no request."""

    @abstractmethod
    def check(self) -> None:
        """Make sure, once at start, that the storage can be used.

        Raises Misconfigured or Unavailable with a message that says what is wrong.
        """

    def diagnose(self) -> Iterator[Diagnosis]:
        """Yield findings about the configuration of the storage, beyond the requirements of `check`."""
        return iter(())

    def probe(self) -> None:
        """Check that the storage can be reached now. Called at most every second: cheap, and changes nothing.

        Raises StorageError. Unlike `check` it creates nothing, and may be called at any time.
        """
        try:
            self.size(PROBE_KEY)
        except NotFound:
            pass
        except Exception as error:
            if not isinstance(self.translate(error), NotFound):
                raise

    def translate(self, error: Exception) -> StorageError | None:
        """Return the meaning of an exception of this backend's libraries; None if it is unknown.

        Called for every exception of a method that is not a StorageError, also while a stream of `open` is read. An
        exception of unknown meaning is raised unchanged, and counts as a bug.
        """
        return None

    @abstractmethod
    def start(self, key: str, content_type: str) -> State:
        """Begin an upload that will be published at `key`, which was never used before; return its first state."""

    @abstractmethod
    def write(self, state: State, offset: int, stream: BinaryIO, size: int) -> State:
        """Store the next `size` bytes (more than 0) of `stream` at `offset`; return the state that includes them.

        `offset` is the end of the bytes of `state`. Writing again with the same `state` replaces the bytes of the
        earlier call. The bytes survive `kill -9` of every process when the call returns, and a power cut as soon as a
        state that includes them `is_durable`. `state` itself is not changed: if the returned state does not become
        official, the old one stays valid. Raises NoSpace, Unavailable, or NotFound if the upload was finished or
        aborted, or has gone on from another state: then the caller reads its row again.
        """

    def block(self, state: State) -> int:
        """Return the best number of bytes for the next `write`, at most: the caller holds them in memory until then."""
        return BLOCK

    def typed(self, state: State, content_type: str) -> State:
        """Return the state of an upload without bytes, now that its type is known. Makes no request."""
        return state

    def named(self, state: State, disposition: str) -> State:
        """Return the state of an upload without bytes, with the Content-Disposition of its object. Makes no request.

        Override it if clients can load objects directly from the storage, by a URL without the disposition.
        """
        return state

    def sync(self, state: State) -> State:
        """Make the bytes of `state` survive a power cut; return a state of them that `is_durable`.

        Override it if `is_durable` may be false. Called inside `exclusive`. Raises the same errors as `write`.
        """
        return state

    def is_durable(self, state: State) -> bool:
        """Return whether the bytes of `state` survive a power cut. Makes no request."""
        return True

    def doubtful(self, state: State) -> Doubt | None:
        """Return the bytes of `state` that may be lost; None if none are.

        Called inside `exclusive`, before an upload goes on and before it is finished, so it must be cheap. Only bytes
        after the last durable state can be doubtful, after a restart of the machine or a failure of the disk. The
        caller compares them with its hash. If they are unchanged, it writes them again from the doubt's state;
        otherwise the upload goes on from the doubt's offset. Raises Unavailable, or NotFound if the upload was finished
        or aborted, or is gone.
        """
        return None

    def verify(self, state: State) -> None:  # noqa: B027 - where `doubtful` knows all there is nothing more to do
        """Check that the bytes of `state` exist, published or not, without reading them.

        Called when a client asks for the offset of its upload. Raises Unavailable, or NotFound if the upload was
        aborted, has gone on from another state, or is gone: then the caller reads its row again.
        """

    @abstractmethod
    def finish(self, state: State) -> None:
        """Publish exactly the bytes of `state` at its key; they survive a power cut on return.

        The cost does not grow with the size of the object. It may be called again, also after a crash in the middle.
        Raises NoSpace, Unavailable, or NotFound if the bytes are gone.
        """

    def publish(self, state: State) -> None:
        """Like `finish`, but leave clean-up that takes time to `tidy`, which is called after the answer."""
        self.finish(state)

    def tidy(self, state: State) -> None:  # noqa: B027 - where `publish` leaves nothing there is nothing to do
        """Remove what `publish` has left behind. Safe to call twice, or never: `unfinished` finds the rest."""

    def peek(self, state: State) -> BinaryIO | None:
        """Return a stream of the bytes of `state` (more may follow), which are not published yet.

        It stays readable while the upload is finished. None if only published files can be read. Raises NotFound if the
        upload was finished or aborted. The caller closes it.
        """
        return None

    @abstractmethod
    def abort(self, state: State) -> None:
        """Remove everything of this unfinished upload, but no published object. Safe to call twice."""

    def exclusive(self, key: str) -> AbstractContextManager[None]:
        """Admit one writer at a time to the unfinished upload of `key`, across processes and hosts.

        For backends in which the writes of two racing callers would mix. The lock ends with its process. The caller
        reads the official state inside the context. Without an unfinished upload at `key` no lock is needed.
        """
        return nullcontext()

    @abstractmethod
    def save(self, key: str, stream: BinaryIO, content_type: str) -> None:
        """Publish a small object at once; it replaces an existing one and survives a power cut on return."""

    def save_named(self, key: str, stream: BinaryIO, content_type: str, disposition: str) -> None:
        """Like `save`, for an object with this Content-Disposition; see `named`."""
        self.save(key, stream, content_type)

    def save_soon(self, key: str, stream: BinaryIO, content_type: str, disposition: str) -> bool:
        """Like `save_named`, for an object that can be made again; return False if it is not synced until `settle`."""
        self.save_named(key, stream, content_type, disposition)
        return True

    def settle(self, keys: Iterable[str]) -> None:  # noqa: B027 - where `save_soon` returns True there is nothing to do
        """Make objects of `save_soon` survive a power cut. Raises NotFound if one is missing."""

    @abstractmethod
    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Return a stream of `length` bytes (None: all) of a published object from `start` on.

        The caller closes it. Raises NotFound.
        """

    def whole(self, key: str, size: int) -> BinaryIO:
        """Like `open`, for all bytes of a published object; `size` bytes are expected.

        Override it if reading many objects one after another can be faster than with `open`.
        """
        return self.open(key)

    @abstractmethod
    def size(self, key: str) -> int:
        """Return the size in bytes of a published object. Raises NotFound."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove a published object. Safe to call if it does not exist."""

    @abstractmethod
    def published(self, after: str = "") -> Iterator[Published]:
        """Yield the published objects in bytewise order of their keys, from the first key after `after` on.

        Objects that are published or deleted during the listing may be yielded or not. Memory must not grow with the
        number of objects.
        """

    def url(self, key: str, content_type: str, disposition: str) -> str | None:
        """Return an absolute URL from which a client can load the object now; None: scapi serves it with `open`.

        The answer of the URL has this Content-Type and Content-Disposition.
        """
        return None

    def web_path(self, key: str) -> str | None:
        """Return the object's path below a folder that a web server in front can read; None if there is none.

        The path has the form of a key. Called only if `SCAPI_ACCEL_REDIRECT` names such a web server.
        """
        return None

    @abstractmethod
    def unfinished(self, older_than: datetime) -> Iterator[Leftover]:
        """Yield the stored objects of unfinished uploads that were last written before `older_than`.

        The caller uses its rows to decide which of them are leftovers of a crash.
        """

    @abstractmethod
    def discard(self, leftover: Leftover) -> None:
        """Remove one object that `unfinished` yielded. Safe to call if it no longer exists."""
