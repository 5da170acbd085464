"""Digests of a request's bytes in its headers."""

import base64
import hashlib

import pytest

from scapi.refusals import Refused
from scapi.uploads.digests import Digests, parse

DATA = b"the bytes of a chunk"


def item(name: str, algorithm: str, data: bytes = DATA) -> str:
    return f"{name}=:{base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}:"


MD5 = base64.b64encode(hashlib.md5(DATA).digest()).decode()
ALL = [("sha-256", "sha256"), ("sha-512", "sha512"), ("md5", "md5"), ("sha", "sha1")]


@pytest.mark.parametrize(("name", "algorithm"), ALL)
def test_each_algorithm(name: str, algorithm: str) -> None:
    assert parse(item(name, algorithm), None) == {algorithm: hashlib.new(algorithm, DATA).digest()}


def test_several_fields_and_none() -> None:
    assert parse(None, None) == parse("", "") == parse(" , ,", None) == {}
    every = ", ".join(item(*pair) for pair in ALL)
    assert set(parse(every, None)) == {"sha256", "sha512", "md5", "sha1"}
    assert parse(None, f" {MD5} ") == {"md5": hashlib.md5(DATA).digest()}
    assert parse("crc32c=:AAAA:, unknown=::", None) == {}
    assert set(parse(item("sha-256", "sha256") + "; a=1", MD5)) == {"sha256", "md5"}


@pytest.mark.parametrize(
    "wrong",
    [
        "sha-256",
        "sha-256=AAAA",
        "sha-256=:AAAA:",
        "sha-256=::",
        "sha-256=:====:",
        "SHA-256=:AAAA:",
        item("sha-256", "sha512"),
        item("sha-512", "sha256"),
    ],
)
def test_fields_that_are_none(wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(wrong, None)
    assert refused.value.code == "invalid_digest"


@pytest.mark.parametrize("wrong", [MD5[:-1], "é", "=", MD5 + "AAAA", base64.b64encode(bytes(15)).decode()])
def test_an_md5_that_is_none(wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(None, wrong)
    assert refused.value.code == "invalid_digest"


@pytest.mark.parametrize("length", [79, 80, 81])
def test_a_message_quotes_the_beginning_of_what_was_sent(length: int) -> None:
    with pytest.raises(Refused) as refused:
        parse("x" * length, None)
    assert f"not '{'x' * min(length, 80)}'" in refused.value.message
    with pytest.raises(Refused) as refused:
        parse(None, "x" * (20 + length))
    assert f"not '{'x' * min(20 + length, 100)}'" in refused.value.message


def test_bytes_are_compared_with_every_digest() -> None:
    digests = Digests(parse(", ".join(item(*pair) for pair in ALL), None))
    digests.update(DATA[:5])
    assert not digests.agree()
    with pytest.raises(Refused) as refused:
        digests.verify()
    assert refused.value.code == "digest_mismatch"
    digests.update(DATA[5:])
    assert digests.agree()
    digests.verify()
    one_wrong = Digests(parse(f"{item('sha-256', 'sha256')}, {item('md5', 'md5', b'other')}", None))
    one_wrong.update(DATA)
    assert not one_wrong.agree()
    assert Digests({}).agree()
