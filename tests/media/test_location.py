import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, ImageSequence, PngImagePlugin

from scapi.media import exif, location, xmp
from scapi.media.location import without_location
from tests import files

# 48 as an EXIF rational, in both byte orders, with the minutes behind it.
LATITUDE_BYTES = (struct.pack("<4I", 48, 1, 12, 1), struct.pack(">4I", 48, 1, 12, 1))

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description dc:rights="Erika" '
    b"exif:GPSLatitude=\"48,12.5N\" exif:GPSLongitude='16,22.3E'>"
    b"<exif:GPSAltitude>1711/10</exif:GPSAltitude><tiff:Make>Testkamera</tiff:Make><exif:GPSVersionID/>"
    b"<drone:GPSTimes><rdf:Seq><rdf:li>48.2</rdf:li></rdf:Seq></drone:GPSTimes></rdf:Description></rdf:RDF></x:xmpmeta>"
)
PLACELESS_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:rights>Erika</dc:rights></x:xmpmeta>'
XMP_MARK = b"http://ns.adobe.com/xap/1.0/\0"
MAKERS = [(files.jpeg, "image/jpeg"), (files.png, "image/png"), (files.webp, "image/webp")]


def pixels(data: bytes) -> list[bytes]:
    with Image.open(BytesIO(data)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


def metadata(data: bytes) -> Image.Exif:
    with Image.open(BytesIO(data)) as image:
        return image.getexif()


def tiff(order: str = "<", gps: bool = True) -> bytes:
    """IFD0 (orientation 6, GPS, a make), IFD1 with a GPS directory of its own, and the values behind them."""
    place = ((1, 2, 2, b"N\0\0\0"), (2, 5, 3, LATITUDE_BYTES[order == ">"] + struct.pack(order + "2I", 30, 1)))
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    first = [(0x010F, 2, 4, b"Abc\0"), (0x0112, 3, 1, struct.pack(order + "H", 6) + b"\0\0")]
    tags = 3 if gps else 2
    next_ifd = 8 + 2 + tags * 12 + 4
    gps_ifd = next_ifd + 2 + (2 if gps else 1) * 12 + 4
    pointer = [(0x8825, 4, 1, struct.pack(order + "I", gps_ifd))] if gps else []
    body = _ifd(order, first + pointer, next_ifd)
    body += _ifd(order, [(0x0103, 3, 1, struct.pack(order + "H", 6) + b"\0\0"), *pointer], 0)
    if gps:
        values = gps_ifd + 2 + 2 * 12 + 4
        entries = [place[0], (2, 5, 3, struct.pack(order + "I", values))]
        body += _ifd(order, entries, 0) + place[1][3]
    return header + body


def _ifd(order: str, entries: list[tuple[int, int, int, bytes]], following: int) -> bytes:
    packed = b"".join(struct.pack(order + "HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return struct.pack(order + "H", len(entries)) + packed + struct.pack(order + "I", following)


@pytest.mark.parametrize(("make", "mimetype"), MAKERS)
def test_gps_goes_and_everything_else_stays(make, mimetype):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = make(exif_orientation=6, gps=True, icc_profile=profile)
    assert any(place in data for place in LATITUDE_BYTES)
    cleaned = without_location(data, mimetype)
    assert not any(place in cleaned for place in LATITUDE_BYTES)
    assert len(cleaned) == len(data)
    assert pixels(cleaned) == pixels(data)
    before, after = metadata(data), metadata(cleaned)
    assert ExifTags.IFD.GPSInfo in before
    assert ExifTags.IFD.GPSInfo not in after
    assert after[ExifTags.Base.Orientation] == 6
    assert after[ExifTags.Base.Make] == "Testkamera"
    taken = ExifTags.Base.DateTimeOriginal
    assert after.get_ifd(ExifTags.IFD.Exif)[taken] == before.get_ifd(ExifTags.IFD.Exif)[taken]
    with Image.open(BytesIO(cleaned)) as image:
        assert image.info["icc_profile"] == profile
    assert without_location(cleaned, mimetype) is cleaned


@pytest.mark.parametrize(("make", "mimetype"), [*MAKERS, (files.gif, "image/gif"), (files.mpo, "image/jpeg")])
def test_a_file_without_location_comes_back_as_it_is(make, mimetype):
    data = make()
    assert without_location(data, mimetype) is data
    if make not in (files.gif, files.mpo):
        data = make(exif_orientation=3)
        assert without_location(data, mimetype) is data


def test_animations_keep_every_frame():
    data = files.webp(frames=3, gps=True)
    cleaned = without_location(data, "image/webp")
    assert cleaned != data
    assert pixels(cleaned) == pixels(data)
    assert len(pixels(cleaned)) == 3


def test_both_images_of_an_mpo_are_cleaned_and_still_found():
    second = files.jpeg(seed=1, gps=True)
    data = files.mpo(gps=True) + second
    assert sum(data.count(place) for place in LATITUDE_BYTES) >= 2
    cleaned = without_location(data, "image/jpeg")
    assert not any(place in cleaned for place in LATITUDE_BYTES)
    assert len(cleaned) == len(data)
    assert pixels(cleaned) == pixels(data)
    assert len(pixels(cleaned)) == 2


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_and_the_thumbnails_directory(order):
    data = tiff(order)
    cleaned = exif.without_gps(data)
    assert len(cleaned) == len(data)
    assert exif.orientation(cleaned) == 6
    assert b"Abc" in cleaned
    assert not any(place in cleaned for place in LATITUDE_BYTES)
    loaded = Image.Exif()
    loaded.load(cleaned)
    assert dict(loaded) == {0x010F: "Abc", 0x0112: 6}
    assert loaded.get_ifd(ExifTags.IFD.IFD1) == {0x0103: 6}


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (42, 0xFFFFFF00),  # the GPS directory is outside
        (42, 8),  # it is IFD0 itself
        (42, 10),  # it overlaps IFD0
        (96, 0x0000FFFF),  # a value of an unknown type
        (98, 0x7FFFFFFF),  # a value longer than everything
        (102, 0xFFFFFF00),  # a value outside
        (102, 8),  # a value that is IFD0 itself
    ],
)
def test_gps_that_cannot_be_understood_goes_with_everything_but_the_orientation(position, value):
    data = bytearray(tiff())
    struct.pack_into("<I", data, position, value)
    cleaned = exif.without_gps(bytes(data))
    assert len(cleaned) == len(data)
    assert exif.orientation(cleaned) == 6
    assert b"Abc" not in cleaned
    assert not any(entry for entry in exif._Tiff(cleaned).gps_entries())
    assert exif.without_gps(cleaned) is cleaned


def test_loops_end():
    data = bytearray(tiff(gps=False))
    struct.pack_into("<I", data, 8 + 2 + 24, 8)
    assert exif.without_gps(bytes(data)) == data
    chain = b"".join(struct.pack("<HI", 0, 8 + 6 * (number + 1)) for number in range(100))
    endless = b"II*\0" + struct.pack("<I", 8) + chain
    assert exif.without_gps(endless) != endless


def _sharing_directories() -> bytes:
    """32 directories, twelve bytes apart, that claim the same five thousand GPS directories: 60 KB, of 5 MB."""
    count = 5000
    head = tiff_of([(0x014A, 4, 32, struct.pack("<I", 26))]) + b"".join(
        struct.pack("<I", 154 + 12 * number) for number in range(32)
    )
    return head + struct.pack("<HHHIH", count, 0x8825, 4, 1, 6) * (count + 32)


def _sharing_values() -> bytes:
    """A GPS directory whose values are each the whole file."""
    entries = [(number, 7, 400, struct.pack("<I", 0)) for number in range(30)]
    return (tiff_of([(0x8825, 4, 1, struct.pack("<I", 26))]) + _ifd("<", entries, 0)).ljust(500, b"\1")


def tiff_of(entries: list[tuple[int, int, int, bytes]]) -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + _ifd("<", entries, 0)


@pytest.mark.parametrize("bomb", [_sharing_directories, _sharing_values])
def test_metadata_that_asks_for_more_work_than_its_size_is_blanked(bomb, monkeypatch):
    data, read, blanked = bomb(), [], []
    entry, blank = exif._Entry, exif._Tiff.blank
    monkeypatch.setattr(exif, "_Entry", lambda *fields: (read.append(1), entry(*fields))[1])
    monkeypatch.setattr(
        exif._Tiff, "blank", lambda image, start, end: (blanked.append(end - start), blank(image, start, end))[1]
    )
    cleaned = exif.without_gps(data)
    assert len(cleaned) == len(data)
    assert not cleaned[26:].strip(b"\0")  # an orientation is all there is
    assert len(read) <= 10_000
    assert sum(blanked) <= 2 * len(data)


@pytest.mark.parametrize("junk", [b"II*\0", b"no TIFF, but 48.2083N 16.3725E all the same", b"II+\0" + bytes(40)])
def test_exif_that_cannot_be_understood_is_blanked(junk):
    for data, mimetype in (
        (files.with_jpeg_segment(files.jpeg(), 0xE1, b"Exif\0\0" + junk), "image/jpeg"),
        (files.with_png_chunk(files.png(), b"eXIf", junk), "image/png"),
    ):
        cleaned = without_location(data, mimetype)
        assert junk in data
        assert junk not in cleaned
        assert pixels(cleaned) == pixels(data)


@given(st.binary(max_size=300), st.integers(0, 200), st.sampled_from("<>"))
def test_no_exif_makes_it_raise_or_leaks(noise, position, order):
    whole = tiff(order)
    for data in (noise, whole[:8] + noise, whole[:position] + noise + whole[position + len(noise) :]):
        cleaned = exif.without_gps(data)
        assert len(cleaned) == len(data)
        assert exif.orientation(cleaned) == exif.orientation(data) or len(data) < 26
        assert exif.without_gps(cleaned) is cleaned


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


@given(st.integers(0, 3000), st.binary(max_size=50), st.sampled_from(range(4)))
def test_no_file_makes_it_raise(position, noise, kind):
    make, mimetype = [*MAKERS, (files.gif, "image/gif")][kind]
    data = make() if make is files.gif else make(gps=True)
    damaged = data[:position] + noise + data[position + len(noise) :]
    cleaned = without_location(damaged, mimetype)
    assert without_location(cleaned, mimetype) is cleaned
    without_location(data[:position], mimetype)


OVERLAPPING = {
    "Exif": b"\xff\xe1\xff\xffExif\0\0" + b"MM\0*\0\0\0\x08\0\1\x88\x25",
    "XMP": b"\xff\xe1\xff\xff" + XMP_MARK,
    "extended XMP": b"\xff\xe1\xff\xffhttp://ns.adobe.com/xmp/extension/\0" + b"A" * 36 + b"\0" * 4,
}


@pytest.mark.parametrize("segment", OVERLAPPING.values(), ids=OVERLAPPING.keys())
def test_segments_that_claim_each_others_bytes_are_read_once(segment: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    for module, name in ((exif, "without_gps"), (xmp, "without_gps"), (xmp, "mentions_gps")):
        call = getattr(module, name)
        monkeypatch.setattr(module, name, lambda body, call=call: (read.append(len(body)), call(body))[1])
    data = files.jpeg() + segment * 20_000
    cleaned = without_location(data, "image/jpeg")
    assert len(cleaned) == len(data)
    assert sum(read) < 3 * len(data)
