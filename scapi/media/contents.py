"""What is in an uploaded file, and the files that are made of it."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from scapi.formats import cleaning
from scapi.formats.filetypes import EXTENSIONS, HEAD_SIZE, SIGNATURE_SIZE, UNKNOWN, is_image
from scapi.inspection import facts, questions, sources
from scapi.inspection.facts import DocumentFacts, ImageFacts
from scapi.inspection.questions import Question
from scapi.inspection.room import Visit
from scapi.inspection.sources import Source
from scapi.media import files
from scapi.media.models import Media, MediaFile, MediaType, Role
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.storage import storage
from scapi.uploads import filenames, rules
from scapi.uploads.keys import PREVIEW, SERVED, THUMBNAIL, key_of
from scapi.uploads.rows import UploadRow

WANTED = {
    "image": MediaType.IMAGE,
    "editor_image": MediaType.EDITOR_IMAGE,
    "eimage": MediaType.EDITOR_IMAGE,
    "document": MediaType.DOCUMENT,
    "doc": MediaType.DOCUMENT,
}
"""The media type by the `type` of a request; every other one leaves it to the bytes."""

NO_TITLE = ("", "blob")
"""File names that say nothing: browsers call a resized photo `blob`."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What the media made of an upload has: its columns, its files, and the keys of files that these replace."""

    columns: dict[str, Any]
    files: list[MediaFile]
    replaced: list[str]

    def media(self, **more: Any) -> Media:
        """Return the media, with more columns of its own."""
        return Media(**self.columns, **more, files=self.files, stored=sum(file.size for file in self.files))


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file came as: the id that its keys are made of, and its name."""

    id: str
    filename: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file that was decoded and found whole: `data` is what is served of it."""

    data: bytes
    mimetype: str
    image: ImageFacts


def inspect(upload: UploadRow, wanted: str | None, visit: Visit) -> Contents:
    """Have the published file of `upload` inspected, save what is made of it, and return what its media has.

    Raises Refused for a file that is not what it should be; nothing is saved then.
    """
    mimetype = _mimetype(upload)
    kind = _kind(wanted, mimetype)
    with _published(key_of(upload.id), upload.offset) as source:
        if is_image(mimetype):
            image = visit.facts(_about_image(source, mimetype))
        else:
            document = visit.facts(questions.about_document(source))
    return _image(upload, mimetype, kind, image) if is_image(mimetype) else _document(upload, mimetype, kind, document)


def check_image(data: bytes, visit: Visit) -> Picture:
    """Return the image that `data` is, which did not come as an upload. Raises Refused."""
    mimetype = rules.check_type(data[:HEAD_SIZE].ljust(SIGNATURE_SIZE, b"\0"))
    _kind(MediaType.IMAGE, mimetype)
    image = visit.facts(_about_image(sources.of_bytes(data), mimetype))
    return Picture(image.served or data, mimetype, image)


def save_image(origin: Origin, picture: Picture) -> Contents:
    """Save an image that did not come as an upload, and what is made of it, and return what its media has."""
    key = key_of(origin.id)
    storage.save(key, BytesIO(picture.data), picture.mimetype)
    return _contents(origin, _file(origin, key, picture.mimetype, len(picture.data)), picture.image, MediaType.IMAGE)


@contextmanager
def _published(key: str, size: int) -> Iterator[Source]:
    """Give a published file to the room: its descriptor where it is on a local disk, else ranges of it."""
    with storage.open(key) as stream:
        descriptor = sources.descriptor_of(stream)
        if descriptor is not None:
            yield Source(size, descriptor)
            return
    yield Source(size, ranges=lambda offset, length: storage.open(key, offset, length))


def _about_image(source: Source, mimetype: str) -> Question[ImageFacts]:
    return questions.about_image(source, mimetype, max_pixels=settings.max_image_pixels, strip=settings.strip_metadata)


