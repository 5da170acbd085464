"""What the headers of tus say, without a server."""

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
