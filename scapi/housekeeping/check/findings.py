"""What a check finds: kept on disk until it is reported or mended, so that memory stays small."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Self


class Kind(StrEnum):
    """What may be wrong with a file."""

    LOST = "lost"
    """A row whose file is not there."""

    DAMAGED = "damaged"
    """A file that is not the one that its row describes."""

    ORPHAN = "orphan"
    """A file that no row names."""

    LEFTOVER = "leftover"
    """Bytes of an unfinished upload that no row names."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `media_id` and `file_id` are those of the row, `name` is a leftover's own."""

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
    """Findings in a temporary file, and how many there are of each kind. To be closed, or used as a context."""

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()
        self._file = tempfile.TemporaryFile("w+")  # noqa: SIM115 - it goes with this object

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, finding: Finding) -> None:
        """Keep a finding."""
        self.counts[finding.kind] += 1
        self._file.write(json.dumps(asdict(finding)) + "\n")

    def __iter__(self) -> Iterator[Finding]:
        self._file.seek(0)
        for line in self._file:
            fields = json.loads(line)
            yield Finding(**{**fields, "kind": Kind(fields["kind"])})
