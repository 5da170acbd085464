"""The resources of the workers, as Linux and the database count them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.running import Server

KiB = 1024


@dataclass(frozen=True)
class Look:
    """The resources of the workers at one moment, `second` seconds after the beginning."""

    second: float
    resident: dict[int, int]
    private: dict[int, int]
    descriptors: dict[int, int]
    threads: dict[int, int]
    connections: int

    @classmethod
    def at(cls, server: Server, began: float) -> Look:
        """Measure the workers now."""
        pids = server.workers()
        rollups = {pid: _kilobytes(Path(f"/proc/{pid}/smaps_rollup")) for pid in pids}
        return cls(
            time.monotonic() - began,
            {pid: found["Rss"] for pid, found in rollups.items()},
            {pid: found["Private_Clean"] + found["Private_Dirty"] for pid, found in rollups.items()},
            {pid: len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids},
            {pid: len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids},
            _connections(server),
        )

    def __str__(self) -> str:
        columns = [
            " ".join(f"{size // KiB}" for size in self.resident.values()),
            " ".join(f"{size // KiB}" for size in self.private.values()),
            " ".join(map(str, self.descriptors.values())),
            " ".join(map(str, self.threads.values())),
            str(self.connections),
        ]
        return f"| {self.second:.0f} | " + " | ".join(columns) + " |"


def _kilobytes(file: Path) -> dict[str, int]:
    fields = (line.split() for line in file.read_text().splitlines()[1:])
    return {name.rstrip(":"): int(size) for name, size, *_ in fields}


def _connections(server: Server) -> int:
    """Return the number of this server's database connections; SQLite has none."""
    url = server.settings["SCAPI_DATABASE_URL"]
    if not url.startswith("postgresql"):
        return 0
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        found: Any = connection.execute(
            "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
        ).fetchone()
    return int(found[0])
