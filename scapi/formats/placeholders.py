"""A placeholder that a page can show before a picture is loaded: its colours, blurred, in a few characters."""

from blurhash_rs import blurhash_encode
from PIL import Image

COMPONENTS = (4, 3)
"""Horizontal and vertical components. 4 x 3 give 28 characters."""

SAMPLES = 32
"""The longer side of the sample, in pixels. A larger one changes nothing."""


def of(image: Image.Image) -> str:
    """Return the BlurHash of an image in RGB, RGBX or RGBA; transparent pixels count as white."""
    scale = SAMPLES / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image.resize(size, Image.Resampling.BOX)
    if small.mode == "RGBA":
        white = Image.new("RGBA", size, "white")
        small = Image.alpha_composite(white, small)
    return blurhash_encode(small, *COMPONENTS)
