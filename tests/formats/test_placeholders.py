"""The BlurHash of a picture."""

import pytest
from blurhash_rs import blurhash_decode
from PIL import Image

from scapi.formats import placeholders


@pytest.mark.parametrize("mode", ["RGB", "RGBX", "RGBA"])
def test_a_placeholder_shows_where_which_colour_is(mode: str) -> None:
    image = Image.new("RGB", (300, 200), (200, 30, 30))
    image.paste((30, 30, 200), (150, 0, 300, 200))
    hashed = placeholders.of(image.convert("RGBA") if mode == "RGBA" else image.convert("RGB").convert(mode))
    pixels = blurhash_decode(hashed, 32, 1).tobytes()
    (red, _, blue), (other_red, _, other_blue) = pixels[12:15], pixels[-15:-12]
    assert red > blue + 60
    assert other_blue > other_red + 60


def test_transparent_pixels_are_white() -> None:
    clear, white = Image.new("RGBA", (40, 30), (0, 0, 0, 0)), Image.new("RGB", (40, 30), "white")
    assert placeholders.of(clear) == placeholders.of(white)
