"""The findings of a check: stored on disk until they are reported or repaired, so that memory stays small."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self


class Kind(StrEnum):
    """The kinds of problems of a file."""

    LOST = "lost"
    """A row whose file is missing."""

    DAMAGED = "damaged"
    """A file that differs from its row."""

    ORPHAN = "orphan"
    """A file that no row names."""

    LEFTOVER = "leftover"
    """Bytes of an unfinished upload that no row names."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. `media_id` and `file_id` are those of the row, `name` is that of a leftover."""

    kind: Kind
    storage: str
    key: str
    about: str
    media_id: int | None = None
    file_id: int | None = None
    name: str = ""

    def __str__(self) -> str:
        media = "" if self.media_id is None else f" of media {self.media_id}"
        return f"{self.kind}: {self.name or self.key}{media} in {self.storage}: {self.about}"


class Findings:
    """Findings in a temporary file, and their number by kind. Must be closed, or used as a context manager."""

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()
        self._file = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it goes with this object

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, finding: Finding) -> None:
        """Store a finding."""
        self.counts[finding.kind] += 1
        self._file.write(json.dumps(asdict(finding)) + "\n")

    def __iter__(self) -> Iterator[Finding]:
        self._file.seek(0)
        for line in self._file:
            fields = json.loads(line)
            yield Finding(**{**fields, "kind": Kind(fields["kind"])})
