"""Where the parts of a file begin and end: every part, and a byte less, a byte more."""

import struct
import zlib
from collections.abc import Callable, Iterator

import pytest

from scapi.formats import containers
from scapi.formats.containers import (
    MAX_PARTS,
    PNG_SIGNATURE,
    SEARCH_BYTES,
    BrokenFileError,
    Part,
    gif_parts,
    jpeg_parts,
    jpeg_segment,
    png_chunk,
    png_parts,
    riff_chunk,
    riff_chunks,
    webp_parts,
)

SOI, EOI = b"\xff\xd8", b"\xff\xd9"


def broken(parts: Iterator[Part], said: str = "ends before") -> None:
    with pytest.raises(BrokenFileError, match=said):
        list(parts)


def spans(parts: Iterator[Part]) -> list[tuple[bytes, int, int, int, int]]:
    return [(part.kind, part.start, part.body, part.body_end, part.end) for part in parts]


def test_the_segments_of_a_jpeg() -> None:
    data = SOI + jpeg_segment(0xE1, b"12345") + jpeg_segment(0xDA, b"scan") + b"pixels" + EOI + b"after"
    assert spans(jpeg_parts(data)) == [
        (b"\xd8", 0, 2, 2, 2),
        (b"\xe1", 2, 6, 11, 11),
        (b"\xda", 11, 15, 19, 25),
        (b"\xd9", 25, 27, 27, 27),
    ]
    assert all(part.intact for part in jpeg_parts(data))
    moved = [(part.start - 3, part.end - 3) for part in jpeg_parts(b"123" + data, 3)]
    assert moved == [(part.start, part.end) for part in jpeg_parts(data)]


def test_what_is_no_marker_in_pixels() -> None:
    pixels = b"\xff\x00a\xff\xd0b\xff\xd7c\xff\xffd"
    data = SOI + jpeg_segment(0xDA, b"") + pixels[:-2] + EOI
    assert [part.kind for part in jpeg_parts(data)] == [b"\xd8", b"\xda", b"\xd9"]
    for marker in (b"\xcf", b"\xd8", b"\x01", b"\xfe"):
        data = SOI + jpeg_segment(0xDA, b"") + b"\xff" + marker + b"\0\2" + EOI
        assert [part.kind for part in jpeg_parts(data)] == [b"\xd8", b"\xda", marker, b"\xd9"]


def test_a_marker_without_a_length() -> None:
    data = SOI + b"\xff\x01" + EOI
    assert spans(jpeg_parts(data))[1] == (b"\1", 2, 4, 4, 4)


@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_length_that_is_too_small_counts_as_the_least(length: int) -> None:
    data = SOI + b"\xff\xe1" + length.to_bytes(2) + EOI
    assert spans(jpeg_parts(data))[1] == (b"\xe1", 2, 6, 6, 6)


def test_a_jpeg_that_ends_in_a_scan() -> None:
    data = SOI + jpeg_segment(0xDA, b"scan")
    assert spans(jpeg_parts(data))[-1] == (b"\xda", 2, 6, 10, 10)
    assert spans(jpeg_parts(data + b"pixels"))[-1] == (b"\xda", 2, 6, 10, 16)
    broken(jpeg_parts(data[:-1]))
    broken(jpeg_parts(SOI + jpeg_segment(0xE1, b"12345")))


@pytest.mark.parametrize("data", [b"", b"\xff", SOI, b"x" + SOI + EOI, SOI + b"x", SOI + b"\xff"])
def test_what_is_no_jpeg(data: bytes) -> None:
    broken(jpeg_parts(data))


def test_the_most_segments() -> None:
    segment = jpeg_segment(0xE1, b"")
    assert sum(1 for _ in jpeg_parts(SOI + segment * (MAX_PARTS - 2) + EOI)) == MAX_PARTS == 50_000
    broken(jpeg_parts(SOI + segment * (MAX_PARTS - 1) + EOI), "more than 50000 segments")


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("more", [-2, -1, 0, 1])
def test_a_marker_across_a_border_of_the_search(times: int, more: int) -> None:
    size = times * SEARCH_BYTES + more
    data = SOI + jpeg_segment(0xDA, b"") + b"x" * size + EOI
    assert [part.end for part in jpeg_parts(data)] == [2, 6 + size, 8 + size]


