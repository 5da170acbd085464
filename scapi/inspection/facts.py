"""What a job found. It is checked like a client's input, because a client's file may have taken over the process."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scapi.formats.filetypes import HEAD_SIZE, JPEG, served_as, sniff
from scapi.formats.sizes import PREVIEW_SIZE, THUMBNAIL_SIZE
from scapi.inspection.outcomes import Answer, Mishap

MAX_TITLE = 255

_MAX_SIDE = 1 << 20
_BLURHASH = re.compile(r"[0-9A-Za-z#$%*+,\-.:;=?@\[\]^_{|}~]{28}")
_COLOR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was made: its bytes, the type that they show, width and height in pixels."""

    data: bytes
    mimetype: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """Width and height as a viewer shows the image. `served`: the file to serve instead of the original, if any."""

    width: int
    height: int
    color: str
    thumbnail: Picture
    served: bytes | None
    frames: int
    blurhash: str


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """Facts about a PDF. `pages` is None if a password is needed; `preview` is None if the first page cannot be drawn.

    `preview_later`: the first page was not drawn in time, and is drawn later.
    """

    pages: int | None
    title: str | None
    color: str | None = None
    preview: Picture | None = None
    thumbnail: Picture | None = None
    blurhash: str | None = None
    preview_later: bool = False


def knows_served(answer: Answer) -> bool:
    """Return whether the file to serve instead of an image has come, or it is known that there is none."""
    return answer.facts.get("replaced") is False or len(answer.pictures) > 0


def served(answer: Answer, mimetype: str) -> bytes | None:
    """Return the file to serve instead of an image of that type; None if there is none. Raises Mishap."""
    if answer.facts.get("replaced") is not True:
        if served_as(mimetype) != mimetype:
            raise _nonsense("file")
        return None
    if not answer.pictures or sniff(answer.pictures[0][:HEAD_SIZE]) != served_as(mimetype):
        raise _nonsense("file")
    return answer.pictures[0]


def of_image(answer: Answer, mimetype: str) -> ImageFacts:
    """Return the facts about an image of that type. Raises Mishap for impossible values."""
    facts, pictures = answer.facts, answer.pictures
    instead = served(answer, mimetype)
    if len(pictures) != 1 + (instead is not None):
        raise _nonsense("files")
    return ImageFacts(
        _side(facts.get("width")),
        _side(facts.get("height")),
        _color(facts.get("color")),
        _picture(facts.get("thumbnail"), pictures[-1], THUMBNAIL_SIZE),
        instead,
        _side(facts.get("frames")),
        _blurhash(facts.get("blurhash")),
    )


def of_document(answer: Answer) -> DocumentFacts:
    """Return the facts about a document. Raises Mishap for impossible values."""
    facts, pictures = answer.facts, answer.pictures
    if facts.get("encrypted") is True:
        return DocumentFacts(None, None)
    pages, title = facts.get("pages"), _title(facts.get("title"))
    if not isinstance(pages, int) or not 0 < pages < 1 << 31:
        raise _nonsense("number of pages")
    if len(pictures) != 2:  # preview and thumbnail
        return DocumentFacts(pages, title, preview_later=answer.more_later)
    return DocumentFacts(
        pages,
        title,
        _color(facts.get("color")),
        _picture({"mimetype": JPEG, **_object(facts.get("preview"))}, pictures[0], PREVIEW_SIZE),
        _picture(facts.get("thumbnail"), pictures[1], THUMBNAIL_SIZE),
        _blurhash(facts.get("blurhash")),
    )


def of_renditions(answer: Answer, types: list[str]) -> list[bytes]:
    """Return the renditions that were made, which have these types. Raises Mishap for impossible values."""
    if [sniff(picture[:HEAD_SIZE]) for picture in answer.pictures] != types:
        raise _nonsense("rendition")
    return answer.pictures


def _picture(said: Any, data: bytes, most: int) -> Picture:
    said = _object(said)
    mimetype, width, height = said.get("mimetype"), _side(said.get("width"), most), _side(said.get("height"), most)
    if mimetype not in (JPEG, "image/png") or sniff(data[:HEAD_SIZE]) != mimetype:
        raise _nonsense("picture")
    return Picture(data, mimetype, width, height)


def _object(said: Any) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise _nonsense("object")
    return said


def _side(said: Any, most: int = _MAX_SIDE) -> int:
    if not isinstance(said, int) or not 0 < said <= most:
        raise _nonsense("size")
    return said


def _color(said: Any) -> str:
    if not isinstance(said, str) or not _COLOR.fullmatch(said):
        raise _nonsense("colour")
    return said


def _blurhash(said: Any) -> str:
    if not isinstance(said, str) or not _BLURHASH.fullmatch(said):
        raise _nonsense("blurhash")
    return said


def _title(said: Any) -> str | None:
    if not isinstance(said, str):
        return None
    printable = "".join(character if character.isprintable() else " " for character in said)
    return " ".join(printable.split())[:MAX_TITLE] or None


def _nonsense(what: str) -> Mishap:
    return Mishap(f"the process sent an impossible {what}")
