"""@tus/server with its file store, on Node: the usual choice elsewhere. It hashes nothing and syncs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.http import Buffer, Connection
from benchmarks.peers import Peer

HERE = Path(__file__).parent


class Tus(Peer):
    """The tus protocol: a POST creates, then a PATCH per chunk. One process: it has no workers."""

    name = "@tus/server"
    any_size = True

    def command(self, folder: Path, port: int, workers: int) -> tuple[list[str], Mapping[str, str]]:
        return ["node", str(HERE / "tus" / "server.mjs"), str(folder), str(port)], {}

    def send(self, connection: Connection, upload: str, data: Buffer, start: int, total: int) -> str:
        tus = {"Tus-Resumable": "1.0.0"}
        if not upload:
            created = connection.request("POST", "/files", {**tus, "Upload-Length": str(total)}, expect=201)
            upload = "/files/" + created.headers["location"].rpartition("/")[2]
        headers = {**tus, "Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        connection.request("PATCH", upload, headers, [data], expect=204)
        return upload

    def complete(self, connection: Connection, upload: str, md5: str) -> list[str]:
        return []  # the last chunk has completed it