def test_one_search_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []

    class Counting:
        def search(self, data: bytes, start: int, end: int) -> None:
            searched.append(end - start)

    monkeypatch.setattr(containers, "_JPEG_MARKER", Counting())
    assert containers._next_jpeg_marker(bytes(600 * 1024), 0) is None
    assert searched == [256 * 1024 + 1] * 3
    assert containers._next_jpeg_marker(b"", 0) is None
    assert len(searched) == 3


def test_the_longest_segment() -> None:
    assert jpeg_segment(0xE1, bytes(65_533))[:4] == b"\xff\xe1\xff\xff"


def png(*chunks: bytes) -> bytes:
    return PNG_SIGNATURE + b"".join(chunks)


def test_the_chunks_of_a_png() -> None:
    data = png(png_chunk(b"IHDR", b"head"), png_chunk(b"IDAT", b""), png_chunk(b"IEND", b"")) + b"after"
    assert spans(png_parts(data)) == [
        (b"IHDR", 8, 16, 20, 24),
        (b"IDAT", 24, 32, 32, 36),
        (b"IEND", 36, 44, 44, 48),
    ]
    assert all(part.intact for part in png_parts(data))
    assert png_chunk(b"tEXt", b"abc") == b"\0\0\0\3tEXtabc" + struct.pack(">I", zlib.crc32(b"tEXtabc"))
    for length in range(48):
        broken(png_parts(data[:length]), "ends before|does not begin")


def test_a_wrong_checksum() -> None:
    end = png_chunk(b"IEND", b"")
    parts = list(png_parts(png(png_chunk(b"tEXt", b"abc")[:-1] + b"!", end)))
    assert [(part.kind, part.intact) for part in parts] == [(b"tEXt", False), (b"IEND", True)]
    broken(png_parts(png(png_chunk(b"IDAT", b"abc")[:-1] + b"!", end)), "checksum")
    broken(png_parts(png(png_chunk(b"IDAT", b"abc").replace(b"IDAT", b"IDAU"), end)), "checksum")
    broken(png_parts(png(png_chunk(b"IdAT", b"abc")[:-1] + b"!", end)), "checksum")


def test_the_most_chunks_of_a_png() -> None:
    chunk, end = png_chunk(b"tEXt", b""), png_chunk(b"IEND", b"")
    assert sum(1 for _ in png_parts(png(chunk * (MAX_PARTS - 1), end))) == MAX_PARTS
    broken(png_parts(png(chunk * MAX_PARTS, end)), "more than 50000 chunks")


def webp(*chunks: bytes, more: int = 0) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + (len(body) + more).to_bytes(4, "little") + body


def test_the_chunks_of_a_webp() -> None:
    data = webp(riff_chunk(b"VP8X", b"abc"), riff_chunk(b"VP8 ", b"abcd"))
    assert spans(webp_parts(data)) == [(b"VP8X", 12, 20, 23, 24), (b"VP8 ", 24, 32, 36, 36)]
    assert spans(webp_parts(data + riff_chunk(b"more", b""))) == spans(webp_parts(data))
    assert spans(webp_parts(webp())) == []
    broken(webp_parts(b"RIFX" + data[4:]), "does not begin")
    broken(webp_parts(data[:8] + b"WAVE" + data[12:]), "does not begin")
    broken(webp_parts(data[:-1]))
    broken(webp_parts(webp(riff_chunk(b"VP8 ", b"abcd"), more=-1)))


def test_a_webp_of_16_megabytes() -> None:
    assert [part.body_end for part in webp_parts(webp(riff_chunk(b"VP8 ", bytes(2**24))))] == [20 + 2**24]


def test_the_last_byte_of_padding_may_be_missing() -> None:
    data = webp(riff_chunk(b"VP8 ", b"abc"))
    assert spans(webp_parts(data)) == [(b"VP8 ", 12, 20, 23, 24)]
    assert spans(webp_parts(data[:-1])) == [(b"VP8 ", 12, 20, 23, 23)]
    broken(webp_parts(data[:-2]))


