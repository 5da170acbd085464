"""The boxes of HEIC and AVIF files: what is in them, and where (ISO/IEC 14496-12, 23008-12).

Nothing is decoded. The numbers of boxes, items and extents are limited, as any client can send such a file.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from scapi.formats.containers import BrokenFileError

MAX_BOXES = 5_000
"""The most boxes inside one box. A picture of 48 megapixels has 200 tiles, and a box for each of them."""

MAX_EXTENTS = 20_000
"""The most extents of all items together. An item usually has one."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box from byte `start` to byte `end`, whose content begins at `body`."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(slots=True)
class Item:
    """Something that the file contains: an image, a tile of an image, or metadata.

    `named_at` is the offset of its kind, in the box that ends at `named_to`. `extents` are the ranges of its bytes,
    start and end; `properties` are the boxes that describe it, in their order.
    """

    kind: bytes
    named_at: int
    named_to: int
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[Box] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Meta:
    """The items of a file by number, the number of the primary item, and the references: kind, from, to."""

    items: dict[int, Item]
    primary: int
    references: list[tuple[bytes, int, list[int]]]

    def referred(self, kind: bytes, source: int) -> list[int]:
        """Return the numbers of the items that item `source` refers to."""
        return [one for found, start, targets in self.references if (found, start) == (kind, source) for one in targets]


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets. Raises BrokenFileError when a box goes beyond the end."""
    for _ in range(MAX_BOXES):
        if start == end:
            return
        size, kind, body = _number(data, start, 4, end), data[start + 4 : start + 8], start + 8
        if size == 1:
            size, body = _number(data, start + 8, 8, end), start + 16
        # A last box without a size reaches to the end.
        box_end = start + size if size else end
        if not body <= box_end <= end:
            raise BrokenFileError("the file ends before the image does")
        yield Box(kind, start, body, box_end)
        start = box_end
    raise BrokenFileError(f"it has more than {MAX_BOXES} boxes")


def child(data: bytes, parent: Box, *path: bytes, skip: int = 0) -> Box | None:
    """Return the first box at a path of kinds below `parent`, whose own fields have `skip` bytes."""
    found = next((box for box in boxes(data, parent.body + skip, parent.end) if box.kind == path[0]), None)
    return child(data, found, *path[1:]) if found and len(path) > 1 else found


def read_meta(data: bytes, box: Box) -> Meta:
    """Parse a `meta` box. Raises BrokenFileError."""
    found = {inner.kind: inner for inner in boxes(data, box.body + 4, box.end)}
    try:
        items = dict(_named(data, found[b"iinf"]))
        _locate(data, found[b"iloc"], found.get(b"idat"), items)
        _describe(data, found[b"iprp"], items)
        primary = _versioned(data, found[b"pitm"], found[b"pitm"].body + 4)
        if primary not in items:
            raise BrokenFileError("it has no primary image")
        return Meta(items, primary, list(_references(data, found[b"iref"])) if b"iref" in found else [])
    except (LookupError, struct.error) as error:
        raise BrokenFileError("its parts are not described as they should be") from error


def _number(data: bytes, at: int, size: int, end: int | None = None) -> int:
    if at + size > (len(data) if end is None else end):
        raise BrokenFileError("the file ends before the image does")
    return int.from_bytes(data[at : at + size])


def _versioned(data: bytes, box: Box, at: int) -> int:
    """Return an item's number: two bytes in version 0 of a box, four in later versions."""
    return _number(data, at, 4 if data[box.body] else 2, box.end)


def _named(data: bytes, box: Box) -> Iterator[tuple[int, Item]]:
    """Yield number and kind of each item (14496-12, 8.11.6)."""
    for entry in boxes(data, box.body + 4 + (4 if data[box.body] else 2), box.end):
        # Only versions 2 and 3 of the entry have a kind. Earlier versions describe metadata only.
        if entry.kind == b"infe" and data[entry.body] >= 2:
            size = 4 if data[entry.body] >= 3 else 2
            at = entry.body + 4 + size + 2
            yield _number(data, entry.body + 4, size), Item(data[at : at + 4], at, entry.end)


def _locate(data: bytes, box: Box, idat: Box | None, items: dict[int, Item]) -> None:
    """Fill in the extents of the items (14496-12, 8.11.3)."""
    version = data[box.body]
    offset_size, length_size = divmod(data[box.body + 4], 16)
    base_size, index_size = divmod(data[box.body + 5], 16)
    wide = 4 if version == 2 else 2
    at, left = box.body + 6 + wide, MAX_EXTENTS
    for _ in range(_number(data, box.body + 6, wide)):
        number, at = _number(data, at, wide), at + wide
        method, at = (_number(data, at, 2) & 15, at + 2) if version else (0, at)
        base, at = _number(data, at + 2, base_size), at + 2 + base_size
        count, at = _number(data, at, 2), at + 2
        left -= count + 1
        if left < 0 or method > 1 or (method and idat is None):
            raise BrokenFileError("its parts are not described as they should be")
        origin, most = (idat.body, idat.end) if method and idat else (0, len(data))
        for _ in range(count):
            at += index_size if version else 0
            start = origin + base + _number(data, at, offset_size)
            length, at = _number(data, at + offset_size, length_size), at + offset_size + length_size
            # Without a length, the item reaches to the end.
            end = start + length if length else most
            if not start <= end <= most:
                raise BrokenFileError("the file ends before the image does")
            if number in items:
                items[number].extents.append((start, end))


def _describe(data: bytes, box: Box, items: dict[int, Item]) -> None:
    """Fill in the items' properties (23008-12, 9.3)."""
    properties: list[Box] = []
    for inner in boxes(data, box.body, box.end):
        if inner.kind == b"ipco":
            properties = list(boxes(data, inner.body, inner.end))
        elif inner.kind == b"ipma":
            _associate(data, inner, properties, items)


def _associate(data: bytes, box: Box, properties: list[Box], items: dict[int, Item]) -> None:
    wide, large = 4 if data[box.body] else 2, data[box.body + 3] & 1
    at, left = box.body + 8, MAX_EXTENTS
    for _ in range(_number(data, box.body + 4, 4)):
        number, count = _number(data, at, wide), _number(data, at + wide, 1)
        at += wide + 1
        left -= count + 1
        if left < 0:
            raise BrokenFileError("its parts are not described as they should be")
        for _ in range(count):
            # The highest bit says whether a reader must know the property. Number 0 means no property.
            index = _number(data, at, 2) & 0x7FFF if large else data[at] & 0x7F
            at += 2 if large else 1
            if index and number in items:
                items[number].properties.append(properties[index - 1])


def _references(data: bytes, box: Box) -> Iterator[tuple[bytes, int, list[int]]]:
    """Yield the references between items (14496-12, 8.11.12)."""
    wide = 4 if data[box.body] else 2
    for reference in boxes(data, box.body + 4, box.end):
        count = _number(data, reference.body + wide, 2)
        targets = range(reference.body + wide + 2, reference.body + wide + 2 + count * wide, wide)
        yield (
            reference.kind,
            _number(data, reference.body, wide),
            [_number(data, at, wide, reference.end) for at in targets],
        )
