"""For any accepted image, the served file shows the same picture."""

import struct
from io import BytesIO
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from scapi.formats import cleaning, images
from scapi.formats.images import InvalidImage
from tests import files
from tests.formats import private
from tests.formats.private import PROFILE, SECRET, every_kind

Drawn = tuple[bytes, str]
_SIDES = st.integers(2, 40)
_SEEDS = st.integers(0, 9)
_NOTHING: dict[str, Any] = {}
_PROFILES = st.sampled_from([_NOTHING, {"icc_profile": PROFILE}])
_TURNS = st.sampled_from([_NOTHING, *({"exif_orientation": number} for number in range(1, 9)), {"gps": True}])


def _parts(parts: dict[str, bytes]) -> st.SearchStrategy[list[bytes]]:
    return st.lists(st.sampled_from(list(parts.values())), max_size=4)


@st.composite
def jpegs(draw: st.DrawFn) -> Drawn:
    """A JPEG, baseline or progressive, in colour, grey or CMYK."""
    image = files.picture(draw(_SIDES), draw(_SIDES), noise=draw(st.booleans()), seed=draw(_SEEDS))
    image = image.convert(draw(st.sampled_from(["RGB", "L", "CMYK"])))
    options: dict[str, Any] = draw(_PROFILES) if image.mode == "RGB" else {}
    options |= {"progressive": draw(st.booleans()), "subsampling": draw(st.integers(0, 2))}
    options |= {"restart_marker_blocks": draw(st.sampled_from([0, 1, 3])), "dpi": (draw(st.integers(1, 600)), 72)}
    if orientation := draw(st.integers(0, 8)):
        options["exif"] = files.exif(orientation, gps=draw(st.booleans()))
    data = files.saved(image, "JPEG", **options)
    return private.with_jpeg_segments(data, draw(_parts(private.jpeg_segments()))), "image/jpeg"


@st.composite
def pngs(draw: st.DrawFn) -> Drawn:
    """A PNG or APNG in any mode, with colour chunks."""
    frames = draw(st.sampled_from([1, 1, 3]))
    mode = (
        draw(st.sampled_from(["RGB", "RGBA"])) if frames > 1 else draw(st.sampled_from(["RGB", "RGBA", "L", "P", "1"]))
    )
    if frames > 1 or mode.startswith("RGB"):
        options = draw(_PROFILES) | draw(_TURNS)
        data = files.png(draw(_SIDES), draw(_SIDES), seed=draw(_SEEDS), mode=mode, frames=frames, **options)
    else:
        data = files.saved(files.picture(draw(_SIDES), draw(_SIDES)).convert(mode), "PNG")
    colours = [b"gAMA" + struct.pack(">I", draw(st.integers(0, 300_000))), b"cHRM" + bytes(32), b"sRGB\0"]
    chunks = draw(st.lists(st.sampled_from(colours), max_size=2, unique=True)) + draw(_parts(private.png_chunks()))
    return private.with_png_chunks(data, chunks), "image/png"


@st.composite
def gifs(draw: st.DrawFn) -> Drawn:
    """A GIF, perhaps animated."""
    data = files.gif(draw(st.sampled_from([1, 3])), draw(_SIDES), draw(_SIDES), seed=draw(_SEEDS))
    return private.with_gif_blocks(data, draw(_parts(private.gif_blocks()))), "image/gif"


@st.composite
def webps(draw: st.DrawFn) -> Drawn:
    """A WebP, lossy or not, perhaps animated."""
    options = (
        draw(_PROFILES) | draw(_TURNS) | {"lossless": draw(st.booleans()), "frames": draw(st.sampled_from([1, 3]))}
    )
    mode = draw(st.sampled_from(["RGB", "RGBA"]))
    data = files.webp(draw(_SIDES), draw(_SIDES), seed=draw(_SEEDS), mode=mode, **options)
    return private.with_webp_chunks(data, draw(_parts(private.webp_chunks()))), "image/webp"


def looks(data: bytes) -> list[object]:
    """The file as Pillow decodes it: size, profile, and each frame's pixels and duration."""
    with Image.open(BytesIO(data)) as image:
        frames = [
            (frame.info.get("duration"), frame.convert("RGBA").tobytes()) for frame in ImageSequence.Iterator(image)
        ]
        return [image.size, image.info.get("icc_profile"), image.info.get("loop"), *frames]


@given(st.one_of(jpegs(), pngs(), gifs(), webps()), st.sampled_from([b"", private.VIDEO]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_served_file_shows_the_same_picture(drawn: Drawn, trailer: bytes) -> None:
    data, mimetype = drawn
    data += trailer
    found = images.inspect(data, mimetype)
    cleaned = cleaning.cleaned(data, mimetype)
    assert looks(cleaned) == looks(data)
    assert images.inspect(cleaned, mimetype) == found
    assert SECRET not in cleaned
    assert b"Testkamera" not in cleaned
    assert cleaning.cleaned(cleaned, mimetype) is cleaned
    with Image.open(BytesIO(cleaned)) as image:
        turned = image.getexif().get(0x0112, 1) >= 5
        assert (found.width, found.height) == (image.size[::-1] if turned else image.size)


@given(st.sampled_from(list(every_kind().values())), st.integers(0, 1 << 16), st.binary(max_size=20), st.booleans())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_is_refused_or_shows_the_same_picture(
    kind: tuple[bytes, str], position: int, noise: bytes, cut: bool
) -> None:
    data, mimetype = kind
    position %= len(data)
    damaged = data[:position] + noise + (b"" if cut else data[position + len(noise) :])
    try:
        found = images.inspect(damaged, mimetype)
    except InvalidImage:
        return
    cleaned = cleaning.cleaned(damaged, mimetype)
    assert images.inspect(cleaned, mimetype) == found
    assert cleaning.cleaned(cleaned, mimetype) is cleaned
