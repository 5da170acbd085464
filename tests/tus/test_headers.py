"""The headers of tus, without a server."""

import base64
import hashlib
import zlib
from collections.abc import Callable

import pytest

from scapi.refusals import Refused
from scapi.tus.headers import MAX_METADATA, MAX_PARTS, Checksum, Concat, Metadata, number, total

ID = "0" * 32


@pytest.mark.parametrize("text", ["0", "1", "9223372036854775807"])
def test_numbers(text: str) -> None:
    assert number("Upload-Offset", text) == int(text)


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", " 1", "9223372036854775808", "x", "\u0661"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Refused):
        number("Upload-Offset", text)


def test_a_length_or_a_promise_of_one() -> None:
    assert total("9", None) == 9
    assert total(None, "1") is None
    for length, deferred in ((None, None), ("9", "1"), (None, "0"), (None, "")):
        with pytest.raises(Refused):
            total(length, deferred)


def test_metadata() -> None:
    found = Metadata.parse("filename TWVlci5qcGc=, empty,blank ")
    assert found.values == {"filename": "Meer.jpg", "empty": "", "blank": ""}
    assert found.filename == "Meer.jpg"
    assert Metadata.parse("name YQ==").filename == "a"
    assert Metadata.parse("type ZG9jdW1lbnQ=").type == "document"
    assert Metadata.parse("type aW1hZ2UvanBlZw==").type is None  # Uppy's: image/jpeg
    assert Metadata.parse(None).values == {}


@pytest.mark.parametrize(
    "header", ["a YQ==,a YQ==", "a YQ", ",", "\u00e4 YQ==", "a YQ== YQ==", "a \u00e4", "a " + "A" * MAX_METADATA]
)
def test_metadata_that_are_refused(header: str) -> None:
    with pytest.raises(Refused):
        Metadata.parse(header)


def test_concatenation_names_our_own_uploads() -> None:
    found = Concat.parse(f"final;/api/v2/tus/{ID} https://front.example/x/api/v2/tus/{ID}", "/tus/")
    assert found is not None
    assert found.parts == (ID, ID)
    partial = Concat.parse("partial", "/tus/")
    assert partial is not None
    assert partial.parts is None
    for header in ("", "final", "final;", "final;/media/x", f"final;/tus/{ID[1:]}", "final;http://[", "Partial"):
        with pytest.raises(Refused):
            Concat.parse(header, "/tus/")


def test_no_more_parts_than_the_limit() -> None:
    urls = [f"/api/v2/tus/{ID}"] * MAX_PARTS
    assert Concat.parse("final;" + " ".join(urls), "/tus/")
    with pytest.raises(Refused):
        Concat.parse("final;" + " ".join([*urls, urls[0]]), "/tus/")


def test_a_checksum_of_an_unknown_algorithm_or_value() -> None:
    for header in ("", "sha3 YQ==", "md5 ?", "md5 \u00e4"):
        with pytest.raises(Refused):
            Checksum(header)


def refused(call: Callable[..., object], *arguments: object) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value


def test_headers_that_are_missing() -> None:
    assert number("Upload-Offset", None) is None
    assert Concat.parse(None, "/tus/") is None
    assert refused(number, "Upload-Offset", "x").code == "invalid_header"


def metadata_of(length: int) -> str:
    """Return metadata with `length` characters."""
    return "k" * (length - 5) + " YQ=="


@pytest.mark.parametrize(("length", "is_taken"), [(4095, True), (4096, True), (4097, False)])
def test_the_limit_of_metadata(length: int, is_taken: bool) -> None:
    header = metadata_of(length)
    assert len(header) == length
    if is_taken:
        assert Metadata.parse(header).sent == header
    else:
        assert "the limit is 4096" in refused(Metadata.parse, header).message


@pytest.mark.parametrize(("count", "is_taken"), [(1, True), (2, True), (99, True), (100, True), (101, False)])
def test_the_limit_of_parts(count: int, is_taken: bool) -> None:
    header = "final;" + " ".join([f"/tus/{ID}"] * count)
    if is_taken:
        assert (found := Concat.parse(header, "/tus/")) is not None
        assert found.parts == (ID,) * count
    else:
        assert "names 101 uploads; the limit is 100" in refused(Concat.parse, header, "/tus/").message


@pytest.mark.parametrize(("length", "is_taken"), [(16_383, True), (16_384, True), (16_385, False)])
def test_the_limit_of_a_list_of_parts(length: int, is_taken: bool) -> None:
    header = "final;http://a/" + "b" * (length - 15 - len(f"/tus/{ID}")) + f"/tus/{ID}"
    assert len(header) == length
    if is_taken:
        assert Concat.parse(header, "/tus/")
    else:
        assert refused(Concat.parse, header, "/tus/").code == "invalid_header"


@pytest.mark.parametrize("length", [39, 40, 41])
def test_messages_quote_the_beginning_of_what_was_sent(length: int) -> None:
    shown = f"'{'x' * min(length, 40)}'"
    assert shown in refused(number, "Upload-Offset", "x" * length).message
    assert shown in refused(Checksum, "x" * length).message
    assert f"value of {shown} is" in refused(Metadata.parse, "x" * length + " ?").message
    assert shown in refused(Metadata.parse, "x" * length + "\u00e4").message or length < 40
    url = "y" * (60 + length)
    assert f"'{url[:100]}'" in refused(Concat.parse, f"final;{url}", "/tus/").message


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        *((name, hashlib.new(name, b"some bytes").digest()) for name in ("md5", "sha1", "sha256")),
        ("crc32", zlib.crc32(b"some bytes").to_bytes(4)),
    ],
)
def test_checksums(algorithm: str, digest: bytes) -> None:
    checksum = Checksum(f" {algorithm}  {base64.b64encode(digest).decode()} ")
    checksum.update(b"some ")
    assert refused(checksum.verify).code == "checksum_mismatch"
    checksum.update(b"bytes")
    checksum.verify()


def test_ids_have_32_digits() -> None:
    for last in (ID[:31], ID + "0", "g" * 32, ID.replace("0", "A")):
        assert refused(Concat.parse, f"final;/tus/{last}", "/tus/").code == "invalid_header"
    assert refused(Concat.parse, f"final;/else/{ID}", "/tus/").code == "invalid_header"
    assert Concat.parse(f"final;/tus/{ID}/", "/tus/")