def _mimetype(upload: UploadRow) -> str:
    """Return the file's type, from its bytes where the first chunk was too small to tell."""
    mimetype: str = upload.mimetype
    if mimetype == UNKNOWN:
        with storage.open(key_of(upload.id), 0, HEAD_SIZE) as head:
            mimetype = rules.check_type(head.read(HEAD_SIZE).ljust(SIGNATURE_SIZE, b"\0"))
    rules.check_size(upload.offset, mimetype, settings.max_image_bytes, settings.max_document_bytes)
    return mimetype


def _kind(wanted: str | None, mimetype: str) -> MediaType:
    by_bytes = MediaType.IMAGE if is_image(mimetype) else MediaType.DOCUMENT
    kind = WANTED.get(wanted or "", by_bytes)
    if (kind == MediaType.DOCUMENT) != (by_bytes == MediaType.DOCUMENT):
        raise Refused("type_mismatch", f"the file is {mimetype}, which is no {wanted}", field="type")
    return kind


def _image(upload: UploadRow, mimetype: str, kind: MediaType, image: ImageFacts) -> Contents:
    key, size, replaced = key_of(upload.id), upload.offset, []
    if image.served is not None:
        replaced.append(key)
        key, size = key + SERVED, len(image.served)
        storage.save(key, BytesIO(image.served), mimetype)
    origin = Origin(upload.id, upload.filename)
    return _contents(origin, _file(origin, key, mimetype, size), image, kind, replaced)


def _contents(
    origin: Origin, file: MediaFile, image: ImageFacts, kind: MediaType, replaced: Sequence[str] = ()
) -> Contents:
    """Save the thumbnail of an image, and return what its media has."""
    file.width, file.height = image.width, image.height
    file.md5_served = None if image.served is None else _md5(image.served)
    file.cleaned = cleaning.RULES if settings.strip_metadata else None
    columns = {"type": kind, "title": _title(origin.filename), "color": image.color}
    return Contents(columns, [file, _save(origin.id, Role.THUMBNAIL, THUMBNAIL, image.thumbnail)], list(replaced))


def _document(upload: UploadRow, mimetype: str, kind: MediaType, document: DocumentFacts) -> Contents:
    origin = Origin(upload.id, upload.filename)
    made = [_file(origin, key_of(upload.id), mimetype, upload.offset)]
    columns = {"type": kind, "title": _title(upload.filename) or document.title, "pages": document.pages}
    if document.preview and document.thumbnail:
        made.append(_save(upload.id, Role.PREVIEW, PREVIEW, document.preview))
        made.append(_save(upload.id, Role.THUMBNAIL, THUMBNAIL, document.thumbnail))
        columns["color"] = document.color
    return Contents(columns, made, [])


def _file(origin: Origin, key: str, mimetype: str, size: int) -> MediaFile:
    """Return the file that was sent, as it is served."""
    return MediaFile(
        role=Role.FILE,
        name=files.url_name(origin.filename, mimetype),
        title=_file_title(origin.filename, mimetype),
        key=key,
        mimetype=mimetype,
        size=size,
    )


def _save(origin_id: str, role: Role, suffix: str, image: facts.Picture) -> MediaFile:
    """Save an image that was made of a file."""
    key = key_of(origin_id) + suffix
    storage.save(key, BytesIO(image.data), image.mimetype)
    name = role + EXTENSIONS[image.mimetype]
    return MediaFile(
        role=role,
        name=name,
        title=name,
        key=key,
        mimetype=image.mimetype,
        size=len(image.data),
        width=image.width,
        height=image.height,
        md5_served=_md5(image.data),
    )


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _title(filename: str) -> str | None:
    """Return the title that a file name makes: without its extension, None where it says nothing."""
    stem = filenames.stem(filename)
    return None if stem in NO_TITLE else stem


def _file_title(filename: str, mimetype: str) -> str:
    """Return the name under which a browser saves the file: its own, with the extension that its bytes ask for."""
    stem = _title(filename) or ("image" if is_image(mimetype) else "document")
    return stem[:200] + EXTENSIONS[mimetype]
