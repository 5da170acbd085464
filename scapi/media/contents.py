"""The content of an uploaded file, and the files that are made from it."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from typing import Any

from scapi import storage as storages
from scapi.database import now
from scapi.formats import cleaning
from scapi.formats.filetypes import EXTENSIONS, HEAD_SIZE, JPEG, PNG, UNKNOWN, is_image, served_as
from scapi.http import dispositions
from scapi.inspection import facts, questions, sources
from scapi.inspection.facts import DocumentFacts, ImageFacts
from scapi.inspection.questions import Question
from scapi.inspection.room import Visit
from scapi.inspection.sources import Source
from scapi.media import plans
from scapi.media.models import Media, MediaFile, MediaType, Role
from scapi.refusals import Refused
from scapi.settings import settings
from scapi.storage import name_in_use, storage
from scapi.uploads import naming, rules
from scapi.uploads.keys import PREVIEW, SERVED, THUMBNAIL
from scapi.uploads.rows import UploadRow
from scapi.uploads.rules import key_of
from storage_backends import NotFound, StorageBackend
from storage_backends.parallel import Parallel

WANTED = {
    "image": MediaType.IMAGE,
    "editor_image": MediaType.EDITOR_IMAGE,
    "eimage": MediaType.EDITOR_IMAGE,
    "document": MediaType.DOCUMENT,
    "doc": MediaType.DOCUMENT,
}
"""The media type for the `type` of a request. For any other `type` the bytes decide."""

SUFFIXES = {Role.PREVIEW: PREVIEW, Role.THUMBNAIL: THUMBNAIL}
"""Suffixes of a file's key, for the pictures that are made from the file."""

_saving = Parallel(4, "saving")
"""Saves pictures in parallel (on S3 each takes a round trip), and hashes beside that."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The parts of a media made from an upload: its columns, its files, and the keys of files that these replace."""

    columns: dict[str, Any]
    files: list[MediaFile]
    replaced: list[str]

    def media(self, **more: Any) -> Media:
        """Return the media, with these further columns."""
        return Media(**self.columns, **more, files=self.files, stored=sum(file.size for file in self.files))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file comes from: the id in its keys, and its name."""

    id: str
    filename: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file that was decoded and is complete; `data` is the file to serve."""

    data: bytes
    mimetype: str
    image: ImageFacts


def save_served(upload: UploadRow, mimetype: str, data: bytes | None) -> MediaFile | None:
    """Save the file to serve instead of the sent one, synced, and return its row; None if there is none."""
    if data is None:
        return None
    key, shown_as = key_of(upload.id) + SERVED, served_as(mimetype)
    hashing = _saving.begin(partial(md5_of, data))  # it takes as long as the sync
    storage.save_named(key, BytesIO(data), shown_as, naming.disposition(upload.filename, shown_as))
    file = _file(Origin(upload.id, upload.filename), key, shown_as, len(data))
    file.md5_served = hashing.result()
    return file


def save(
    upload: UploadRow, mimetype: str, kind: MediaType, found: ImageFacts | DocumentFacts, served: MediaFile | None
) -> Contents:
    """Save the pictures made from the file of `upload`, and return the contents of its media.

    `served` is the row of the file to serve instead of the sent one.
    """
    if upload.mimetype == UNKNOWN:
        _describe(upload, mimetype)
    if isinstance(found, ImageFacts):
        return _image(upload, mimetype, kind, found, served)
    return _document(upload, mimetype, kind, found)


def _describe(upload: UploadRow, mimetype: str) -> None:
    """Set type and name of the published file, if its first chunk was too small to show its type.

    Needed only if clients load the file directly from the storage; otherwise scapi sends both.
    """
    key, disposition = key_of(upload.id), naming.disposition(upload.filename, mimetype)
    if storage.url(key, mimetype, disposition):
        with storage.open(key) as stream:
            storage.save_named(key, stream, mimetype, disposition)


def question(source: Source, mimetype: str) -> Question[Any]:
    """Return the question to ask about a file of that type."""
    if not is_image(mimetype):
        return questions.about_document(source)
    return questions.about_image(source, mimetype, max_pixels=settings.max_image_pixels, strip=settings.strip_metadata)


@contextmanager
def unpublished(upload: UploadRow) -> Iterator[Source | None]:
    """Open the file of an upload before it is published; None if the storage cannot do that or it is published."""
    try:
        stream = storage.peek(upload.state)
    except NotFound:
        stream = None
    if stream is None:
        yield None
        return
    with stream:
        descriptor = sources.descriptor_of(stream)
        yield None if descriptor is None else Source(upload.offset, descriptor)


def published(key: str, size: int) -> Source:
    """Return a published file, to be read by ranges."""
    return Source(size, ranges=lambda offset, length: storage.open(key, offset, length))


def mimetype_of(upload: UploadRow, source: Source) -> str:
    """Return the file's type; read from its bytes if the first chunk was too small to show it. Raises Refused."""
    mimetype: str = upload.mimetype
    if mimetype == UNKNOWN:
        mimetype = rules.check_type(source.head(HEAD_SIZE).ljust(HEAD_SIZE, b"\0"))
    rules.check_size(upload.offset, mimetype, settings.max_image_bytes, settings.max_document_bytes)
    return mimetype


def kind_of(wanted: str | None, mimetype: str) -> MediaType:
    """Return the media type that the client requested, or that of the bytes. Raises Refused if they disagree."""
    by_bytes = MediaType.IMAGE if is_image(mimetype) else MediaType.DOCUMENT
    kind = WANTED.get(wanted or "", by_bytes)
    if (kind == MediaType.DOCUMENT) != (by_bytes == MediaType.DOCUMENT):
        raise Refused("type_mismatch", f"the file is {mimetype}, but type={wanted} was requested", field="type")
    return kind


