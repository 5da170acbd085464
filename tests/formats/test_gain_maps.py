"""The gain map of an HDR picture is found, kept and described, without other metadata."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scapi.formats import cleaning, containers, images
from scapi.formats.cleaning import gain_maps
from tests import files
from tests.formats import exiftool, private
from tests.formats.private import SECRET, ultra_hdr

WAYS = [{"xmp": True}, {"xmp": False, "iso": True}, {"xmp": True, "iso": True}]


def images_of(data: bytes) -> list[bytes]:
    """Return the pixels of the first image and of the second one that MPF leads to (CIPA DC-007, 5.2)."""
    images_found = [data]
    if b"MPF\0" in data:
        header = data.index(b"MPF\0") + 4
        entry = data.index(b"\xb0\x02\0\7\0\0\0\x20", header)
        (entries,) = struct.unpack_from(">I", data, entry + 8)
        size, offset = struct.unpack_from(">II", data, header + entries + 16 + 4)
        images_found.append(data[header + offset :][:size])
    pixels = []
    for one in images_found:
        with Image.open(BytesIO(one), formats=["JPEG"]) as image:
            pixels.append(image.tobytes())
    return pixels


@pytest.mark.parametrize("way", WAYS)
def test_a_gain_map_stays_where_its_offset_leads(way: dict[str, Any]) -> None:
    data = ultra_hdr(**way)
    cleaned = cleaning.cleaned(data + private.VIDEO, "image/jpeg")
    assert len(images_of(cleaned)) == 2
    assert images_of(cleaned) == images_of(data)
    assert SECRET not in cleaned
    assert b"Testkamera" not in cleaned
    assert cleaned.count(b"urn:iso:std:iso:ts:21496:-1\0") == (2 if way.get("iso") else 0)
    assert cleaning.cleaned(cleaned, "image/jpeg") is cleaned


def test_it_is_described_by_the_properties_that_it_needs(tmp_path: Path) -> None:
    cleaned = cleaning.cleaned(ultra_hdr(), "image/jpeg")
    second = cleaned[cleaned.rindex(b"\xff\xd8\xff") :]
    found = exiftool.tags(tmp_path, {"first": cleaned, "second": second})
    assert {"XMP-hdrgm:Version", "XMP-GContainer:DirectoryItemLength", "MPF0:NumberOfImages"} <= found["first"]
    assert {"XMP-hdrgm:GainMapMax", "XMP-hdrgm:Gamma"} <= found["second"]
    assert f'Item:Length="{len(second)}"'.encode() in cleaned
    for text in (b'GainMapMax="2.5"', b'BaseRenditionIsHDR="False"', b"<rdf:li>0.9</rdf:li>"):
        assert text in second
    # MPF's second entry: size and offset, from the TIFF header on.
    header = cleaned.index(b"MPF\0") + 4
    size, offset = struct.unpack_from(">II", cleaned, header + 50 + 16 + 4)
    assert cleaned[header + offset :] == second
    assert size == len(second)


@pytest.mark.parametrize(
    "data",
    [
        files.mpo(gps=True),
        ultra_hdr(xmp=False),
        ultra_hdr(size=(640, 480)),
        ultra_hdr()[:-20],
        ultra_hdr().replace(b'GainMapMax="2.5"', b'GainMapMax="x.5"'),
        ultra_hdr().replace(b'HDRCapacityMax="2.3"', b'HDRCapacityMax="2&3"'),
    ],
    ids=["another view", "not described", "larger than its image", "cut off", "no number", "broken XMP"],
)
def test_what_is_no_gain_map_goes(data: bytes) -> None:
    cleaned = cleaning.cleaned(data, "image/jpeg")
    assert cleaned.count(b"\xff\xd8\xff") == 1
    assert b"MPF\0" not in cleaned
    with Image.open(BytesIO(cleaned)) as after, Image.open(BytesIO(data), formats=["JPEG"]) as before:
        assert after.tobytes() == before.tobytes()


def test_endless_lists_of_images_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    index = b"".join(struct.pack(">IIIHH", 0, 9, 100 + number, 0, 0) for number in range(4000))
    entries = struct.pack(">HHII", 0xB002, 7, len(index), 26)
    mpf = b"MPF\0MM\0*" + struct.pack(">IH", 8, 1) + entries + bytes(4) + index
    data = files.with_jpeg_segment(files.jpeg(), 0xE2, mpf[:65_000]) + b"\xff\xd8\xff\xe0" * 1000
    looked_at = []
    walk = containers.jpeg_parts
    monkeypatch.setattr(gain_maps, "jpeg_parts", lambda *where: (looked_at.append(where), walk(*where))[1])
    assert cleaning.cleaned(data, "image/jpeg") == files.jpeg()
    assert len(looked_at) <= 4
    assert images.inspect(data, "image/jpeg").width == 64
