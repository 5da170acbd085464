"""The boxes of a HEIF file, its items, their bytes, properties and references: every form, and a byte less."""

import struct
from itertools import product

import pytest

from scapi.formats.boxes import MAX_BOXES, MAX_EXTENTS, Box, Meta, boxes, child, read_meta
from scapi.formats.containers import BrokenFileError


def box(kind: bytes, body: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I4s", 8 + len(body) if size is None else size, kind) + body


def full(kind: bytes, body: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Return a box with a version and flags."""
    return box(kind, bytes([version]) + flags.to_bytes(3) + body)


def found(data: bytes, start: int = 0, end: int | None = None) -> list[tuple[bytes, int, int, int]]:
    end = len(data) if end is None else end
    return [(one.kind, one.start, one.body, one.end) for one in boxes(data, start, end)]


def test_boxes_one_after_another() -> None:
    data = (
        box(b"one ", b"abc") + box(b"two ") + struct.pack(">I4sQ", 1, b"long", 18) + b"xy" + box(b"last", b"z", size=0)
    )
    expected = [(b"one ", 0, 8, 11), (b"two ", 11, 19, 19), (b"long", 19, 35, 37), (b"last", 37, 45, 46)]
    assert found(data) == expected
    assert found(b"123" + data + b"45", 3, 3 + len(data)) == [(k, *(at + 3 for at in rest)) for k, *rest in expected]
    assert found(b"", 0) == []


@pytest.mark.parametrize("size", [2, 7, 13])
def test_a_size_that_cannot_be(size: int) -> None:
    with pytest.raises(BrokenFileError, match="ends before"):
        found(box(b"one ", b"abcd", size=size))


def test_what_is_cut_off() -> None:
    for length in range(1, 8):
        with pytest.raises(BrokenFileError, match="ends before"):
            found(box(b"one ")[:length])
    long = struct.pack(">I4sQ", 1, b"long", 16)
    assert found(long) == [(b"long", 0, 16, 16)]
    for data in (long[:-1], struct.pack(">I4sQ", 1, b"long", 15)):
        with pytest.raises(BrokenFileError, match="ends before"):
            found(data)


def test_the_most_boxes() -> None:
    assert len(found(box(b"free") * (MAX_BOXES - 1))) == MAX_BOXES - 1 == 4_999
    with pytest.raises(BrokenFileError, match="more than 5000 boxes"):
        found(box(b"free") * (MAX_BOXES + 1))


def test_a_box_at_a_path() -> None:
    data = box(b"root", b"1234" + box(b"free") + box(b"ipco", box(b"ispe", b"a") + box(b"ispe", b"b")) + box(b"last"))
    [root] = boxes(data, 0, len(data))
    found = child(data, root, b"ipco", b"ispe", skip=4)
    assert found is not None
    assert data[found.body : found.end] == b"a"
    assert child(data, root, b"last", skip=4) == Box(b"last", len(data) - 8, len(data), len(data))
    assert child(data, root, b"none", skip=4) is None
    assert child(data, root, b"ipco", b"none", skip=4) is None
    inner = child(data, root, b"ipco", skip=4)
    assert inner is not None
    assert child(data, inner, b"ispe") == found


def infe(number: int, kind: bytes, version: int = 2, protection: int = 0) -> bytes:
    return full(b"infe", number.to_bytes(4 if version >= 3 else 2) + protection.to_bytes(2) + kind + b"\0", version)


def iinf(*entries: bytes, version: int = 0) -> bytes:
    return full(b"iinf", len(entries).to_bytes(4 if version else 2) + b"".join(entries), version)


def iloc(
    items: dict[int, list[tuple[int, int]]],
    *,
    version: int = 0,
    sizes: tuple[int, int, int, int] = (4, 4, 0, 0),
    base: int = 0,
    method: int = 0,
) -> bytes:
    """Return the places of items; `sizes` are those of offset, length, base and index."""
    wide = 4 if version == 2 else 2
    offset_size, length_size, base_size, index_size = sizes
    body = bytes([offset_size << 4 | length_size, base_size << 4 | index_size]) + len(items).to_bytes(wide)
    for number, extents in items.items():
        body += number.to_bytes(wide) + (method.to_bytes(2) if version else b"") + b"\0\7" + base.to_bytes(base_size)
        body += len(extents).to_bytes(2)
        for start, length in extents:
            index = b"\xff" * index_size if version else b""
            body += index + start.to_bytes(offset_size) + length.to_bytes(length_size)
    return full(b"iloc", body, version)


def ipma(associations: dict[int, list[int]], *, version: int = 0, large: bool = False, must: int = 0) -> bytes:
    body = len(associations).to_bytes(4)
    for number, indexes in associations.items():
        body += number.to_bytes(4 if version else 2) + bytes([len(indexes)])
        for index in indexes:
            body += (index | must << (15 if large else 7)).to_bytes(2 if large else 1)
    return full(b"ipma", body, version, flags=1 if large else 0)


def iprp(*associations: bytes, properties: int = 3) -> bytes:
    return box(
        b"iprp",
        box(b"ipco", b"".join(box(b"p%03d" % number) for number in range(1, properties + 1))) + b"".join(associations),
    )


def pitm(number: int, version: int = 0) -> bytes:
    return full(b"pitm", number.to_bytes(4 if version else 2), version)


NAMES = iinf(infe(1, b"hvc1"), infe(2, b"Exif"))
PLACES = iloc({1: [(1, 2)], 2: [(3, 4)]})


def parsed(*inner: bytes, after: bytes = b"") -> Meta:
    data = full(b"meta", b"".join(inner)) + after
    return read_meta(data, next(boxes(data, 0, len(data))))


def kinds(meta: Meta) -> dict[int, bytes]:
    return {number: item.kind for number, item in meta.items.items()}


def extents(*inner: bytes, after: bytes = b"") -> list[list[tuple[int, int]]]:
    meta = parsed(NAMES, *inner, iprp(), pitm(1), after=after)
    return [item.extents for item in meta.items.values()]


def properties(*associations: bytes) -> list[list[bytes]]:
    meta = parsed(NAMES, PLACES, iprp(*associations), pitm(1))
    return [[one.kind for one in item.properties] for item in meta.items.values()]


def refused(*inner: bytes, said: str = "not described") -> None:
    with pytest.raises(BrokenFileError, match=said):
        parsed(*inner)


@pytest.mark.parametrize("version", [0, 1])
def test_the_items(version: int) -> None:
    entries = (infe(1, b"hvc1"), infe(300, b"Exif"), infe(70_000, b"grid", version=3), infe(9, b"none", version=1))
    meta = parsed(iinf(*entries, box(b"free"), version=version), PLACES, iprp(), pitm(300))
    assert kinds(meta) == {1: b"hvc1", 300: b"Exif", 70_000: b"grid"}
    assert meta.primary == 300
    assert meta.references == []


@pytest.mark.parametrize("version", [2, 3])
def test_where_the_kind_of_an_item_is(version: int) -> None:
    data = full(b"meta", iinf(infe(1, b"mime", version)) + PLACES + iprp() + pitm(1))
    item = read_meta(data, next(boxes(data, 0, len(data)))).items[1]
    assert data[item.named_at : item.named_to] == b"mime\0"


def test_the_primary_item() -> None:
    assert parsed(NAMES, PLACES, iprp(), pitm(2)).primary == 2
    assert parsed(NAMES, PLACES, iprp(), pitm(2, version=1)).primary == 2
    refused(NAMES, PLACES, iprp(), pitm(3), said="no primary image")
    refused(NAMES, PLACES, iprp(), full(b"pitm", b"\0"), said="ends before")


@pytest.mark.parametrize("missing", range(4))
def test_a_box_that_is_missing(missing: int) -> None:
    inner = [NAMES, PLACES, iprp(), pitm(1)]
    del inner[missing]
    refused(*inner)


@pytest.mark.parametrize(("version", "offset_size"), [*product((0, 1, 2), (2, 4, 8))])
def test_the_bytes_of_the_items(version: int, offset_size: int) -> None:
    where = iloc({2: [(10, 20), (40, 2)], 1: [(0, 5)]}, version=version, sizes=(offset_size, 2, 0, 0))
    assert extents(where) == [[(0, 5)], [(10, 30), (40, 42)]]


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_base_and_an_index(version: int) -> None:
    where = iloc({1: [(3, 4), (5, 6)], 2: [(0, 1)]}, version=version, sizes=(4, 4, 4, 4), base=30)
    assert extents(where) == [[(33, 37), (35, 41)], [(30, 31)]]


def test_items_that_nobody_named() -> None:
    assert extents(iloc({9: [(3, 4)], 1: [(5, 6)]})) == [[(5, 11)], []]


def test_extents_to_the_end() -> None:
    where = iloc({1: [(3, 0)]}, sizes=(4, 0, 0, 0))
    [[(start, end)], _] = extents(where)
    whole = len(full(b"meta", NAMES + where + iprp() + pitm(1)))
    assert (start, end) == (3, whole)
    assert extents(iloc({1: [(3, whole - 3)]}))[0] == [(3, whole)]
    assert extents(iloc({1: [(whole, 0)]}, sizes=(4, 0, 0, 0)))[0] == [(whole, whole)]
    refused(NAMES, iloc({1: [(3, whole - 3 + 5)]}), iprp(), pitm(1), said="ends before")
    with pytest.raises(BrokenFileError, match="ends before"):
        extents(iloc({1: [(whole + 5, 0)]}))


def test_bytes_in_the_box_of_data() -> None:
    data = box(b"idat", b"12345678")
    for version, method in product((1, 2), (1, 0x21, 0x11)):
        places = extents(data, iloc({1: [(2, 3)]}, version=version, method=method))[0]
        at = len(full(b"meta", NAMES)) + 8
        assert places == [(at + 2, at + 5)]
    at = len(full(b"meta", NAMES)) + 8
    assert extents(data, iloc({1: [(1, 0)]}, version=1, method=1))[0] == [(at + 1, at + 8)]
    assert extents(data, iloc({1: [(1, 7)]}, version=1, method=0))[0] == [(1, 8)]
    assert extents(data, iloc({1: [(1, 7)]}, version=1, method=1))[0] == [(at + 1, at + 8)]
    refused(NAMES, data, iloc({1: [(1, 8)]}, version=1, method=1), iprp(), pitm(1), said="ends before")
    refused(NAMES, data, iloc({1: [(1, 8)]}, version=1, method=2), iprp(), pitm(1))
    refused(NAMES, iloc({1: [(1, 2)]}, version=1, method=1), iprp(), pitm(1))


def test_the_most_extents() -> None:
    assert MAX_EXTENTS == 20_000
    most = {1: [(0, 1)] * 19_998, 2: []}
    assert len(extents(iloc(most))[0]) == 19_998
    refused(NAMES, iloc({**most, 3: []}), iprp(), pitm(1))
    refused(NAMES, iloc({1: [(0, 1)] * 19_999, 2: []}), iprp(), pitm(1))
    assert len(extents(iloc({1: [(0, 1)] * 19_999}))[0]) == 19_999
    refused(NAMES, iloc({1: [(0, 1)] * 20_000}), iprp(), pitm(1))


@pytest.mark.parametrize("cut", range(1, 10))
def test_places_that_are_cut_off(cut: int) -> None:
    end = box(b"iloc", PLACES[8 : len(PLACES) - cut])
    data = full(b"meta", NAMES + iprp() + pitm(1) + end)
    with pytest.raises(BrokenFileError):
        read_meta(data, next(boxes(data, 0, len(data))))


@pytest.mark.parametrize(("version", "large", "must"), [*product((0, 1), (False, True), (0, 1))])
def test_the_properties(version: int, large: bool, must: int) -> None:
    first, second = {1: [3, 1], 2: [2]}, {2: [0, 1], 9: [1]}
    associations = [ipma(one, version=version, large=large, must=must) for one in (first, second)]
    assert properties(*associations) == [[b"p003", b"p001"], [b"p002", b"p001"]]


def test_a_property_that_is_not_there() -> None:
    refused(NAMES, PLACES, iprp(ipma({1: [4]})), pitm(1))
    assert properties(ipma({1: [3]})) == [[b"p003"], []]
    assert properties() == [[], []]


def test_other_boxes_beside_properties() -> None:
    assert properties(box(b"free", b"1234"), ipma({1: [1]})) == [[b"p001"], []]


def test_numbers_of_large_properties() -> None:
    many = box(
        b"iprp",
        box(b"ipco", b"".join(box(b"p%03d" % number) for number in range(1, 301)))
        + ipma({1: [300, 127, 128]}, large=True),
    )
    assert [one.kind for one in parsed(NAMES, PLACES, many, pitm(1)).items[1].properties] == [b"p300", b"p127", b"p128"]


def test_the_most_associations() -> None:
    full_ones = [255] * 78  # 256 each: 19,968
    body = (len(full_ones) + 1).to_bytes(4)
    for count, rest in ((31, True), (32, False)):
        entries = b"".join(b"\0\1" + bytes([many]) + b"\1" * many for many in [*full_ones, count])
        inner = (NAMES, PLACES, iprp(full(b"ipma", body + entries)), pitm(1))
        if rest:
            assert len(parsed(*inner).items[1].properties) == 78 * 255 + 31
        else:
            refused(*inner)


@pytest.mark.parametrize("version", [0, 1])
def test_the_references(version: int) -> None:
    wide = 4 if version else 2

    def reference(kind: bytes, source: int, *targets: int) -> bytes:
        return box(
            kind, source.to_bytes(wide) + len(targets).to_bytes(2) + b"".join(one.to_bytes(wide) for one in targets)
        )

    iref = full(b"iref", reference(b"dimg", 1, 2, 3, 4) + reference(b"thmb", 2, 1) + reference(b"dimg", 1, 5), version)
    meta = parsed(NAMES, PLACES, iprp(), pitm(1), iref)
    assert meta.references == [(b"dimg", 1, [2, 3, 4]), (b"thmb", 2, [1]), (b"dimg", 1, [5])]
    assert meta.referred(b"dimg", 1) == [2, 3, 4, 5]
    assert meta.referred(b"dimg", 2) == meta.referred(b"thmb", 1) == []
    short = full(b"iref", box(b"dimg", reference(b"dimg", 1, 2, 3)[8:-1]) + reference(b"thmb", 2, 1), version)
    refused(NAMES, PLACES, iprp(), pitm(1), short, said="ends before")
