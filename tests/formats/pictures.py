"""Images of every kind, and the messages for refused ones."""

import pytest

from scapi.formats import images
from scapi.formats.images import ImageLimits, InvalidImage
from tests import files

WHOLE_FILES = {
    "jpeg": (files.jpeg(900, 700, noise=True), "image/jpeg"),
    "jpeg-progressive": (files.jpeg(900, 700, noise=True, progressive=True), "image/jpeg"),
    "png": (files.png(300, 200, noise=True), "image/png"),
    "apng": (files.png(300, 200, noise=True, frames=3), "image/png"),
    "gif": (files.gif(1, 300, 200, noise=True), "image/gif"),
    "gif-animated": (files.gif(3, 300, 200, noise=True), "image/gif"),
    "webp": (files.webp(300, 200, noise=True), "image/webp"),
    "webp-lossless": (files.webp(300, 200, noise=True, lossless=True), "image/webp"),
    "webp-animated": (files.webp(300, 200, noise=True, frames=3), "image/webp"),
}
FRAMES = {"apng": 3, "gif-animated": 3, "webp-animated": 3}


def refusal(data: bytes, mimetype: str, limits: ImageLimits | None = None) -> str:
    with pytest.raises(InvalidImage) as caught:
        images.inspect(data, mimetype, limits)
    assert str(caught.value)
    return caught.value.code
