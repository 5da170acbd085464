"""The state of an unfinished upload to S3: its parked objects and its parts.

No request is made here. The name of a parked object says all that must be known of it, so the state is a list of names.
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
"""Bytes of the smallest part that is not the last one (S3 user guide, "Amazon S3 multipart upload limits")."""

MAX_PARTS = 10_000
"""Parts of one upload (same page)."""

MAX_PARKED = 64
"""Parked objects that a state may name; chunks too small for that are merged with those before them."""

_NAME = re.compile(r"(\d+)-(\d+)-(\d+)-[0-9a-f]{16}", re.ASCII)


def part_size_for(first_chunk: int, largest_object: int) -> int:
    """Return the size in bytes of an upload's parts, all but the last, so that `largest_object` fits in them.

    Clients send chunks of one size, so a first chunk that is big enough makes the size: its like become parts as
    they are.
    """
    fits = -(-largest_object // MAX_PARTS)
    return max(MIN_PART_SIZE, -(-fits // MiB) * MiB, first_chunk)


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked object, by the last segment of its name: `<unix time>-<offset>-<size>-<random>`.

    It holds the upload's bytes from `start` up to `end`. Every write makes a name of its own, with our own clock in
    it, because the times in a server's listings are not to be trusted everywhere.
    """

    name: str

    @classmethod
    def new(cls, start: int, size: int) -> Self:
        return cls(f"{int(time.time())}-{start}-{size}-{secrets.token_hex(8)}")

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Return the parked object of that name, or None where it is not of our making."""
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

    `trash` are parked objects whose bytes became parts. They may only go once a state that does without them is
    official, so the write after that removes them. While the next part is being made beside requests, `making` says so.
    """

    key: str
    content_type: str
    part_size: int = 0
    upload_id: str = ""
    parts: int = 0
    parked: tuple[Parked, ...] = ()
    trash: tuple[Parked, ...] = ()
    disposition: str = ""
    """The Content-Disposition that the object is published with; a multipart upload has it once it is begun."""
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
        """Bytes that the state stands for."""
        return self.parked[-1].end if self.parked else self.parts * self.part_size

    def next_part(self, *, last: bool) -> tuple[int, int] | None:
        """Return where the next part starts and ends, or None: too little is parked. The last one may be short."""
        start = self.parts * self.part_size
        end = min(start + self.part_size, self.size)
        return (start, end) if end - start == self.part_size or (last and end > start) else None

    @property
    def is_full(self) -> bool:
        """Whether the next part must be made before any more is parked: another one is due, or the state would grow."""
        waiting = self.size - self.parts * self.part_size
        return waiting >= 2 * self.part_size or len(self.parked) >= MAX_PARKED

    def slices(self, start: int, end: int) -> list[Slice]:
        """Return the pieces of parked objects that hold the upload's bytes from `start` up to `end`, in order."""
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
        """Return the parked objects that a new chunk of `size` bytes takes into its own object; mostly none.

        Only when the state names as many as it may. Taking in what is no larger than what was taken so far lets
        a byte travel a few times at most, however small the chunks are.
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
        """Return the upload with `new` parked at its end, in place of those whose bytes it took in."""
        kept = tuple(parked for parked in self.parked if parked.start < new.start)
        return replace(self, parked=(*kept, new), trash=self.trash + self.parked[len(kept) :])
