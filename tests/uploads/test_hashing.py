"""Chunks that are hashed beside other work."""

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from flask import Flask

from scapi.uploads import hashing, md5, parsing
from tests import client, files

SIZE = hashing.WORTHWHILE + 1000
DOCUMENT = files.pdf(size=5 * SIZE // 2)


def test_a_state_is_that_of_the_bytes_in_their_order() -> None:
    begun = hashing.Hashing(md5.start())
    for block in (b"one", b"two", b"three"):
        begun.update(block)
    assert md5.hexdigest(begun.state()) == client.md5(b"onetwothree")
    assert begun.state() == begun.state()


@pytest.mark.parametrize("size", [11, hashing.WORTHWHILE])
def test_chunks_that_are_hashed_at_once(size: int) -> None:
    blocks = [b"one", b"two", bytes(size - 6)]
    many = [hashing.begin(md5.start(), blocks, size) for _ in range(100)]
    assert {md5.hexdigest(one.state()) for one in many} == {client.md5(b"".join(blocks))}


def test_a_small_chunk_does_not_wait_for_the_helper() -> None:
    go_on = Event()

    def slowly() -> Iterator[bytes]:
        assert go_on.wait(10)
        yield b"slow"

    slow = hashing.begin(md5.start(), slowly(), 4)
    assert md5.hexdigest(hashing.begin(md5.start(), [b"fast"], 4).state()) == client.md5(b"fast")
    go_on.set()
    assert md5.hexdigest(slow.state()) == client.md5(b"slow")


def test_what_goes_wrong_in_the_helper_is_told_and_it_goes_on() -> None:
    broken = hashing.begin(md5.start(), [b"one", None], 7)  # type: ignore[list-item]
    with pytest.raises(TypeError):
        broken.state()
    assert md5.hexdigest(hashing.begin(md5.start(), [b"next"], 4).state()) == client.md5(b"next")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The states from which hashing was begun in a thread."""
    states: list[bytes] = []

    class Noted(hashing.Hashing):
        def __init__(self, before: bytes) -> None:
            super().__init__(before)
            states.append(before)

    monkeypatch.setattr(parsing, "Hashing", Noted)
    monkeypatch.setattr(hashing, "Hashing", Noted)
    return states


def test_a_large_chunk_is_hashed_while_it_comes(app: Flask, begun: list[bytes]) -> None:
    upload_id = ""

    def send(start: int) -> dict[str, Any]:
        piece = DOCUMENT[start : start + SIZE]
        headers = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(DOCUMENT)}"}
        answer = app.test_client().post(client.CHUNK, headers=headers, **client.chunk_form(piece, upload_id))
        assert answer.status_code == 201, answer.text
        assert answer.json is not None
        assert int(answer.json["offset"]) == start + len(piece)
        return dict(answer.json)

    upload_id = send(0)["upload_id"]
    first = begun[0]
    send(SIZE)
    assert len(begun) == 2
    send(SIZE)  # sent again, it is hashed on a wrong guess, as if it were the next, and then on the right one
    assert len(begun) == 4
    assert begun[1] == begun[3] != begun[2]
    send(2 * SIZE)  # a small one
    assert (first, len(begun)) == (md5.start(), 4)
    form = {"upload_id": upload_id, "md5": client.md5(DOCUMENT)}
    assert app.test_client().post(client.COMPLETE, data=form).status_code == 201
