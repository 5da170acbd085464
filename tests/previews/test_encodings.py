"""Content codings of answers: which are accepted, and how much is decoded."""

import gzip
import sys
import zlib
from collections.abc import Callable
from functools import partial

import brotli
import pytest

from scapi.previews import encodings
from scapi.previews.fetch import Unreachable
from tests.previews.fetching import HTML, get
from tests.previews.sites import Answer, Site

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = b"<!doctype html><title>plain</title>"


def _bare_deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(data) + squeeze.flush()


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": _bare_deflate,
    "br": partial(brotli.compress, quality=1),
    "zstd": zstd.compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data), quality=1),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_compressed_pages(site: Site, encoding: str) -> None:
    packed = ENCODINGS[encoding](b"<title>packed</title>" * 500)
    answer = get(site, site.put("/", Answer(packed, headers={"Content-Encoding": encoding})))
    assert answer.body == b"<title>packed</title>" * 500
    assert answer.complete


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bomb_unfolds_to_the_limit_only(site: Site, encoding: str) -> None:
    bomb = ENCODINGS[encoding](bytes(64 * 1024 * 1024))
    answer = get(site, site.put("/", Answer(bomb, headers={"Content-Encoding": encoding})))
    assert answer.body == bytes(HTML.max_bytes)
    assert not answer.complete


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_piece_of_a_bomb_is_larger_than_what_is_taken(encoding: str) -> None:
    bomb = ENCODINGS[encoding](bytes(2 * 1024 * 1024))
    pieces = list(encodings.decoder(encoding).decode(bomb, 70_000))
    assert b"".join(pieces) == bytes(2 * 1024 * 1024)
    # brotli only promises to stop soon after the limit
    assert max(map(len, pieces)) <= (300_000 if encoding == "br" else 70_000)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        *((encoding, PAGE) for encoding in ("gzip", "deflate", "br", "zstd", "none", "UTF-8", "binary", "aes128gcm")),
        ("br", gzip.compress(PAGE)),
        ("deflate", zstd.compress(PAGE)),
        ("gzip", gzip.compress(PAGE[:10]) + gzip.compress(PAGE[10:]) + bytes(20)),
        ("zstd", zstd.compress(PAGE[:10]) + zstd.compress(PAGE[10:])),
        ("gzip, gzip", gzip.compress(gzip.compress(PAGE))),
        ("gzip, gzip", gzip.compress(PAGE)),
        ("gzip, identity", gzip.compress(PAGE)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # the bytes contain the time
)
def test_what_is_not_compressed_as_it_says(site: Site, encoding: str, body: bytes) -> None:
    answer = get(site, site.put("/", Answer(body, headers={"Content-Encoding": encoding})))
    assert (answer.body, answer.complete) == (PAGE, True)


def test_what_cannot_be_unfolded(site: Site) -> None:
    for encoding, body in (
        ("gzip", b"\x1f\x8b" + bytes(50)),
        ("br", b"\xff" * 50),
        ("zstd", b"\x28\xb5\x2f\xfd" + b"\xff" * 50),
    ):
        answer = get(site, site.put("/", Answer(body, headers={"Content-Encoding": encoding})))
        assert (answer.body, answer.complete) == (b"", False)
    with pytest.raises(Unreachable):
        get(site, site.put("/", Answer(PAGE, headers={"Content-Encoding": "gzip, br, gzip"})))


def test_a_zstd_window_larger_than_the_web_allows_is_refused() -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.checksum_flag: 1}
    packed = zstd.ZstdCompressor(options=options)
    data = packed.compress(bytes(1000)) + packed.flush()
    with pytest.raises(encodings.BadEncoding):
        list(encodings.decoder("zstd").decode(data, 1000))


def test_many_streams_without_anything_in_them_are_not_read_to_their_end() -> None:
    empty = gzip.compress(b"")
    for encoding, one in (("gzip", empty), ("zstd", zstd.compress(b""))):
        pieces = list(encodings.decoder(encoding).decode(one * 3000, 1000))
        assert len(pieces) <= encodings.MAX_MEMBERS
    layers = gzip.compress(empty * 1_000_000)
    with pytest.raises(encodings.BadEncoding):
        list(encodings.decoder("gzip, gzip").decode(layers, 70_000))
