"""Places in XMP packets, in the texts of a PNG, and in what an image has behind it."""

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image, PngImagePlugin

from scapi.formats import location, xmp
from scapi.formats.location import without_location
from tests import files
from tests.formats.located import PLACELESS_XMP, XMP, XMP_MARK, pixels, tiff


def test_xmp_loses_its_gps_properties_in_place():
    cleaned = xmp.without_gps(XMP)
    assert len(cleaned) == len(XMP)
    for gone in (b"GPS", b"48", b"16,22", b"1711"):
        assert gone not in cleaned
    for kept in (
        b'dc:rights="Erika"',
        b"<tiff:Make>Testkamera</tiff:Make>",
        b"</rdf:Description></rdf:RDF></x:xmpmeta>",
    ):
        assert kept in cleaned
    assert xmp.without_gps(PLACELESS_XMP) is PLACELESS_XMP
    assert xmp.without_gps(XMP.decode().encode("utf-16-le")).strip() == b""
    # Broken, and built to keep a careless pattern busy for hours.
    for hostile in (b"<a:GPSx" * 100_000, b"<a:GPSx>" * 100_000, b" a:GPS='" * 100_001, b" a:GPS" + b" " * 500_000):
        assert not xmp.mentions_gps(xmp.without_gps(hostile))


@pytest.mark.parametrize(("make", "mimetype"), [(files.jpeg, "image/jpeg"), (files.webp, "image/webp")])
def test_xmp_in_jpeg_and_webp(make, mimetype):
    data = make(xmp=XMP)
    cleaned = without_location(data, mimetype)
    assert b"GPS" in data
    assert b"GPS" not in cleaned
    assert b"Erika" in cleaned
    assert pixels(cleaned) == pixels(data)
    placeless = make(xmp=PLACELESS_XMP)
    assert without_location(placeless, mimetype) is placeless


def test_extended_xmp_cut_in_the_middle_of_a_property():
    data = files.jpeg()
    for offset, portion in ((0, b" " * 590 + b"<a exif:G"), (599, b"PSLatitude='48,12.5N'/>")):
        body = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + struct.pack(">II", 622, offset) + portion
        data = files.with_jpeg_segment(data, 0xE1, body)
    cleaned = without_location(data, "image/jpeg")
    assert b"48,12.5N" in data
    assert b"48,12.5N" not in cleaned
    assert pixels(cleaned) == pixels(data)


def test_the_place_in_a_motion_photos_video_goes():
    data = files.jpeg() + b"\0\0\0\x08free\0\0\0\x1e\xa9xyz\0\x12\x15\xc7+48.2083+016.3725/"
    cleaned = without_location(data, "image/jpeg")
    assert b"48.2083" not in cleaned
    assert len(cleaned) == len(data)


def _profile(name: str, payload: bytes) -> str:
    return f"\n{name}\n{len(payload):8}\n{payload.hex()}\n"


def test_png_text_chunks():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "kept")
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
    info.add_text("Raw profile type exif", _profile("exif", b"Exif\0\0" + tiff()), zip=True)
    info.add_text("Raw profile type APP1", _profile("generic profile", XMP_MARK + XMP))
    info.add_text("Raw profile type xmp", _profile("xmp", XMP), zip=True)
    data = files.png(pnginfo=info)
    cleaned = without_location(data, "image/png")
    assert pixels(cleaned) == pixels(data)
    with Image.open(BytesIO(cleaned)) as image:
        assert set(image.text) == {"Comment", "XML:com.adobe.xmp"}
        assert image.text["Comment"] == "kept"
        assert "GPS" not in image.text["XML:com.adobe.xmp"]
        assert "Erika" in image.text["XML:com.adobe.xmp"]


def test_png_text_chunks_without_a_place_stay():
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", PLACELESS_XMP.decode(), zip=True)
    info.add_text("Raw profile type exif", _profile("exif", b"Exif\0\0" + tiff(gps=False)), zip=True)
    data = files.png(pnginfo=info)
    assert without_location(data, "image/png") is data


@pytest.mark.parametrize("body", [zlib.compress(bytes(8 * 1024 * 1024)), b"not zlib", b""])
def test_png_profiles_that_cannot_be_read_go(body):
    plain = files.png()
    data = files.with_png_chunk(plain, b"zTXt", b"Raw profile type exif\0\0" + body)
    assert without_location(data, "image/png") == plain


def test_png_texts_that_inflate_to_much_together_go(monkeypatch: pytest.MonkeyPatch) -> None:
    text = zlib.compress(b"\nexif\n 1\n" + b"00" * 300_000)
    data = files.png()
    for _ in range(20):
        data = files.with_png_chunk(data, b"zTXt", b"Raw profile type exif\0\0" + text)
    inflated = []
    monkeypatch.setattr(
        location,
        "_png_profile_has_gps",
        lambda _, text: inflated.append(len(text)),  # None: it has none
    )
    cleaned = without_location(data, "image/png")
    assert pixels(cleaned) == pixels(data)
    assert sum(inflated) <= 1024 * 1024
    assert cleaned.count(b"zTXt") == len(inflated) == 1


@pytest.mark.parametrize("in_blocks", [False, True])
def test_xmp_in_a_gif(in_blocks):
    def with_packet(packet):
        if in_blocks:
            cut = [packet[start : start + 255] for start in range(0, len(packet), 255)]
            body = b"".join(bytes([len(block)]) + block for block in cut) + b"\0"
        else:
            # The magic trailer: wherever a reader lands that takes text for lengths, it gets to the end.
            body = packet + b"\1" + bytes(range(255, -1, -1)) + b"\0"
        return plain[:-1] + b"!\xff\x0bXMP DataXMP" + body + b";"

    plain = files.gif(3)
    # The name of the property lies across a length, or what would be one.
    packet = b"<a ".ljust(252 if in_blocks else 59) + b"a:GPSLatitude='48,12.5N'/>"
    assert without_location(with_packet(packet), "image/gif") == plain
    assert without_location(with_packet(XMP), "image/gif") == plain
    placeless = with_packet(PLACELESS_XMP)
    assert without_location(placeless, "image/gif") is placeless
