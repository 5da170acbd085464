import struct
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms

from scapi.formats import exif, xmp
from scapi.formats.location import without_location
from tests import files
from tests.formats.located import LATITUDE_BYTES, MAKERS, XMP_MARK, ifd, pixels, tiff


def metadata(data: bytes) -> Image.Exif:
    with Image.open(BytesIO(data)) as image:
        return image.getexif()


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
    return (tiff_of([(0x8825, 4, 1, struct.pack("<I", 26))]) + ifd("<", entries, 0)).ljust(500, b"\1")


def tiff_of(entries: list[tuple[int, int, int, bytes]]) -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + ifd("<", entries, 0)


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
