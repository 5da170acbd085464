"""A chunk's request: a form with one file in it, or the chunk's bytes alone."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask import Request
from webargs import core
from webargs.flaskparser import abort

from scapi import bodies, forms
from scapi.uploads import md5, rows
from scapi.uploads.assembly import Received
from scapi.uploads.hashing import WORTHWHILE, Hashing
from scapi.uploads.schemas import NO_UPLOAD

OCTETS = "application/octet-stream"


class ChunkParser(bodies.BodyParser):
    """Reads the location `chunk`: the fields of a form, and its one file part, whatever its name, as `file`.

    Where the body is the chunk itself (`application/octet-stream`), the fields come from the query.
    """

    __location_map__ = {**bodies.BodyParser.__location_map__, "chunk": "load_chunk"}

    def load_chunk(self, req: Request, schema: ma.Schema) -> Mapping[str, Any]:
        """Return the fields and the file. An input that was left empty is none. Raises BadRequest and others."""
        if req.mimetype == OCTETS:
            return self._load_octets(req)
        if req.mimetype != bodies.MULTIPART:  # which has no file
            return {**self.load_json_or_form(req, schema), "file": core.missing}
        hashing: list[Hashing] = []
        form = forms.read(req, lambda fields: _listener(req, fields, hashing))
        parts = [part for part in form.files if part.filename or part.content.size]
        if len(parts) > 1:
            abort(400, messages={"chunk": [f"one file part was expected, not {len(parts)}"]})
        if not parts:
            return {**form.fields, "file": core.missing}
        begun = hashing[0] if len(hashing) == 1 else None
        return {**form.fields, "file": Received(parts[0].filename, parts[0].content, begun)}

    def _load_octets(self, req: Request) -> Mapping[str, Any]:
        fields, hashing, data = req.args.to_dict(), list[Hashing](), list[bytes]()
        listener = _listener(req, fields, hashing)
        for block in forms.blocks(req):
            data.append(block)
            if listener:
                listener(block)
        received = Received(fields.get("filename", ""), forms.Blocks(data), hashing[0] if hashing else None)
        return {**fields, "file": received}


class ChunkBlueprint(bodies.Blueprint):
    """scapi's Blueprint, taught to parse and document chunks."""

    ARGUMENTS_PARSER = ChunkParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        **bodies.Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "chunk": bodies.MULTIPART,
    }

    def _prepare_arguments_doc(self, doc: dict[str, Any], doc_info: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        doc = super()._prepare_arguments_doc(doc, doc_info, **kwargs)
        content = doc.get("requestBody", {}).get("content", {})
        if bodies.MULTIPART in content and bodies.JSON not in content:
            content[OCTETS] = {"schema": {"type": "string", "format": "binary"}}
        return doc


def _listener(request: Request, fields: Mapping[str, str], hashing: list[Hashing]) -> forms.Listener | None:
    """Begin to hash a large chunk while it comes in, on a guess that is nearly always right: that it is the next."""
    if (request.content_length or 0) < WORTHWHILE:
        return None
    upload_id = fields.get("upload_id", "")
    if upload_id in NO_UPLOAD:
        before = md5.start()
    else:
        upload = rows.find(upload_id)
        if upload is None:
            return None
        before = upload.md5
    hashing.append(Hashing(before))
    return hashing[-1].update
