"""What is in an uploaded file, and the files that are made of it."""

import hashlib
from dataclasses import dataclass
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any

from sqlalchemy import Row

from scapi.formats import cleaning, documents, filetypes, images
from scapi.formats.documents import InvalidDocument
from scapi.formats.filetypes import EXTENSIONS, SIGNATURE_SIZE, UNKNOWN, is_image
from scapi.formats.images import ImageLimits, InspectedImage, InvalidImage, Thumbnail
from scapi.media import files
from scapi.media.models import Media, MediaFile, MediaType, Role
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.storage import storage
from scapi.uploads import filenames, rules
from scapi.uploads.keys import PREVIEW, SERVED, THUMBNAIL, key_of

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


class _StoredFile(RawIOBase):
    """A published file, read by ranges only where it is looked at."""

    def __init__(self, key: str, size: int) -> None:
        self._key = key
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        length = min(len(buffer), self._size - self._at)
        if length <= 0:
            return 0
        with storage.open(self._key, self._at, length) as part:
            data = part.read(length)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


@dataclass(frozen=True, slots=True)
class Source:
    """What a file came as: the id that its keys are made of, and its name."""

    id: str
    filename: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file that was decoded and found whole: `data` is what is served of it."""

    data: bytes
    mimetype: str
    image: InspectedImage


def inspect(upload: Row[Any], wanted: str | None) -> Contents:
    """Look into the published file of `upload`, save what is made of it, and return what its media has.

    Raises Refused for a file that is not what it should be; nothing is saved then.
    """
    mimetype = _mimetype(upload)
    kind = _kind(wanted, mimetype)
    try:
        return _image(upload, mimetype, kind) if is_image(mimetype) else _document(upload, mimetype, kind)
    except (InvalidImage, InvalidDocument) as error:
        raise Refused(error.code, str(error)) from error


def check_image(data: bytes) -> Picture:
    """Return the image that `data` is, which did not come as an upload. Raises Refused."""
    mimetype = rules.check_type(data[:SIGNATURE_SIZE].ljust(SIGNATURE_SIZE, b"\0"))
    _kind(MediaType.IMAGE, mimetype)
    try:
        return _picture(data, mimetype)
    except InvalidImage as error:
        raise Refused(error.code, str(error)) from error


def save_image(source: Source, picture: Picture) -> Contents:
    """Save an image that did not come as an upload, and what is made of it, and return what its media has."""
    key = key_of(source.id)
    storage.save(key, BytesIO(picture.data), picture.mimetype)
    return _contents(source, key, picture, MediaType.IMAGE, [])


def _mimetype(upload: Row[Any]) -> str:
    """Return the file's type, from its bytes where the first chunk was too small to tell."""
    mimetype: str = upload.mimetype
    if mimetype == UNKNOWN:
        with storage.open(key_of(upload.id), 0, SIGNATURE_SIZE) as head:
            mimetype = rules.check_type(head.read(SIGNATURE_SIZE).ljust(SIGNATURE_SIZE, b"\0"))
    rules.check_size(upload.offset, mimetype, settings.max_image_bytes, settings.max_document_bytes)
    return mimetype


def _kind(wanted: str | None, mimetype: str) -> MediaType:
    by_bytes = MediaType.IMAGE if is_image(mimetype) else MediaType.DOCUMENT
    kind = WANTED.get(wanted or "", by_bytes)
    if (kind == MediaType.DOCUMENT) != (by_bytes == MediaType.DOCUMENT):
        raise Refused("type_mismatch", f"the file is {mimetype}, which is no {wanted}", field="type")
    return kind


def _image(upload: Row[Any], mimetype: str, kind: MediaType) -> Contents:
    key = key_of(upload.id)
    with storage.open(key) as file:
        data = file.read()
    picture = _picture(data, mimetype)
    replaced = []
    if picture.data is not data:
        replaced.append(key)
        key += SERVED
        storage.save(key, BytesIO(picture.data), mimetype)
    return _contents(Source(upload.id, upload.filename), key, picture, kind, replaced)


def _picture(data: bytes, mimetype: str) -> Picture:
    image = images.inspect(data, mimetype, ImageLimits(max_pixels=settings.max_image_pixels))
    served = cleaning.cleaned(data, mimetype) if settings.strip_metadata else data
    return Picture(served, mimetype, image)


def _contents(source: Source, key: str, picture: Picture, kind: MediaType, replaced: list[str]) -> Contents:
    """Return what the media of a picture has whose file is kept at `key`, and save its thumbnail."""
    image = picture.image
    original = MediaFile(
        role=Role.FILE,
        name=files.url_name(source.filename, picture.mimetype),
        title=_file_title(source.filename, picture.mimetype),
        key=key,
        mimetype=picture.mimetype,
        size=len(picture.data),
        width=image.width,
        height=image.height,
        md5_served=_md5(picture.data),
        cleaned=cleaning.RULES if settings.strip_metadata else None,
    )
    columns = {"type": kind, "title": _title(source.filename), "color": image.thumbnail.color}
    return Contents(columns, [original, _save(source.id, Role.THUMBNAIL, THUMBNAIL, image.thumbnail)], replaced)


def _document(upload: Row[Any], mimetype: str, kind: MediaType) -> Contents:
    key, size = key_of(upload.id), upload.offset
    document = documents.inspect(BufferedReader(_StoredFile(key, size)), size)
    original = MediaFile(
        role=Role.FILE,
        name=files.url_name(upload.filename, mimetype),
        title=_file_title(upload.filename, mimetype),
        key=key,
        mimetype=mimetype,
        size=size,
    )
    columns = {"type": kind, "title": _title(upload.filename) or document.title, "pages": document.pages}
    made = [original]
    if preview := document.preview:
        thumbnail = images.inspect(preview.data, filetypes.JPEG).thumbnail
        page = Thumbnail(preview.data, filetypes.JPEG, preview.width, preview.height, thumbnail.color)
        made.append(_save(upload.id, Role.PREVIEW, PREVIEW, page))
        made.append(_save(upload.id, Role.THUMBNAIL, THUMBNAIL, thumbnail))
        columns["color"] = thumbnail.color
    return Contents(columns, made, [])


def _save(source_id: str, role: Role, suffix: str, image: Thumbnail) -> MediaFile:
    """Save an image that was made of a file."""
    key = key_of(source_id) + suffix
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
