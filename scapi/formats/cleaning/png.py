"""PNG and APNG (PNG third edition)."""

from scapi.formats import exif
from scapi.formats.containers import PNG_SIGNATURE, Part, png_chunk, png_parts

ANIMATION = frozenset((b"acTL", b"fcTL", b"fdAT"))

_PIXELS = frozenset((b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"))
_COLOURS = frozenset((b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV", b"cLLI"))
_PRESENTATION = frozenset((b"bKGD", b"pHYs"))
_KEPT = _PIXELS | _COLOURS | _PRESENTATION


def cleaned(data: bytes) -> bytes:
    """Return the file with the chunks that it needs, without those with a wrong checksum: decoders drop them too."""
    parts = list(png_parts(data))
    kept = _KEPT | ANIMATION if frames(data, parts) else _KEPT
    written = [PNG_SIGNATURE]
    orientation = orientation_part(parts)
    for part in parts:
        if part is orientation:
            tiff = exif.read(data[part.body : part.body_end]).tiff()
            written.append(png_chunk(b"eXIf", tiff) if tiff else b"")
        elif part.intact and part.kind in kept:
            written.append(data[part.start : part.end])
    return b"".join(written)


def orientation_part(parts: list[Part]) -> Part | None:
    """Return the chunk whose orientation browsers apply: the first eXIf, if it comes before the pixels."""
    for part in parts:
        if part.kind == b"IDAT":
            return None
        if part.kind == b"eXIf" and part.intact:
            return part
    return None


def frames(data: bytes, parts: list[Part]) -> int:
    """Return the number of frames of an APNG's animation; 0 for any other PNG (third edition, 11.3.2)."""
    kinds = [part.kind for part in parts]
    if kinds.count(b"acTL") != 1 or b"IDAT" not in kinds or kinds.index(b"acTL") > kinds.index(b"IDAT"):
        return 0
    control = parts[kinds.index(b"acTL")]
    return int.from_bytes(data[control.body : control.body + 4])
