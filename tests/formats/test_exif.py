"""The first directory of a TIFF structure: what is read, and what is left out."""

import struct

import pytest

from scapi.formats import exif

ORIENTATION, X, Y, UNIT = 0x0112, 0x011A, 0x011B, 0x0128
SHORT, LONG, RATIONAL = 3, 4, 5
MOST = 500


def short(tag: int, value: int, kind: int = SHORT, count: int = 1, order: str = "<") -> bytes:
    return struct.pack(f"{order}HHIHH", tag, kind, count, value, 0)


def rational(tag: int, at: int, kind: int = RATIONAL, count: int = 1, order: str = "<") -> bytes:
    return struct.pack(f"{order}HHII", tag, kind, count, at)


def tiff(*entries: bytes, order: str = "<", count: int | None = None, start: int = 8, rest: bytes = b"") -> bytes:
    """Return a structure whose directory begins at `start` and says that it has `count` entries."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", start)
    number = struct.pack(f"{order}H", len(entries) if count is None else count)
    return head + bytes(start - 8) + number + b"".join(entries) + rest


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("value", range(10))
def test_an_orientation(order: str, value: int) -> None:
    found = exif.read(tiff(short(ORIENTATION, value, order=order), order=order))
    assert found.order == order
    assert found.orientation == (value if 1 <= value <= 8 else 1)
    assert found.tags == ({ORIENTATION: value} if 1 <= value <= 8 else {})


def test_all_that_a_picture_needs() -> None:
    values_at = 8 + 2 + 4 * 12
    entries = (short(ORIENTATION, 6), rational(X, values_at), rational(Y, values_at + 8), short(UNIT, 2))
    found = exif.read(tiff(*entries, rest=b"x" * 8 + b"y" * 8))
    assert found.tags == {ORIENTATION: 6, X: b"x" * 8, Y: b"y" * 8, UNIT: 2}


@pytest.mark.parametrize(
    "entry",
    [
        short(ORIENTATION, 6, kind=LONG),
        short(ORIENTATION, 6, count=0),
        short(ORIENTATION, 6, count=2),
        rational(X, 22, kind=LONG),
        rational(X, 22, count=2),
        rational(X, 1000),
        short(ORIENTATION + 1, 6),
        short(0x8769, 8),
    ],
)
def test_what_is_left_out(entry: bytes) -> None:
    assert exif.read(tiff(entry, rest=b"12345678")).tags == {}
    assert exif.read(tiff(entry, short(UNIT, 3), rest=b"12345678")).tags == {UNIT: 3}


def test_a_unit_of_none() -> None:
    assert exif.read(tiff(short(UNIT, 0))).tags == {}
    assert exif.read(tiff(short(UNIT, 1))).tags == {UNIT: 1}


def test_a_fraction_that_ends_with_the_structure() -> None:
    assert exif.read(tiff(rational(X, 22), rest=b"12345678")).tags == {X: b"12345678"}
    assert exif.read(tiff(rational(X, 22), rest=b"1234567")).tags == {}


def test_the_first_of_two_counts() -> None:
    assert exif.read(tiff(short(ORIENTATION, 3), short(ORIENTATION, 6))).orientation == 3
    assert exif.read(tiff(short(ORIENTATION, 3, kind=LONG), short(ORIENTATION, 6))).orientation == 1


def test_as_many_entries_as_there_are_bytes_for() -> None:
    entries = (short(UNIT, 2), short(ORIENTATION, 6))
    assert exif.read(tiff(*entries, count=3)).orientation == 6
    assert exif.read(tiff(*entries, count=2)).orientation == 6
    assert exif.read(tiff(*entries, count=1)).tags == {UNIT: 2}
    assert exif.read(tiff(*entries)[:-1]).tags == {UNIT: 2}
    assert exif.read(tiff(*entries, count=0)).tags == {}


@pytest.mark.parametrize(("before", "is_read"), [(MOST - 1, True), (MOST, False)])
def test_the_most_entries(before: int, is_read: bool) -> None:
    entries = [short(1000, 0)] * before
    assert exif.read(tiff(*entries, short(ORIENTATION, 6))).orientation == (6 if is_read else 1)


def test_a_directory_elsewhere() -> None:
    assert exif.read(tiff(short(ORIENTATION, 6), start=21)).orientation == 6
    assert exif.read(tiff(short(ORIENTATION, 6), start=21)[:30]).tags == {}


@pytest.mark.parametrize(
    "data", [b"", b"II*\0", b"II*\0\x08\0\0", b"II*\0\x08\0\0\0", b"II*\0\x08\0\0\0\0", b"II*\0\xff\xff\xff\xff"]
)
def test_what_is_cut_off(data: bytes) -> None:
    assert exif.read(data).tags == {}


def test_the_order_of_what_is_cut_off() -> None:
    assert exif.read(b"MM\0*\0\0\0").order == "<"
    assert exif.read(b"MM\0*\0\0\0\x08").order == ">"
    assert exif.read(b"MM\0*\0\0\0\0").tags == {}  # the directory is the header: it has 0x4D4D entries
    assert exif.read(b"II*\0\x08\0\0\0\0\0") == exif.Essentials("<", {})


def test_other_structures_are_none() -> None:
    assert exif.read(b"II+\0" + tiff(short(ORIENTATION, 6))[4:]).tags == {}


@pytest.mark.parametrize("order", "<>")
def test_they_are_written_as_they_were_read(order: str) -> None:
    found = exif.Essentials(order, {Y: b"y" * 8, ORIENTATION: 6, UNIT: 2, X: b"x" * 8})
    values_at = 8 + 2 + 4 * 12 + 4
    assert found.tiff() == tiff(
        short(ORIENTATION, 6, order=order),
        rational(X, values_at, order=order),
        rational(Y, values_at + 8, order=order),
        short(UNIT, 2, order=order),
        order=order,
        rest=bytes(4) + b"x" * 8 + b"y" * 8,
    )
    assert exif.read(found.tiff()) == found
    assert exif.Essentials(order, {}).tiff() == b""
