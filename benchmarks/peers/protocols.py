"""scapi with other protocols: tus, and HTTP's own resumable uploads."""

from __future__ import annotations

from benchmarks.http import Buffer, Connection
from benchmarks.peers.ours import Scapi

TUS = {"Tus-Resumable": "1.0.0"}


class ScapiTus(Scapi):
    """A POST creates, then a PATCH per chunk; the last one makes the media, which the peers do not do."""

    name = "scapi, tus"
    any_size = True

    def send(self, connection: Connection, upload: str, data: Buffer, start: int, total: int) -> str:
        if not upload:
            create = {**TUS, "Upload-Length": str(total)}
            upload = connection.request("POST", "/api/v2/tus/", create, expect=201).headers["location"]
        headers = {**TUS, "Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        connection.request("PATCH", upload, headers, [data], expect=204)
        return upload

    def complete(self, connection: Connection, upload: str, md5: str) -> list[str]:
        return []  # the last chunk has completed it


class ScapiResumable(ScapiTus):
    """The POST that creates has the first chunk; the last one, often the first, makes the media."""

    name = "scapi, resumable"

    def send(self, connection: Connection, upload: str, data: Buffer, start: int, total: int) -> str:
        last = start + len(data) == total
        headers = {"Upload-Complete": "?1" if last else "?0"}
        if upload:
            headers |= {"Upload-Offset": str(start), "Content-Type": "application/partial-upload"}
            connection.request("PATCH", upload, headers, [data], expect=201 if last else 204)
            return upload
        headers |= {"Upload-Length": str(total), "Content-Type": "application/octet-stream"}
        answer = connection.request("POST", "/api/v2/media/", headers, [data], expect=201)
        return answer.headers.get("location", "")  # the answer that makes the media does not name the upload
