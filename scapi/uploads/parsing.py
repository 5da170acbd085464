"""A chunk's request: a form with one file in it."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from flask import Request
from webargs import core
from webargs.flaskparser import abort

from scapi.http import bodies, forms
from scapi.uploads import md5, rows
from scapi.uploads.assembly import Received
from scapi.uploads.hashing import WORTHWHILE, Hashing
from scapi.uploads.schemas import NO_UPLOAD


class ChunkParser(bodies.BodyParser):
    """Reads the location `chunk`: the fields of a form, and its one file part, whatever its name, as `file`."""

    __location_map__ = {**bodies.BodyParser.__location_map__, "chunk": "load_chunk"}

    def load_chunk(self, req: Request, schema: ma.Schema) -> Mapping[str, Any]:
        """Return the fields and the file. An input that was left empty is none. Raises BadRequest and others."""
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


class ChunkBlueprint(bodies.Blueprint):
    """scapi's Blueprint, taught to parse chunks."""

    ARGUMENTS_PARSER = ChunkParser()
    DEFAULT_LOCATION_CONTENT_TYPE_MAPPING = {
        **bodies.Blueprint.DEFAULT_LOCATION_CONTENT_TYPE_MAPPING,
        "chunk": bodies.MULTIPART,
    }


def _listener(request: Request, fields: Mapping[str, str], hashing: list[Hashing]) -> forms.Listener | None:
    """Begin to hash a large chunk while it comes in, on a guess that is nearly always right: that it is the next."""
    if (request.content_length or 0) < WORTHWHILE or len(hashing) > 1:  # of several files none is taken
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
