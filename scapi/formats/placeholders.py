"""A placeholder that a page can show before a picture is loaded: its colours, blurred, in a few characters."""

import blurhash  # type: ignore[import-untyped]
from PIL import Image

COMPONENTS = (4, 3)
"""Horizontal and vertical components. 4 x 3 give 28 characters."""

SAMPLES = 16
"""The longer side of the sample, in pixels. A larger one takes the encoder (plain Python) longer and changes nothing.
"""


def of(image: Image.Image) -> str:
    """Return the BlurHash of an image in RGB or RGBA; transparent pixels count as white."""
    scale = SAMPLES / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image.resize(size, Image.Resampling.BOX)
    if small.mode == "RGBA":
        white = Image.new("RGBA", size, "white")
        small = Image.alpha_composite(white, small)
    pixels = small.convert("RGB").tobytes()
    rows = [
        [tuple(pixels[at : at + 3]) for at in range(start, start + 3 * size[0], 3)]
        for start in range(0, len(pixels), 3 * size[0])
    ]
    hashed: str = blurhash.encode(rows, *COMPONENTS)
    return hashed