@pytest.mark.parametrize(("end", "count"), [(10, 1), (17, 1), (18, 2)])
def test_chunks_between_two_offsets(end: int, count: int) -> None:
    data = b"xx" + riff_chunk(b"one ", b"") + riff_chunk(b"two ", b"") + b"more"
    assert sum(1 for _ in riff_chunks(data, 2, end)) == count


def test_the_most_chunks_of_a_webp() -> None:
    chunk = riff_chunk(b"none", b"")
    assert sum(1 for _ in webp_parts(webp(chunk * (MAX_PARTS - 1)))) == MAX_PARTS - 1
    broken(webp_parts(webp(chunk * (MAX_PARTS + 1))), "more than 50000 chunks")


def gif(*blocks: bytes, flags: int = 0, colours: int = 0) -> bytes:
    return b"GIF89a" + bytes(4) + bytes([flags, 0, 0]) + b"c" * colours + b"".join(blocks)


def frame(flags: int = 0, colours: int = 0, pixels: bytes = b"\3abc\0") -> bytes:
    return b"," + bytes(8) + bytes([flags]) + b"c" * colours + b"\2" + pixels


def test_the_blocks_of_a_gif() -> None:
    data = gif(b"!\xf9\2ab\0", frame(), b";") + b"after"
    assert spans(gif_parts(data)) == [(b"!\xf9", 13, 15, 19, 19), (b",", 19, 20, 35, 35), (b";", 35, 36, 36, 36)]
    assert [part.kind for part in gif_parts(b"GIF87a" + data[6:])] == [b"!\xf9", b",", b";"]
    broken(gif_parts(b"GIF88a" + data[6:]), "does not begin")
    broken(gif_parts(data[:12]), "does not begin")
    broken(gif_parts(data[:13]))


@pytest.mark.parametrize(("flags", "colours"), [(0, 0), (0x7F, 0), (0x80, 6), (0x81, 12), (0x87, 768), (0xFF, 768)])
def test_the_colours_of_a_gif(flags: int, colours: int) -> None:
    data = gif(frame(flags, colours), b";", flags=flags, colours=colours)
    assert containers.gif_blocks_start(data) == 13 + colours
    assert next((part.kind, part.end) for part in gif_parts(data)) == (b",", 13 + colours + 11 + colours + 5)
    assert [part.kind for part in gif_parts(data)] == [b",", b";"]


def test_a_gif_that_ends_after_a_frame() -> None:
    assert [part.kind for part in gif_parts(gif(frame()))] == [b","]
    assert [part.kind for part in gif_parts(gif(frame(), b"\0junk"))] == [b","]
    broken(gif_parts(gif(b"!\xf9\0")))
    broken(gif_parts(gif(b"\0")))
    assert [part.kind for part in gif_parts(gif(b";"))] == [b";"]


def test_a_frame_that_is_cut_off() -> None:
    whole = gif(frame())
    assert spans(gif_parts(whole[:-1]))[-1][4] == len(whole) - 1
    assert spans(gif_parts(gif(frame(pixels=b"\3ab"))))[-1][4] == 13 + 11 + 3
    assert spans(gif_parts(gif(b"," + bytes(9))))[-1][4] == 13 + 10
    broken(gif_parts(gif(b"," + bytes(8))))
    broken(gif_parts(gif(frame(), b"," + bytes(8))))
    assert [part.kind for part in gif_parts(gif(frame(), frame(), b";"))] == [b",", b",", b";"]


def test_sub_blocks_of_every_length() -> None:
    data = gif(b"!\xfe" + b"\1a" + b"\xff" + b"b" * 255 + b"\0", b";")
    assert [part.end for part in gif_parts(data)] == [13 + 2 + 2 + 256 + 1, 13 + 2 + 2 + 256 + 1 + 1]


def test_the_most_blocks() -> None:
    block = b"!\xfe\0"
    assert sum(1 for _ in gif_parts(gif(block * (MAX_PARTS - 1), b";"))) == MAX_PARTS
    broken(gif_parts(gif(block * MAX_PARTS, b";")), "more than 50000 blocks")


@pytest.mark.parametrize("parts", [jpeg_parts, png_parts, webp_parts, gif_parts])
def test_nothing(parts: Callable[[bytes], Iterator[Part]]) -> None:
    broken(parts(b""), "file")
