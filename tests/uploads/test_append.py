"""Bytes count as they arrive."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask

from scapi.refusals import Refused
from scapi.storage import storage
from scapi.uploads import append, assembly, beginning, ending, md5, offsets
from scapi.uploads.digests import Digests
from scapi.uploads.rules import Position
from scapi.uploads.sources import Source
from tests import client, files

PAPER = files.pdf(size=30_000)


class GoneError(Exception):
    """The client went away."""


def whole(*blocks: bytes) -> Source:
    return lambda _silent: blocks


def broken(*blocks: bytes) -> Source:
    def read(_silent: Callable[[], None]) -> Iterator[bytes]:
        yield from blocks
        raise GoneError

    return read


def begin(total: int | None = len(PAPER)) -> str:
    return beginning.create(None, "paper.pdf", total).upload_id


def code(call: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


def digest_of(upload_id: str) -> str | None:
    return md5.hexdigest(offsets.look(upload_id, None).md5)


@pytest.mark.usefixtures("app")
def test_an_empty_upload_learns_its_type_from_its_first_bytes() -> None:
    upload_id = begin()
    progress = append.stream(upload_id, None, Position(0), whole(PAPER[:7], PAPER[7:100]))
    assert (progress.offset, progress.total, progress.is_whole) == (100, len(PAPER), False)
    assert offsets.look(upload_id, None).mimetype == "application/pdf"
    progress = append.stream(upload_id, None, Position(100), whole(PAPER[100:]))
    assert progress.is_whole
    assert digest_of(upload_id) == client.md5(PAPER)
    assert code(lambda: append.stream(begin(), None, Position(0), whole(b"<!DOCTYPE html>"))) == "unsupported_file_type"


@pytest.mark.usefixtures("app")
def test_what_came_before_the_client_went_away_counts() -> None:
    upload_id = begin()
    with pytest.raises(GoneError):
        append.stream(upload_id, None, Position(0), broken(PAPER[:1000], PAPER[1000:1234]))
    assert offsets.look(upload_id, None).offset == 1234
    with pytest.raises(GoneError):
        append.stream(upload_id, None, Position(1234, 1240), broken(PAPER[1234:9999]))
    assert offsets.look(upload_id, None).offset == 1240  # and no bytes beyond the announced size
    append.stream(upload_id, None, Position(1240), whole(PAPER[1240:]))
    assert digest_of(upload_id) == client.md5(PAPER)


@pytest.mark.usefixtures("app")
def test_bytes_count_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append, "BLOCK", 1000)
    monkeypatch.setattr(append, "INTERVAL", 1000)
    monkeypatch.setattr(storage._backend, "block", lambda _state: 1000)  # type: ignore[attr-defined]
    upload_id, offsets = begin(), []

    def read(_silent: Callable[[], None]) -> Iterator[bytes]:
        for start in range(0, len(PAPER), 700):
            yield PAPER[start : start + 700]
            offsets.append(_offset(upload_id))

    append.stream(upload_id, None, Position(0, len(PAPER), len(PAPER)), read)
    assert offsets[:4] == [0, 1000, 2000, 2000]
    assert digest_of(upload_id) == client.md5(PAPER)


@pytest.mark.usefixtures("app")
def test_bytes_count_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(append, "INTERVAL", 0)
    upload_id, offsets = begin(), []

    def read(silent: Callable[[], None]) -> Iterator[bytes]:
        yield PAPER[:5]
        silent()
        offsets.append(_offset(upload_id))  # too few bytes to know the type
        yield PAPER[5:2000]
        silent()
        offsets.append(_offset(upload_id))

    append.stream(upload_id, None, Position(0), read)
    assert offsets == [0, 2000]


def _offset(upload_id: str) -> int:
    """Return the official offset without taking the upload over."""
    with assembly.entered(upload_id, None) as upload:
        return int(upload.offset)


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("what", ["look", "append", "abort"])
def test_the_newer_request_wins(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(append, "SOON", 0)
    upload_id = begin()
    append.stream(upload_id, None, Position(0), whole(PAPER[:100]))
    newer: dict[str, Callable[[], Any]] = {
        "look": lambda: offsets.look(upload_id, None),
        "append": lambda: append.stream(upload_id, None, Position(100), whole(PAPER[100:300])),
        "abort": lambda: ending.abort(upload_id, None),
    }

    def read(silent: Callable[[], None]) -> Iterator[bytes]:
        yield PAPER[100:150]
        newer[what]()
        monkeypatch.setattr(append, "INTERVAL", 0)
        silent()
        yield b"never asked for"

    answer = code(lambda: append.stream(upload_id, None, Position(100), read))
    assert answer == ("upload_not_found" if what == "abort" else "superseded")
    if what != "abort":
        append.stream(upload_id, None, Position(_offset(upload_id)), whole(PAPER[_offset(upload_id) :]))
        assert digest_of(upload_id) == client.md5(PAPER)


@pytest.mark.usefixtures("app")
def test_a_stranger_takes_nothing_over() -> None:
    upload_id = beginning.create(7, "paper.pdf").upload_id
    writer = offsets.look(upload_id, 7).writer
    assert code(lambda: offsets.look(upload_id, 8)) == "upload_not_found"
    assert code(lambda: append.stream(upload_id, None, Position(0), whole(PAPER))) == "upload_not_found"
    assert offsets.look(upload_id, 7).writer == writer + 1


@pytest.mark.usefixtures("app")
def test_a_request_sent_again_may_reach_further() -> None:
    upload_id = begin()
    append.stream(upload_id, None, Position(0), whole(PAPER[:100]))
    with pytest.raises(GoneError):
        append.stream(upload_id, None, Position(100), broken(PAPER[100:150]))
    again = Position(100, 300)
    assert code(lambda: append.stream(upload_id, None, again, whole(PAPER[100:300]))) == "offset_mismatch"
    other = bytes(200)
    assert code(lambda: append.stream(upload_id, None, again, whole(other), resend=True)) == "offset_mismatch"
    for _ in range(2):
        progress = append.stream(upload_id, None, again, whole(PAPER[100:130], PAPER[130:300]), resend=True)
        assert progress.offset == 300
    append.stream(upload_id, None, Position(300), whole(PAPER[300:]))
    assert digest_of(upload_id) == client.md5(PAPER)


@pytest.mark.usefixtures("app")
def test_a_total_is_set_once() -> None:
    upload_id = begin(None)
    append.stream(upload_id, None, Position(0), whole(PAPER[:100]))
    assert append.stream(upload_id, None, Position(100, None, len(PAPER)), whole()).total == len(PAPER)
    assert code(lambda: append.stream(upload_id, None, Position(100, None, 200), whole())) == "total_mismatch"
    assert code(lambda: append.stream(upload_id, None, Position(100), whole(PAPER))) == "total_mismatch"
    assert append.stream(upload_id, None, Position(100), whole(PAPER[100:])).is_whole


@pytest.mark.usefixtures("app")
def test_the_last_request_sets_the_total_if_it_comes_as_a_whole() -> None:
    upload_id = begin(None)
    with pytest.raises(GoneError):
        append.stream(upload_id, None, Position(0), broken(PAPER[:100]), last=True)
    assert offsets.look(upload_id, None).total is None
    assert append.stream(upload_id, None, Position(100), whole(), last=True).is_whole
    empty = begin(None)
    assert append.stream(empty, None, Position(0), whole(), last=True).total == 0


@pytest.mark.usefixtures("app")
def test_nothing_counts_unless_its_digest_is_right() -> None:
    upload_id = begin()
    right = {"sha256": hashlib.sha256(PAPER[:1000]).digest()}
    with pytest.raises(GoneError):
        append.stream(upload_id, None, Position(0), broken(PAPER[:1000]), check=Digests(right))
    wrong = whole(PAPER[:999], b"?")
    assert code(lambda: append.stream(upload_id, None, Position(0), wrong, check=Digests(right))) == "digest_mismatch"
    assert offsets.look(upload_id, None).offset == 0
    assert append.stream(upload_id, None, Position(0), whole(PAPER[:1000]), check=Digests(right)).offset == 1000


@pytest.mark.usefixtures("app")
def test_an_offset_that_survives_a_power_cut() -> None:
    upload_id = begin()
    append.stream(upload_id, None, Position(0), whole(PAPER[:1000]))
    assert not storage.is_durable(offsets.look(upload_id, None).state)
    assert code(lambda: append.stream(upload_id, None, Position(7), whole(), durable=True)) == "offset_mismatch"
    assert storage.is_durable(offsets.look(upload_id, None).state)
    append.stream(upload_id, None, Position(1000), whole(PAPER[1000:2000]))
    assert storage.is_durable(offsets.look(upload_id, None, durable=True).state)
    append.stream(upload_id, None, Position(2000), whole(PAPER[2000:]), durable=True)
    upload = offsets.look(upload_id, None)
    assert storage.is_durable(upload.state)
    assert upload.md5_durable == upload.md5


def test_bytes_that_are_too_many(app: Flask) -> None:
    assert code(lambda: beginning.create(None, "huge", 10**12)) == "file_too_large"
    upload_id = begin(None)
    for position in (Position(0, 10**12), Position(0, None, 10**12)):
        assert code(partial(append.stream, upload_id, None, position, whole())) == "file_too_large"
    assert code(lambda: append.stream(upload_id, None, Position(0, 10), whole(PAPER[:11]))) == "length_mismatch"
    assert code(lambda: append.stream(upload_id, None, Position(0, 10), whole(PAPER[:9]))) == "length_mismatch"
    assert offsets.look(upload_id, None).offset == 0