def check_image(data: bytes, visit: Visit) -> Picture:
    """Inspect an image that was not uploaded, and return it. Raises Refused."""
    mimetype = rules.check_type(data[:HEAD_SIZE].ljust(HEAD_SIZE, b"\0"))
    kind_of(MediaType.IMAGE, mimetype)
    image = visit.facts(question(sources.of_bytes(data), mimetype))
    if image.served is None:
        return Picture(data, mimetype, image)
    return Picture(image.served, served_as(mimetype), image)


def save_image(origin: Origin, picture: Picture) -> Contents:
    """Save an image that was not uploaded and the files made from it; return the contents of its media."""
    key = key_of(origin.id)
    disposition = naming.disposition(origin.filename, picture.mimetype)
    storage.save_named(key, BytesIO(picture.data), picture.mimetype, disposition)
    file = _file(origin, key, picture.mimetype, len(picture.data))
    file.md5_served = None if picture.image.served is None else md5_of(picture.data)
    return _contents(origin, file, picture.image, MediaType.IMAGE)


def _image(upload: UploadRow, mimetype: str, kind: MediaType, image: ImageFacts, served: MediaFile | None) -> Contents:
    key, origin = key_of(upload.id), Origin(upload.id, upload.filename)
    sent = _file(origin, key, mimetype, upload.offset)
    made = _contents(origin, served or sent, image, kind)
    if served is None:
        return made
    if served.mimetype == mimetype or not settings.keep_originals:
        return replace(made, replaced=[key])
    sent.role = sent.name = Role.ORIGINAL
    return replace(made, files=[*made.files, sent])


def _contents(origin: Origin, file: MediaFile, image: ImageFacts, kind: MediaType) -> Contents:
    """Save the thumbnail of an image; return the contents of its media."""
    file.width, file.height = image.width, image.height
    file.cleaned = cleaning.RULES if settings.strip_metadata else None
    columns = {"type": kind, "title": naming.title(origin.filename), "color": image.color, "blurhash": image.blurhash}
    pixels = image.width * image.height * image.frames if image.frames > 1 else 0
    columns |= _renditions(image.width, image.height, image.thumbnail, pixels)
    return Contents(columns, [file, *_save(origin.id, {Role.THUMBNAIL: image.thumbnail})], [])


def _document(upload: UploadRow, mimetype: str, kind: MediaType, document: DocumentFacts) -> Contents:
    made = [_file(Origin(upload.id, upload.filename), key_of(upload.id), mimetype, upload.offset)]
    columns = {"type": kind, "title": naming.title(upload.filename) or document.title, "pages": document.pages}
    if document.preview_later:
        made += [_to_be_made(upload.id, role) for role in SUFFIXES]
    elif document.preview and document.thumbnail:
        made += _save(upload.id, {Role.PREVIEW: document.preview, Role.THUMBNAIL: document.thumbnail})
        columns |= drawn(document)
    return Contents(columns, made, [])


def drawn(document: DocumentFacts) -> dict[str, Any]:
    """Return the columns of a media that depend on the picture of its document's first page."""
    columns: dict[str, Any] = {"color": document.color, "blurhash": document.blurhash}
    if document.preview and document.thumbnail:
        columns |= _renditions(document.preview.width, document.preview.height, document.thumbnail)
    return columns


def _renditions(width: int, height: int, thumbnail: facts.Picture, pixels: int = 0) -> dict[str, Any]:
    """Return the columns with the plan of a new media's renditions, which are then due."""
    wanted = plans.of_picture(width, height, transparent=thumbnail.mimetype == PNG, pixels=pixels)
    return {"rendition_plan": wanted, "renditions_due_at": now() if wanted else None}


def _file(origin: Origin, key: str, mimetype: str, size: int) -> MediaFile:
    """Return the row of the sent file, as it is served."""
    return MediaFile(
        role=Role.FILE,
        name=naming.url_name(origin.filename, mimetype),
        title=naming.saved_as(origin.filename, mimetype),
        key=key,
        mimetype=mimetype,
        size=size,
    )


def _save(origin_id: str, pictures: Mapping[Role, facts.Picture]) -> list[MediaFile]:
    """Save pictures that were made from a file, in parallel, and return their rows. They can be made again."""
    backend, keys = storages.of(name_in_use()), [key_of(origin_id) + SUFFIXES[role] for role in pictures]
    names = [role + EXTENSIONS[picture.mimetype] for role, picture in pictures.items()]
    calls = [partial(_save_one, backend, *one) for one in zip(keys, names, pictures.values(), strict=True)]
    saved = _saving.all(calls)
    return [
        MediaFile(
            role=role,
            name=name,
            title=name,
            key=key,
            mimetype=picture.mimetype,
            size=len(picture.data),
            width=picture.width,
            height=picture.height,
            md5_served=md5_of(picture.data),
            unsettled_since=None if settled else now(),
        )
        for (role, picture), key, name, settled in zip(pictures.items(), keys, names, saved, strict=True)
    ]


def _to_be_made(origin_id: str, role: Role) -> MediaFile:
    """Return the row of a document's picture that was not made in time: see `settling`."""
    name = role + EXTENSIONS[JPEG]
    key = key_of(origin_id) + SUFFIXES[role]
    return MediaFile(role=role, name=name, title=name, key=key, mimetype=JPEG, size=0, unsettled_since=now())


def _save_one(backend: StorageBackend, key: str, name: str, picture: facts.Picture) -> bool:
    disposition = dispositions.disposition(name, name, picture.mimetype)
    return backend.save_soon(key, BytesIO(picture.data), picture.mimetype, disposition)


def md5_of(data: bytes) -> str:
    """Return the MD5 in the form that rows store."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
