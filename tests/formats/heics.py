"""Makers of HEIC files, with an encoder that scapi itself does not need."""

from io import BytesIO
from typing import Any

import pillow_heif
from PIL import Image

from tests import files
from tests.formats.private import XMP


def heic(
    width: int = 120, height: int = 80, *, mode: str = "RGB", orientation: int = 1, tile: int = 0, **options: Any
) -> bytes:
    """A HEIC with a place in its metadata, optionally made of tiles, as phones do it."""
    picture = files.picture(width, height, mode=mode)
    if mode == "RGBA":
        picture.putalpha(0)
    return encoded([picture], tile, exif=files.exif(orientation, gps=True).tobytes(), xmp=XMP, **options)


def encoded(pictures: list[Image.Image], tile: int = 0, **options: Any) -> bytes:
    """A HEIC with these pictures; the last one is the primary one."""
    output = BytesIO()
    made = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for picture in pictures:
        made.add_from_pillow(picture)
    if tile:
        options["tiling"] = {"tile_width": tile}
    made.save(output, quality=90, primary_index=len(pictures) - 1, **options)
    return output.getvalue()
