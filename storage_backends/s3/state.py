"""The state of an unfinished upload to S3: its parked objects and its parts.

No request is made here. The name of a parked object contains everything about it, so the state is a list of names.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from storage_backends.base import MiB, State

MIN_PART_SIZE = 5 * MiB
"""The least bytes of a part, except the last one (S3 user guide, "Amazon S3 multipart upload limits")."""

MAX_PARTS = 10_000
"""The most parts of one upload (same page)."""

MAX_PARKED = 64
"""The most parked objects in a state; with more, small chunks are merged with earlier ones."""

_NAME = re.compile(r"(\d+)-(\d+)-(\d+)-[0-9a-f]{16}", re.ASCII)


def part_size_for(first_chunk: int, largest_object: int) -> int:
    """Return the size in bytes of an upload's parts, all but the last, so that `largest_object` fits in them.

    Clients send chunks of one size. So a first chunk that is large enough sets the size: the chunks then become parts
    unchanged.
    """
    fits = -(-largest_object // MAX_PARTS)
    return max(MIN_PART_SIZE, -(-fits // MiB) * MiB, first_chunk)


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked object, by the last segment of its name: `<unix time>-<offset>-<size>-<random>`.

    It has the upload's bytes from `start` up to `end`. Every write makes a new name, with the time of scapi's own
    clock, because the times in listings are wrong on some servers.
    """

    name: str

    @classmethod
    def new(cls, start: int, size: int) -> Self:
        return cls(f"{int(time.time())}-{start}-{size}-{secrets.token_hex(8)}")

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Parse the name of a parked object; return None if scapi has not made it."""
        return cls(name) if _NAME.fullmatch(name) else None

    @property
    def written(self) -> datetime:
        return datetime.fromtimestamp(int(self.name.split("-")[0]), UTC)

    @property
    def start(self) -> int:
        return int(self.name.split("-")[1])

    @property
    def size(self) -> int:
        return int(self.name.split("-")[2])

    @property
    def end(self) -> int:
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes `first` up to `end` (both within the object) of a parked object."""

    parked: Parked
    first: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.first

    @property
    def whole(self) -> bool:
        return self.first == 0 and self.end == self.parked.size


@dataclass(frozen=True, slots=True)
class Upload:
    """An unfinished upload: `parts` parts of `part_size` bytes each, then what is parked.

    `trash` are parked objects whose bytes became parts. They may only be removed when a state that does not need them
    is official; so the write after that removes them. While the next part is being made beside requests, `making` says
    so.
    """

    key: str
    content_type: str
    part_size: int = 0
    upload_id: str = ""
    parts: int = 0
    parked: tuple[Parked, ...] = ()
    trash: tuple[Parked, ...] = ()
    disposition: str = ""
    """The Content-Disposition of the published object; a multipart upload gets it at its beginning."""
    making: bool = False

    @classmethod
    def load(cls, state: State) -> Self:
        return cls(
            key=state["key"],
            content_type=state["content_type"],
            part_size=state["part_size"],
            upload_id=state["upload_id"],
            parts=state["parts"],
            parked=tuple(Parked(name) for name in state["parked"]),
            trash=tuple(Parked(name) for name in state["trash"]),
            disposition=state.get("disposition", ""),
            making=state.get("making", False),
        )

    def dump(self) -> State:
        state = {
            "key": self.key,
            "content_type": self.content_type,
            "part_size": self.part_size,
            "upload_id": self.upload_id,
            "parts": self.parts,
            "parked": [parked.name for parked in self.parked],
            "trash": [parked.name for parked in self.trash],
        }
        if self.making:
            state["making"] = True
        return state if self.upload_id or not self.disposition else {**state, "disposition": self.disposition}

    @property
    def size(self) -> int:
        """The number of bytes of the state."""
        return self.parked[-1].end if self.parked else self.parts * self.part_size

    def next_part(self, *, last: bool) -> tuple[int, int] | None:
        """Return start and end of the next part; None if too little is parked. The last part may be short."""
        start = self.parts * self.part_size
        end = min(start + self.part_size, self.size)
        return (start, end) if end - start == self.part_size or (last and end > start) else None

    @property
    def is_full(self) -> bool:
        """Whether the next part must be made before any more is parked: another one is due, or the state would grow."""
        waiting = self.size - self.parts * self.part_size
        return waiting >= 2 * self.part_size or len(self.parked) >= MAX_PARKED

    def slices(self, start: int, end: int) -> list[Slice]:
        """Return the slices of parked objects with the upload's bytes from `start` up to `end`, in order."""
        return [
            Slice(parked, max(start, parked.start) - parked.start, min(end, parked.end) - parked.start)
            for parked in self.parked
            if parked.start < end and parked.end > start
        ]

    def with_part(self, end: int) -> Self:
        """Return the upload after its next part, which ends at `end`, was made."""
        used = tuple(parked for parked in self.parked if parked.end <= end)
        rest = self.parked[len(used) :]
        return replace(self, parts=self.parts + 1, parked=rest, trash=self.trash + used, making=False)

    def mergeable(self, size: int) -> tuple[Parked, ...]:
        """Return the parked objects to merge with a new chunk of `size` bytes; mostly none.

        Objects are merged only if the state has as many as allowed. Merging only objects that are not larger than the
        merged bytes so far limits how often a byte is sent, for any size of chunks.
        """
        if len(self.parked) < MAX_PARKED:
            return ()
        first = len(self.parked) - 1
        taken = size + self.parked[first].size
        while first > 0 and self.parked[first - 1].size <= taken:
            first -= 1
            taken += self.parked[first].size
        return self.parked[first:]

    def with_parked(self, new: Parked) -> Self:
        """Return the upload with `new` parked at its end, in place of the merged objects."""
        kept = tuple(parked for parked in self.parked if parked.start < new.start)
        return replace(self, parked=(*kept, new), trash=self.trash + self.parked[len(kept) :])
