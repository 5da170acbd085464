"""Requests and answers about uploads."""

import marshmallow as ma
from flask_smorest.fields import Upload as FilePart

from scapi.http.bodies import Moment, Schema
from scapi.uploads.models import Status


class ChunkMediaSchema(Schema):
    """A chunk of a file, and the progress of its upload."""

    upload_id = ma.fields.String(
        allow_none=True,
        metadata={"description": "From the answer to the first chunk; absent or empty on the first", "example": ""},
    )
    offset = ma.fields.String(
        allow_none=True,
        metadata={
            "description": "In requests: where the chunk begins, if there is no Content-Range header. "
            "In answers: the number of safely stored bytes, where the next chunk begins",
            "example": "",
            "pattern": "^[0-9]{0,19}$",
        },
    )
    expires = Moment(
        attribute="expires_at", dump_only=True, metadata={"description": "When the unfinished upload expires, in UTC"}
    )
    file = FilePart(
        load_only=True,
        required=True,
        error_messages={"required": "a file part with the chunk's bytes was expected (multipart/form-data)"},
        metadata={"description": "The chunk's bytes. The part may have any name, such as image or document"},
    )


class UploadSchema(Schema):
    """The state of an upload."""

    upload_id = ma.fields.String(attribute="id")
    offset = ma.fields.String(metadata={"description": "Bytes that are safely stored; the next chunk begins here"})
    total = ma.fields.String(allow_none=True, metadata={"description": "Bytes of the whole file; null: not known yet"})
    expires = Moment(attribute="expires_at")
    filename = ma.fields.String()
    status = ma.fields.String(validate=ma.validate.OneOf([Status.UPLOADING, Status.COMPLETED]))
