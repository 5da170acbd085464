"""A temporary database and storage for a benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import databases, running, servers
from tests.running import Server

STORAGES = {"local": None, "moto": servers.moto_server, "seaweedfs": servers.seaweedfs}


@contextmanager
def serve(database: str, storage: str, *, workers: int, **settings: str) -> Iterator[Server]:
    """Serve scapi on one of `databases.KINDS` and one of STORAGES."""
    with ExitStack() as stack:
        # a socket's path may have at most about 100 characters
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scapi")))
        chosen = {"SCAPI_DATA_DIR": str(folder / "data"), **settings}
        if database == "sqlite":
            chosen["SCAPI_DATABASE_URL"] = databases.SQLite(folder).create()
        else:
            server = stack.enter_context(databases.postgresql(folder / "postgresql", durable=True))
            chosen["SCAPI_DATABASE_URL"] = server.create()
        start = STORAGES[storage]
        if start is not None:
            s3 = stack.enter_context(start())
            chosen |= s3.process_environment()
            chosen["SCAPI_S3_PREFIX"] = "benchmark/"
        yield stack.enter_context(running.scapi(folder / "server", workers=workers, **chosen))
