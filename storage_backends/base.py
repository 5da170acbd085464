"""StorageBackend: what every backend promises, and what it may count on.

Who guarantees what
-------------------
The caller (scapi.uploads) keeps one row per upload. The row holds the offset (how many bytes are official) and
the state that the backend returned with them. It calls `write` with the official state, always at the official
offset, and makes the state it gets back official with one conditional UPDATE. Some calls never become official:
their process died, or another writer's UPDATE came first. The caller checks ranges, sizes, types and hashes; a
backend trusts them.

The backend is stateless: all that it must remember about an unfinished upload is in the state, a small JSON value
that must not grow with the file. Bytes that an official state stands for must never be lost or replaced by
a write that did not become official. Nothing is visible under its key before `finish`.

`storage_backends.checked` stands around every backend. It checks the keys, which are made from `[a-z0-9._-]`, in
segments divided by single slashes, none of which starts with a dot. It asks a backend's `translate` what an exception
means, so a backend may let the exceptions of its libraries through. And it times the calls.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Self

# the errors are a part of the interface: backends import them from here, too
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
"""Bytes of a stream that are written together, unless the backend knows better."""


@dataclass(frozen=True, slots=True)
class Published:
    """A published object: its key, its size in bytes, and the time (UTC) it was last written."""

    key: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What an operator should know of one thing: `what` was found and, if it is wrong, `why` that matters, and `mend`,
    the line that mends it."""

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

    `key` is the key that the upload would have been published at, `name` is the backend's own name for the thing,
    `size` its bytes (0 where unknown), `modified` the time (UTC) it was last written.
    """

    key: str
    name: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Doubt:
    """Bytes of an unfinished upload that may have been lost, or changed, since they were written.

    `state` stands for the bytes before them, `offset` is how many those are, and `tail` are the bytes that are now
    found after them, fewer than were written if some are missing.
    """

    state: State
    offset: int
    tail: bytes


class StorageBackend(ABC):
    """One place to keep files. Safe to share between threads and to use from any number of processes and hosts."""

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
        """Yield what an operator should know of how the storage is set up, beyond what `check` insists on."""
        return iter(())

    def probe(self) -> None:
        """Make sure that the storage can be reached now. Asked every second at most: cheap, and changes nothing.

        Raises StorageError. Unlike `check` it makes nothing that is missing, and may be called at any time.
        """
        try:
            self.size(PROBE_KEY)
        except NotFound:
            pass
        except Exception as error:
            if not isinstance(self.translate(error), NotFound):
                raise

    def translate(self, error: Exception) -> StorageError | None:
        """Return what an exception of the libraries behind this backend means, None where that is not known.

        Asked of everything that a method raises and that is no StorageError, also while a stream of `open` is read.
        An exception of unknown meaning stays what it is, and counts as a bug.
        """
        return None

    @abstractmethod
    def start(self, key: str, content_type: str) -> State:
        """Begin an upload that will be published at `key`, a key never used before, and return its first state."""

    @abstractmethod
    def write(self, state: State, offset: int, stream: BinaryIO, size: int) -> State:
        """Store the next `size` bytes (more than 0) of `stream` at `offset`; return the state that includes them.

        `offset` is where the bytes that `state` stands for end. Writing again with the same `state` replaces what
        an earlier such call wrote. The bytes survive `kill -9` of every process when the call returns, and a power
        cut as soon as a state that includes them `is_durable`. `state` itself is not changed: if the returned one does
        not become official, the old one still holds.
        Raises NoSpace, Unavailable, or NotFound when the upload was finished or aborted, or has gone on from another
        state, meanwhile: the caller asks its row what happened.
        """

    def block(self, state: State) -> int:
        """Return how many bytes, at most, are best given to the next `write`: they are held in memory until then."""
        return BLOCK

    def typed(self, state: State, content_type: str) -> State:
        """Return the state of an upload that has no bytes yet, and whose type is known only now. Asks nobody."""
        return state

    def named(self, state: State, disposition: str) -> State:
        """Return the state of an upload that has no bytes yet, with the Content-Disposition of its object. Asks nobody.

        To be implemented where clients can load objects from the storage itself, by a URL that does not say it.
        """
        return state

    def sync(self, state: State) -> State:
        """Let the bytes that `state` stands for survive a power cut; return a state of them that `is_durable`.

        To be implemented where `is_durable` may be false. Asked under `exclusive`. Raises as `write` does.
        """
        return state

    def is_durable(self, state: State) -> bool:
        """Return whether the bytes that `state` stands for survive a power cut. Asks nobody."""
        return True

    def doubtful(self, state: State) -> Doubt | None:
        """Return the bytes that `state` stands for and that may not be there any more, None where all are.

        Asked under `exclusive`, before an upload goes on and before it is finished: cheap. Bytes can be doubtful only
        if they came after the last state that was durable: the machine was restarted, the disk has failed. The caller,
        who has a hash of them, either finds them as they were and writes them again from the doubt's state, or goes
        on from its offset. Raises Unavailable, or NotFound when the upload was finished or aborted, or is gone.
        """
        return None

    def verify(self, state: State) -> None:  # noqa: B027 - where `doubtful` knows all there is nothing more to do
        """Make sure that the bytes that `state` stands for are there, published or not, without reading them.

        Asked when a client wants to know how far its upload has come. Raises Unavailable, or NotFound when the upload
        was aborted, has gone on from another state, or is gone: the caller asks its row what happened.
        """

    @abstractmethod
    def finish(self, state: State) -> None:
        """Publish exactly the bytes that `state` stands for at its key; they survive a power cut on return.

        The cost does not grow with the size of the object. Called again, also after a crash in the middle, it finds
        its work done. Raises NoSpace, Unavailable, or NotFound when the bytes are gone.
        """

    def peek(self, state: State) -> BinaryIO | None:
        """Return a stream that begins with the bytes that `state` stands for, which are not published yet.

        It can be read on while the file is finished. None where only a published file can be read. Raises NotFound
        when the upload was finished or aborted. The caller closes it.
        """
        return None

    @abstractmethod
    def abort(self, state: State) -> None:
        """Remove what is unfinished of this upload, and nothing that is published. Safe to call twice."""

    def exclusive(self, key: str) -> AbstractContextManager[None]:
        """Let one writer at a time into the unfinished upload of `key`, across processes and hosts.

        For backends whose writes of two racing callers would mix. The lock dies with its process. The caller reads
        the official state inside the context. Without an unfinished upload at `key` there is nothing to guard.
        """
        return nullcontext()

    @abstractmethod
    def save(self, key: str, stream: BinaryIO, content_type: str) -> None:
        """Publish a small object at once, replacing what is there; it survives a power cut on return."""

    def save_named(self, key: str, stream: BinaryIO, content_type: str, disposition: str) -> None:
        """Do as `save`, for an object that is to have this Content-Disposition; see `named`."""
        self.save(key, stream, content_type)

    def save_soon(self, key: str, stream: BinaryIO, content_type: str, disposition: str) -> bool:
        """Publish like `save_named` what can be made again; return False if a power cut may undo it until `settle`."""
        self.save_named(key, stream, content_type, disposition)
        return True

    def settle(self, keys: Iterable[str]) -> None:  # noqa: B027 - where `save_soon` returns True there is nothing to do
        """Make what `save_soon` published survive a power cut. Raises NotFound if one is not there."""

    @abstractmethod
    def open(self, key: str, start: int = 0, length: int | None = None) -> BinaryIO:
        """Return a stream of `length` bytes (None: all that follow) of a published object from `start` on.

        The caller closes it. Raises NotFound.
        """

    def whole(self, key: str, size: int) -> BinaryIO:
        """Return a stream of all bytes of a published object, of which `size` are expected, as `open` does.

        To be implemented where many objects are read one after the other in less time than by `open`.
        """
        return self.open(key)

    @abstractmethod
    def size(self, key: str) -> int:
        """Return the size in bytes of a published object. Raises NotFound."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove a published object. Safe to call when it is not there."""

    @abstractmethod
    def published(self, after: str = "") -> Iterator[Published]:
        """Yield what is published, in the order of its keys' bytes, from the first key after `after` on.

        What is published or deleted meanwhile may be yielded or not. Memory must not grow with the number of objects.
        """

    def url(self, key: str, content_type: str, disposition: str) -> str | None:
        """Return an absolute URL from which a client can load the object now, or None: scapi serves it by `open`.

        The URL answers with the Content-Type and Content-Disposition given.
        """
        return None

    def web_path(self, key: str) -> str | None:
        """Return where the object lies below a folder that a web server in front may read too, or None: there is none.

        A path of the form that keys have. Asked only where `SCAPI_ACCEL_REDIRECT` names such a web server.
        """
        return None

    @abstractmethod
    def unfinished(self, older_than: datetime) -> Iterator[Leftover]:
        """Yield what uploads that were never finished have in storage and that was last written before `older_than`.

        The caller decides by its rows which of them are leftovers of a crash.
        """

    @abstractmethod
    def discard(self, leftover: Leftover) -> None:
        """Remove one thing that `unfinished` yielded. Safe to call when it is not there any more."""
