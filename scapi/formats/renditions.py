"""Smaller versions of a picture, all of them from one decode: upright, in sRGB, without any metadata."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import Image

from scapi.formats import images, outlines
from scapi.formats.containers import BrokenFileError
from scapi.formats.filetypes import AVIF, JPEG, PNG, WEBP
from scapi.formats.images import ImageLimits, InvalidImage
from scapi.formats.outlines import Outline

# Method 1 (of 0 to 6) takes a third of the time of Pillow's default 4; the files are about a tenth larger.
_ENCODERS: dict[str, tuple[str, dict[str, Any]]] = {
    WEBP: ("WEBP", {"quality": 80, "method": 1}),
    JPEG: ("JPEG", {"quality": 82, "progressive": True, "optimize": True}),
    PNG: ("PNG", {}),
    AVIF: ("AVIF", {"quality": 60, "speed": 8, "max_threads": 1}),
}

ANIMATED = (WEBP, AVIF)
"""The types in which an animated picture stays animated; the others show its first frame."""

MAX_SIDE = 16_383
"""Pixels across and down that a WebP can have (RFC 9649, section 2.7)."""

MAX_PIXELS = 12_000_000
"""The most pixels of one rendition. A larger one would take seconds to encode."""

MAX_ANIMATION_PIXELS = 25_000_000
"""The most pixels of all frames of an animation, as it was sent. One with more gets no renditions."""

Size = tuple[int, int]


def sizes(width: int, height: int, widths: Sequence[int]) -> list[Size]:
    """Return the sizes for these widths, the narrowest first; none is larger than the picture itself."""
    found = [(across, max(1, round(across * height / width))) for across in sorted(set(widths)) if across <= width]
    return [(across, down) for across, down in found if down <= MAX_SIDE and across * down <= MAX_PIXELS]


def make(data: bytes, mimetype: str, wanted: Sequence[Size], types: Sequence[str], limits: ImageLimits) -> list[bytes]:
    """Return the picture, upright, in each size and type: all types of the first size, then those of the next.

    Raises InvalidImage, also if an animation has too many pixels.
    """
    try:
        outline = outlines.read(data, mimetype)
    except BrokenFileError as error:
        raise InvalidImage("invalid_image", f"This image cannot be read: {error}.") from error
    images.check(outline, limits)
    across, down = outline.canvas
    frames = outline.frames - outline.first
    if frames > 1 and frames * across * down > MAX_ANIMATION_PIXELS:
        raise InvalidImage("image_too_complex", "This animation has too many pixels for renditions.")
    try:
        return _make(outline, mimetype, wanted, types)
    except images.UNREADABLE as error:
        raise InvalidImage("invalid_image", "This image cannot be read: it is damaged or incomplete.") from error


def _make(outline: Outline, mimetype: str, wanted: Sequence[Size], types: Sequence[str]) -> list[bytes]:
    frames: dict[Size, list[Image.Image]] = {size: [] for size in wanted}
    durations: list[int] = []
    with Image.open(BytesIO(outline.data), formats=[images.FORMATS[mimetype]]) as image:
        for number in range(outline.first, outline.frames):
            image.seek(number)
            image.load()
            durations.append(round(image.info.get("duration") or 0))
            # only for the first frame it is known which part of the canvas it covers
            shown = outline if number == outline.first else replace(outline, box=None)
            for size, frame in _versions(image, shown, wanted):
                frames[size].append(frame)
        plays = _plays(image)
    return [_encoded(frames[size], kind, durations, plays) for size in wanted for kind in types]


def _versions(image: Image.Image, outline: Outline, wanted: Sequence[Size]) -> Iterator[tuple[Size, Image.Image]]:
    """Yield a decoded frame in each size: the largest is made from the frame, every other from the one before it."""
    version: Image.Image | None = None
    for size in sorted(wanted, reverse=True):
        if version is None:
            stored = size[::-1] if outline.orientation in images.SIDEWAYS else size
            scaled = images.scalable(image, outline).resize(stored, Image.Resampling.LANCZOS)
            version = images.upright(images.in_srgb(scaled, outline), outline)
            version.info = {}  # encoders would write what is in here (a profile, a comment) into the file
        else:
            version = version.resize(size, Image.Resampling.LANCZOS)
        yield size, version


def _plays(image: Image.Image) -> int:
    """Return how often an animation is played; 0 means for ever. A GIF stores how often it is repeated."""
    said = image.info.get("loop")
    if image.format == "GIF":
        return 1 if said is None else said and said + 1
    return int(said or 0)


def _encoded(frames: Sequence[Image.Image], mimetype: str, durations: Sequence[int], plays: int) -> bytes:
    format_name, options = _ENCODERS[mimetype]
    first, output = frames[0], BytesIO()
    if mimetype == JPEG:
        first = first.convert("RGB")
    if len(frames) > 1 and mimetype in ANIMATED:
        options = {
            **options,
            "save_all": True,
            "append_images": frames[1:],
            "duration": list(durations),
            "loop": plays,
        }
    first.save(output, format_name, **options)
    return output.getvalue()
