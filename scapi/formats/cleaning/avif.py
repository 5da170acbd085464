"""AVIF, and HEIC before it is decoded: the boxes keep their places, and bytes that are not needed become zeros."""

from scapi.formats import heif
from scapi.formats.boxes import Box, Item, Meta, boxes

# A file has one of each of the first three; the last one may be in pieces.
_KEPT = (b"ftyp", b"meta", b"moov", b"mdat")
_FREE = b"free"

# Boxes of a track and its movie: how long frames last, how often they are shown, where they are.
_CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf"))
_IN_MOVIE = _CONTAINERS | frozenset(
    b"mvhd tkhd mdhd hdlr vmhd nmhd elst dref tref stsd stts stsc stsz stco co64 stss ctts sgpd sbgp".split()
)
_DATED = (b"mvhd", b"tkhd", b"mdhd")
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0")


def cleaned(data: bytes) -> bytes:
    """Return the file with zeros in place of all that its picture does not need, cut off after its last box.

    The primary image with its tiles and transparency, an HDR gain map, and an animation stay. Exif, XMP, thumbnails,
    depth maps, other images, unknown boxes and bytes that no box describes become zeros.
    """
    picture = heif.read(data)
    result = bytearray(data)
    outer = heif.outer_boxes(data)
    seen: set[bytes] = set()
    for box in outer:
        if box.kind not in _KEPT or (box.kind in seen and box.kind != b"mdat"):
            _free(result, box)
        elif box.kind == b"moov":
            _clean_movie(data, result, box)
        seen.add(box.kind)
    needed = _needed(data, picture.meta)
    extents = sorted(extent for number in needed for extent in picture.meta.items[number].extents)
    for number, item in picture.meta.items.items():
        if number not in needed:
            _blank(result, item, extents)
    if picture.frames == 1:
        for box in outer:
            if box.kind == b"mdat":
                _blank_between(result, box.body, box.end, extents)
    return bytes(result[: outer[-1].end])


def _needed(data: bytes, meta: Meta) -> set[int]:
    """Return the numbers of the items that make up the picture."""
    needed = {meta.primary}
    for kind, source, targets in meta.references:
        # A tone map is derived from the primary image and its gain map (ISO 21496-1).
        tone_map = kind == b"dimg" and meta.primary in targets and _kind(meta, source) == b"tmap"
        alpha = kind == b"auxl" and meta.primary in targets and _is_alpha(data, meta.items.get(source))
        if tone_map or alpha:
            needed.add(source)
    # Tiles of the picture, of its transparency and of its gain map. The gain map is itself part of a tone map.
    for _ in range(3):
        needed |= {one for kind, source, to in meta.references if kind == b"dimg" and source in needed for one in to}
    return needed & meta.items.keys()


def _kind(meta: Meta, number: int) -> bytes:
    return meta.items[number].kind if number in meta.items else b""


def _is_alpha(data: bytes, item: Item | None) -> bool:
    properties = item.properties if item else []
    return any(box.kind == b"auxC" and data.startswith(_ALPHA, box.body + 4, box.end) for box in properties)


def _clean_movie(data: bytes, result: bytearray, parent: Box) -> None:
    """Blank what an animation does not need, and the dates in the headers (14496-12, 8.2.2, 8.3.2, 8.4.2)."""
    for box in boxes(data, parent.body, parent.end):
        if box.kind not in _IN_MOVIE:
            _free(result, box)
        elif box.kind in _CONTAINERS:
            _clean_movie(data, result, box)
        elif box.kind in _DATED:
            size = min(16 if data[box.body] else 8, box.end - box.body - 4)
            result[box.body + 4 : box.body + 4 + size] = bytes(size)


def _free(result: bytearray, box: Box) -> None:
    """Change a box into one that readers skip."""
    result[box.start + 4 : box.start + 8] = _FREE
    result[box.body : box.end] = bytes(box.end - box.body)


def _blank(result: bytearray, item: Item, needed: list[tuple[int, int]]) -> None:
    """Change an item into a kind that readers ignore, without name and bytes."""
    result[item.named_at : item.named_to] = _FREE.ljust(item.named_to - item.named_at, b"\0")
    for start, end in item.extents:
        _blank_between(result, start, end, needed)


def _blank_between(result: bytearray, start: int, end: int, needed: list[tuple[int, int]]) -> None:
    """Blank the bytes between two offsets that are outside all `needed` extents, which are sorted."""
    for first, last in needed:
        if first > start:
            stop = min(first, end)
            result[start:stop] = bytes(max(0, stop - start))
        start = max(start, last)
        if start >= end:
            return
    result[start:end] = bytes(max(0, end - start))
