"""The chunks of the API's own protocol: the first one begins an upload, the next ones continue it."""

from typing import Any

from scapi import metrics
from scapi.formats.filetypes import HEAD_SIZE
from scapi.http.forms import Blocks
from scapi.refusals import Refused
from scapi.storage import storage
from scapi.uploads import append, beginning, caps, md5, rules
from scapi.uploads.assembly import Progress
from scapi.uploads.parsing import Chunk
from scapi.uploads.rules import Position
from storage_backends import State


def begin(chunk: Chunk, position: Position | None, user_id: int | None) -> Progress:
    """Store the first chunk of a new upload; without a position it is the whole file. Raises Refused, StorageError.

    A chunk that breaks off is not kept: its client has no upload_id to continue with.
    """
    content = Blocks(list(chunk.blocks()))
    size = content.size
    position = (position or Position(0, None, size)).of_size(size)
    if position.start != 0:
        raise Refused("offset_mismatch", "without an upload_id a chunk begins at offset 0", offset="0")
    if chunk.check:
        for block in content.blocks:
            chunk.check.update(block)
        chunk.check.verify()
    mimetype = rules.check_type(content.head(HEAD_SIZE))
    beginning.check_size(size if position.total is None else position.total, mimetype)
    caps.check(user_id, position.total, mimetype)

    def store(state: State) -> dict[str, Any]:
        written = storage.write(state, 0, content.stream(), size)
        metrics.RECEIVED_BYTES.inc(size)
        hashed = md5.after(md5.start())
        for block in content.blocks:
            hashed.update(block)
        values = {"state": written, "offset": size, "md5": hashed.state()}
        return {**values, "md5_durable": values["md5"]} if storage.is_durable(written) else values

    return beginning.insert(user_id, chunk.filename, position.total, mimetype, store)


def go_on(upload_id: str, chunk: Chunk, position: Position, user_id: int | None) -> Progress:
    """Store the next chunk of an upload, or the last one again. Raises Refused, StorageError, and errors of reading."""
    if chunk.size is not None:
        rules.check_length(position, chunk.size)
        position = position.of_size(chunk.size)
    return append.stream(upload_id, user_id, position, chunk.blocks, resend=True, check=chunk.check)
