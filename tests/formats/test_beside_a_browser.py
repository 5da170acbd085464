"""Chromium shows a file, the served file and the thumbnail with the same shape and the same colours.

The contact sheet, three pictures of each file side by side, is in the folder that pytest keeps for the test.
"""

import base64
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser

from scapi.formats import cleaning, images
from tests import files
from tests.formats.private import every_kind
from tests.formats.test_as_browsers_do import CHRM, EXCHANGED, png

RAMP = bytes(range(0, 256, 4)) * 32
COLOUR = bytes([200, 100, 50]) * 1024

AVERAGES = """async (urls) => {
  const found = []
  for (const url of urls) {
    const image = new Image()
    image.src = url
    await image.decode()
    const canvas = document.createElement('canvas')
    ;[canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight]
    const context = canvas.getContext('2d')
    context.drawImage(image, 0, 0)
    const sum = [0, 0, 0, 0]
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data
    pixels.forEach((value, at) => (sum[at % 4] += at % 4 < 3 ? (value * pixels[at - (at % 4) + 3]) / 255 : value))
    found.push([canvas.width, canvas.height, ...sum.map((value) => value / (pixels.length / 4))])
  }
  return found
}"""


def cases() -> dict[str, tuple[bytes, str]]:
    """Return file and type by name."""
    made = dict(every_kind())
    for gamma in (20_000, 45_455, 100_000, 200_000):
        made[f"gamma {gamma}"] = png(64, 32, 8, 0, RAMP, b"gAMA" + struct.pack(">I", gamma)), "image/png"
    made["gamma and primaries"] = (
        png(32, 32, 8, 2, COLOUR, b"gAMA" + struct.pack(">I", 45_455), b"cHRM" + CHRM),
        "image/png",
    )
    made["Display P3"] = png(32, 32, 8, 2, COLOUR, b"cICP" + bytes([12, 13, 0, 1])), "image/png"
    made["profile"] = files.png(icc_profile=EXCHANGED), "image/png"
    made["cmyk"] = files.saved(Image.new("CMYK", (50, 50), (0, 200, 200, 20)), "JPEG", quality=95), "image/jpeg"
    made["grey of 16 bits"] = png(32, 32, 16, 0, struct.pack(">1024H", *range(0, 65_536, 64))), "image/png"
    made["avif"] = files.saved(files.picture(64, 48), "AVIF", quality=95), "image/avif"
    for orientation in range(1, 9):
        made[f"jpeg {orientation}"] = files.jpeg(80, 40, exif_orientation=orientation), "image/jpeg"
        made[f"png {orientation}"] = files.png(80, 40, exif_orientation=orientation), "image/png"
        avif = files.saved(files.picture(80, 40), "AVIF", quality=95, exif=files.exif(orientation))
        made[f"avif {orientation}"] = avif, "image/avif"
    return made


def shown(browser: Browser, pictures: dict[str, list[tuple[str, bytes]]], sheet: Path) -> dict[str, list[Any]]:
    """Show pictures (type and bytes), a row for each name; return width, height and average colour of each."""
    urls = {
        name: [f"data:{kind};base64,{base64.b64encode(data).decode()}" for kind, data in row]
        for name, row in pictures.items()
    }
    page = browser.new_page()
    rows = "".join(f"<p>{name}<br>{''.join(f'<img src={url}> ' for url in row)}</p>" for name, row in urls.items())
    page.set_content(f"<style>p {{ float: left; margin: 4px }} img {{ max-height: 80px }}</style>{rows}")
    answers = {name: page.evaluate(AVERAGES, row) for name, row in urls.items()}
    page.screenshot(path=sheet, full_page=True)
    page.close()
    return answers


def test_a_browser_shows_the_same(browser: Browser, tmp_path: Path) -> None:
    pictures, found = {}, {}
    for name, (data, mimetype) in cases().items():
        found[name] = images.inspect(data, mimetype)
        thumbnail = found[name].thumbnail
        served = cleaning.cleaned(data, mimetype)
        pictures[name] = [(mimetype, data), (mimetype, served), (thumbnail.mimetype, thumbnail.data)]
    for name, (original, same, small) in shown(browser, pictures, tmp_path / "contact-sheet.png").items():
        assert original == same, name
        assert tuple(original[:2]) == (found[name].width, found[name].height), name
        assert small[2:] == pytest.approx(original[2:], abs=3), name
