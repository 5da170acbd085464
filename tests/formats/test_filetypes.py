"""The first bytes of a file and its type."""

import struct

import pytest

from scapi.formats import filetypes
from scapi.formats.filetypes import HEAD_SIZE, is_enough, sniff, why_not

FIRST = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"RIFF1234WEBP": "image/webp",
    b"\0\0\0\x0cftypavif": "image/avif",
    b"\0\0\0\x0cftypavis": "image/avif",
    **{b"\0\0\0\x0cftyp" + brand: "image/heic" for brand in (b"heic", b"heix", b"heim", b"heis")},
    **{b"\0\0\0\x0cftyp" + brand: "image/heic" for brand in (b"hevc", b"hevx", b"mif1", b"msf1")},
    b"%PDF-": "application/pdf",
}


@pytest.mark.parametrize("head", FIRST)
def test_the_first_bytes_show_the_type(head: bytes) -> None:
    assert sniff(head) == sniff(head + b"more") == FIRST[head]
    assert sniff(head[:-1]) is None
    if head != b"%PDF-":
        assert sniff(b" " + head) is None


def ftyp(*brands: bytes, size: int | None = None) -> bytes:
    """Return a first box with a main brand, its version, and compatible brands."""
    body = brands[0] + b"0000" + b"".join(brands[1:])
    return struct.pack(">I", 8 + len(body) if size is None else size) + b"ftyp" + body


def test_brands_after_the_first() -> None:
    assert sniff(ftyp(b"isom", b"mp42", b"avif")) == "image/avif"
    assert sniff(ftyp(b"isom", b"avif")) == "image/avif"
    assert sniff(ftyp(b"isom", b"mp42", b"heic")) == "image/heic"
    assert sniff(ftyp(b"isom", b"mp42", b"mp41")) is None
    assert sniff(ftyp(b"isom", b"..av", b"if..")) is None  # not where a brand begins
    assert sniff(ftyp(b"isom", b"avif")[:-1]) is None
    version = ftyp(b"isom", b"mp42").replace(b"0000", b"avif")
    assert sniff(version) is None


@pytest.mark.parametrize(("size", "expected"), [(19, None), (20, "image/avif"), (21, "image/avif"), (0, None)])
def test_brands_are_inside_the_box(size: int, expected: str | None) -> None:
    assert sniff(ftyp(b"isom", b"avif", size=size)) == expected
    assert sniff(ftyp(b"isom", b"avif", size=size) + b"more") == expected


def test_bytes_before_a_pdf() -> None:
    assert HEAD_SIZE == 1029
    assert sniff(b" " * 1024 + b"%PDF-") == "application/pdf"
    assert sniff(b" " * 1025 + b"%PDF-") is None


@pytest.mark.parametrize(
    ("head", "enough"),
    [
        (b"x" * 11, False),
        (b"x" * 12, True),
        (ftyp(b"isom", b"mp42")[:19], False),
        (ftyp(b"isom", b"mp42"), True),
        (ftyp(b"isom", size=1028) + bytes(1028 - 17), False),
        (ftyp(b"isom", size=1028) + bytes(1028 - 16), True),
        (ftyp(b"isom", size=10**6) + bytes(1028 - 16), False),
        (ftyp(b"isom", size=10**6) + bytes(1029 - 16), True),
        (ftyp(b"isom", size=4)[:11], False),
        (ftyp(b"isom", size=4)[:12], True),
        (b"\0\0\1\0free" + bytes(4), True),
    ],
)
def test_enough_to_show_the_type(head: bytes, enough: bool) -> None:
    assert is_enough(head) == enough


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"<?xml?><svg", "SVG"),
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"BM", "BMP"),
        *((head, "TIFF") for head in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
        *((head, "videos") for head in (b"1234ftyp", b"1234moov", b"1234mdat", b"RIFF1234AVI ")),
        *((head, "videos") for head in (b"1234ftypisom", b"1234moov....", b"1234mdat....", b"RIFF1234AVI ....")),
        *((head, "videos") for head in (b"\x1aE\xdf\xa3", b"OggS", b"FLV\x01")),
        (b"123ftyp", "only JPEG, PNG, "),
        (b"12345ftyp", "only JPEG, PNG, "),
        (b"RIFF1234WAVE", "only JPEG, PNG, "),
        (b"RIFF123AVI ", "only JPEG, PNG, "),
        (b"words", "only JPEG, PNG, "),
    ],
)
def test_why_it_is_not_accepted(head: bytes, said: str) -> None:
    assert said in why_not(head)


def test_the_accepted_types_are_listed() -> None:
    assert why_not(b"words").endswith(" and PDF files are accepted")
    assert why_not(b"words").count("PDF") == 1


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filetypes, "has_heic_decoder", lambda: False)


def test_without_a_decoder(no_decoder: None) -> None:
    assert "no decoder" in why_not(ftyp(b"heic"))
    assert "HEIC" not in why_not(b"words")
    assert [one.name for one in filetypes.taken()] == ["JPEG", "PNG", "GIF", "WebP", "AVIF", "PDF"]


def test_with_a_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filetypes, "has_heic_decoder", lambda: True)
    assert [one.name for one in filetypes.taken()] == ["JPEG", "PNG", "GIF", "WebP", "AVIF", "HEIC", "PDF"]
    assert why_not(b"words") == "only JPEG, PNG, GIF, WebP, AVIF, HEIC and PDF files are accepted"


@pytest.mark.parametrize(("modules", "found"), [({"pi_heif"}, True), ({"pillow_heif"}, True), (set(), False)])
def test_a_decoder_is_looked_for(modules: set[str], found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filetypes, "find_spec", lambda name: name if name in modules else None)
    filetypes.has_heic_decoder.cache_clear()
    assert filetypes.has_heic_decoder() == found
    filetypes.has_heic_decoder.cache_clear()


def test_what_is_served() -> None:
    assert filetypes.served_as("image/heic") == "image/jpeg"
    assert filetypes.served_as("image/png") == "image/png"
    assert filetypes.served_as("text/plain") == "text/plain"
    assert filetypes.EXTENSIONS["image/heic"] == ".heic"
    assert filetypes.is_image("image/avif")
    assert not filetypes.is_image("application/pdf")
