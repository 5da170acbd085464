"""What the boxes of a HEIC or AVIF file say about its picture, before decoding (ISO/IEC 23008-12, AVIF 1.1)."""

from dataclasses import dataclass

from scapi.formats import profiles
from scapi.formats.boxes import Box, Item, Meta, boxes, child, read_meta
from scapi.formats.containers import BrokenFileError

CODED = (b"av01", b"hvc1")
"""Kinds of items that are pictures by themselves: AV1 and HEVC."""

_GRID = b"grid"

# Angle of irot, counterclockwise in quarters, and axis of imir -> EXIF orientation.
_ORIENTATIONS = {
    (0, None): 1,
    (0, 0): 4,
    (0, 1): 2,
    (1, None): 8,
    (1, 0): 5,
    (1, 1): 7,
    (2, None): 3,
    (2, 0): 2,
    (2, 1): 4,
    (3, None): 6,
    (3, 0): 7,
    (3, 1): 5,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """The primary image: size as stored, size of the decoder's canvas, EXIF orientation, frames of an animation.

    `profile` is its ICC profile.
    """

    width: int
    height: int
    canvas: tuple[int, int]
    orientation: int
    frames: int
    profile: bytes | None
    meta: Meta


def read(data: bytes) -> Picture:
    """Parse the boxes. Raises BrokenFileError for a file that is not built as its format says."""
    outer: dict[bytes, Box] = {}
    for box in outer_boxes(data):
        outer.setdefault(box.kind, box)
    if b"ftyp" not in outer or b"meta" not in outer:
        raise BrokenFileError("there is no image in it")
    meta = read_meta(data, outer[b"meta"])
    primary = meta.items[meta.primary]
    size = canvas = _size(data, primary)
    if primary.kind == _GRID:
        canvas = _canvas(data, meta, size)
    elif primary.kind not in CODED:
        raise BrokenFileError("its picture is of an unknown kind")
    frames = _frames(data, outer[b"moov"]) if b"moov" in outer else 1
    return Picture(*size, canvas, _orientation(data, primary), max(frames, 1), _profile(data, primary), meta)


def outer_boxes(data: bytes) -> list[Box]:
    """Return the outermost boxes of the file. Bytes after them that are not a box are ignored, as decoders do."""
    found: list[Box] = []
    try:
        found.extend(boxes(data, 0, len(data)))
    except BrokenFileError:
        if not {b"meta", b"mdat"} <= {box.kind for box in found}:
            raise
    return found


def _size(data: bytes, item: Item) -> tuple[int, int]:
    """Return width and height of an item in pixels (23008-12, 6.5.3)."""
    box = _property(item, b"ispe")
    if box is None or box.end - box.body < 12:
        raise BrokenFileError("there is no size in it")
    return int.from_bytes(data[box.body + 4 : box.body + 8]), int.from_bytes(data[box.body + 8 : box.body + 12])


def _canvas(data: bytes, meta: Meta, size: tuple[int, int]) -> tuple[int, int]:
    """Return the canvas that decoding a grid needs: the picture, or a tile, which may be larger (23008-12, 6.6.2.3)."""
    grid = b"".join(data[start:end] for start, end in meta.items[meta.primary].extents)
    wide = 4 if grid[1:2] == b"\1" else 2
    if len(grid) < 4 + 2 * wide:
        raise BrokenFileError("the grid of its picture is cut off")
    rows, columns = grid[2] + 1, grid[3] + 1
    width, height = int.from_bytes(grid[4 : 4 + wide]), int.from_bytes(grid[4 + wide : 4 + 2 * wide])
    tiles = [meta.items[number] for number in meta.referred(b"dimg", meta.primary) if number in meta.items]
    sizes = {_size(data, tile) for tile in tiles}
    if len(tiles) != rows * columns or len(sizes) != 1 or not all(tile.kind in CODED for tile in tiles):
        raise BrokenFileError("the tiles of its picture do not make it up")
    across, down = sizes.pop()
    # The tiles must cover the picture, and no tile may lie outside.
    covers = across * columns >= width > across * (columns - 1) and down * rows >= height > down * (rows - 1)
    if (width, height) != size or not covers:
        raise BrokenFileError("the tiles of its picture do not make it up")
    return max(width, across), max(height, down)


def _orientation(data: bytes, item: Item) -> int:
    turned, mirrored = _property(item, b"irot"), _property(item, b"imir")
    angle = data[turned.body] & 3 if turned and turned.body < turned.end else 0
    axis = data[mirrored.body] & 1 if mirrored and mirrored.body < mirrored.end else None
    return _ORIENTATIONS[angle, axis]


def _profile(data: bytes, item: Item) -> bytes | None:
    """Return the ICC profile, or one made from H.273 code points (14496-12, 12.1.5)."""
    colours = {
        data[box.body : box.body + 4]: data[box.body + 4 : box.end] for box in item.properties if box.kind == b"colr"
    }
    if profile := colours.get(b"prof") or colours.get(b"rICC"):
        return profile
    codes = colours.get(b"nclx", b"")
    return profiles.coded(int.from_bytes(codes[:2]), int.from_bytes(codes[2:4])) if len(codes) >= 4 else None


def _property(item: Item, kind: bytes) -> Box | None:
    return next((box for box in item.properties if box.kind == kind), None)


def _frames(data: bytes, moov: Box) -> int:
    """Return the number of frames of the longest track (14496-12, 8.7.3)."""
    most = 0
    for track in boxes(data, moov.body, moov.end):
        sizes = child(data, track, b"mdia", b"minf", b"stbl", b"stsz") if track.kind == b"trak" else None
        if sizes:
            most = max(most, int.from_bytes(data[sizes.body + 8 : sizes.body + 12]))
    return most
