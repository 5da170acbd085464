"""The chunks of the API's own protocol: the first one begins an upload, the next ones continue it.

A chunk is a form with one file, whose bytes are passed on as they arrive.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import marshmallow as ma
from flask import Request
from multipart import MultipartSegment
from webargs import core
from webargs.flaskparser import abort

from scapi import metrics
from scapi.formats.filetypes import HEAD_SIZE
from scapi.http import bodies, forms, incoming
from scapi.http.forms import Blocks
from scapi.refusals import Refused
from scapi.storage import storage
from scapi.uploads import append, beginning, caps, digests, md5, rules
from scapi.uploads.aside import Aside
from scapi.uploads.assembly import Progress
from scapi.uploads.digests import Digests
from scapi.uploads.rules import Position
from storage_backends import State

NO_UPLOAD = ("", "null", "undefined")
"""Values of `upload_id` for clients without one, and of `offset` beside a Content-Range."""

POSITION = ("upload_id", "offset")


class Chunk:
    """The file in a chunk's form: its name, and its `size` in bytes if it has arrived completely.

    `check` is set if the request has digests.
    """

    def __init__(self, request: Request) -> None:
        self.filename = ""
        self.size: int | None = None
        self.check: ChunkCheck | None = None
        self._fields = forms.Fields()
        self._request = request
        self._silent: Callable[[], None] = incoming.nothing
        self._blocks: Iterable[bytes] = ()

    def read(self) -> bool:
        """Read until the position of the file's bytes is known, or to the end of the form.

        Return whether there is a file.
        """
        coming = self._content()
        first = next(coming, b"")
        if first and self._has_position():
            self._blocks = chain((first,), coming)
            return True
        come = Aside()
        for block in chain((first,), coming):
            come.add(block)
        self._blocks, self.size = come.blocks(), come.size
        return come.size > 0 or self.filename != ""

    def blocks(self, silent: Callable[[], None] = incoming.nothing) -> Iterable[bytes]:
        """Return the bytes of the file as they arrive. See `scapi.uploads.sources.Source`."""
        self._silent = silent
        return self._blocks

    def fields(self) -> dict[str, str]:
        """Return the fields that have arrived."""
        found = self._fields.found
        return {name: text for name, text in found.items() if name not in POSITION or text not in NO_UPLOAD}

    def _has_position(self) -> bool:
        """Return whether the header and the fields before the file contain the upload and the position."""
        fields = self.fields()
        return "upload_id" in fields and ("Content-Range" in self._request.headers or "offset" in fields)

    def _content(self) -> Iterator[bytes]:
        """Yield the bytes of the file; store fields, name and digests on the way. An empty input is not a file.

        Raises BadRequest and others.
        """
        files, filename, data = 0, None, list[bytes]()
        for event in forms.events(self._request, self._body()):
            if isinstance(event, MultipartSegment):
                filename, data, counted = forms.filename_of(event), [], False
                if filename is None:
                    self._fields.begin(event)
                elif filename:
                    self.filename = self.filename or filename
            elif event is None and filename is None:
                self._fields.end(data)
            elif event is not None and filename is None:
                data.append(event)
            if filename is not None and not counted and (filename or (isinstance(event, bytes) and event)):
                files, counted = files + 1, True
                if files > 1:
                    abort(400, messages={"chunk": ["one file part was expected, not more"]})
            if event and isinstance(event, bytes) and filename is not None:
                yield event

    def _body(self) -> Iterable[bytes]:
        blocks = incoming.blocks(self._request, lambda: self._silent())
        headers = self._request.headers
        content_digest, content_md5 = headers.get("Content-Digest"), headers.get("Content-MD5")
        wanted = digests.parse(content_digest, content_md5) if content_digest or content_md5 else None
        if not wanted:
            return blocks
        self.check = ChunkCheck(wanted)
        return self.check.hear(blocks)


class ChunkCheck:
    """Compares the digests of a chunk: of the request's body, as in RFC 9530, or of the bytes of the file."""

    def __init__(self, wanted: Mapping[str, bytes]) -> None:
        self._body = Digests(wanted)
        self._file = Digests(wanted)

    def hear(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the blocks of the request's body."""
        for block in body:
            self._body.update(block)
            yield block

    def update(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        self._file.update(data)

    def verify(self) -> None:
        """Raise Refused if the digests match neither the body nor the file."""
        if not (self._body.agree() or self._file.agree()):
            raise digests.mismatch()


class ChunkParser(bodies.BodyParser):
    """Reads the location `chunk`: the fields of a form, and its file part of any name as `file`."""

    __location_map__ = {**bodies.BodyParser.__location_map__, "chunk": "load_chunk"}

    def load_chunk(self, req: Request, schema: ma.Schema) -> Mapping[str, Any]:
        """Return the fields and the file. An empty input does not count as a file. Raises BadRequest and others."""
        if req.mimetype != bodies.MULTIPART:  # other types have no file
            return {**self.load_json_or_form(req, schema), "file": core.missing}
        chunk = Chunk(req)
        there = chunk.read()
        return {**chunk.fields(), "file": chunk if there else core.missing}


class ChunkBlueprint(bodies.Blueprint):
    """scapi's Blueprint, which can also parse chunks."""

    ARGUMENTS_PARSER = ChunkParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        **bodies.Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "chunk": bodies.MULTIPART,
    }


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
