"""Parts of many small chunks: made in parallel with later requests, by any process, once."""

import json
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from storage_backends import CheckedBackend
from storage_backends.base import KiB, NotFound, State, StorageBackend, Unavailable
from storage_backends.conformance.steps import add, data, read, sweep
from storage_backends.s3 import S3Backend
from storage_backends.s3.parts import AT_ONCE
from tests.servers import Server, wait_until
from tests.storage_backends.s3_setup import (
    broken,
    held_back,
    intercept,
    operations,
    record,
    refusal,
    s3_backend,
    s3_inventory,
)

PATIENCE = 30
CHUNK = 200 * KiB
ENOUGH = 26
"""This many chunks are more than a part."""

Make = Callable[[], S3Backend]


@pytest.fixture
def host(seaweed: Server, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A function that makes the backend of one more process, on the shared storage."""
    first = s3_backend(seaweed, monkeypatch)
    return lambda: s3_backend(seaweed, monkeypatch, SCAPI_S3_PREFIX=first._bucket.prefix)


def content(chunks: int) -> bytes:
    return data(120 * CHUNK)[: chunks * CHUNK]


def send(backend: StorageBackend, state: State, first: int, count: int, key: str = "ab/cd") -> State:
    """Send chunks from several processes in turn, which share only the row's state."""
    for number in range(first, first + count):
        start = number * CHUNK
        chunk = content(120)[start : start + CHUNK]
        state = json.loads(json.dumps(add(backend, state, chunk, offset=start, key=key)))
    return state


def begun(backend: S3Backend, chunks: int = ENOUGH, key: str = "ab/cd") -> State:
    return send(backend, backend.start(key, "application/pdf"), 0, chunks, key)


def made(backend: S3Backend) -> None:
    """Wait until no part is being made."""
    backend._parts.leave("ab/cd")


def test_the_chunks_after_it_do_not_wait_for_a_part(host: Make) -> None:
    backend = host()
    state = begun(backend)
    with held_back(backend, "UploadPart") as waits:
        state = send(backend, state, ENOUGH, 10)
        assert waits.wait(PATIENCE)
        assert (state["parts"], state["making"], len(state["parked"])) == (0, True, ENOUGH + 10)
    made(backend)
    state = send(backend, state, ENOUGH + 10, 1)
    assert (state["parts"], "making" in state, len(state["trash"])) == (1, False, ENOUGH - 1)
    backend.finish(state)
    assert read(backend, "ab/cd") == content(ENOUGH + 11)


def test_a_chunk_waits_where_another_part_would_be_due(host: Make) -> None:
    backend = host()
    answered: list[State] = []
    with held_back(backend, "UploadPart"):
        state = begun(backend, 2 * ENOUGH)
        assert state["parts"] == 0
        sending = Thread(target=lambda: answered.append(send(backend, state, 2 * ENOUGH, 1)))
        sending.start()
        sending.join(0.3)
        assert not answered
    sending.join(PATIENCE)
    assert answered[0]["parts"] == 1
    backend.finish(answered[0])
    assert read(backend, "ab/cd") == content(2 * ENOUGH + 1)


def test_another_process_leaves_it_alone_and_asks_when_it_must(host: Make) -> None:
    first, second = host(), host()
    state = send(first, begun(first), ENOUGH, 1)
    made(first)
    asked = record(second)
    state = send(second, state, ENOUGH + 1, 25)
    assert operations(asked) == ["PutObject"] * 25
    asked.clear()
    state = send(second, state, 2 * ENOUGH, 1)
    made(second)
    assert operations(asked).count("ListParts") == 1
    assert state["parts"] == 1
    second.finish(state)
    assert read(first, "ab/cd") == content(2 * ENOUGH + 1)


def test_the_process_that_made_it_says_so_at_its_next_turn(host: Make) -> None:
    first, second = host(), host()
    state = send(first, begun(first), ENOUGH, 1)
    made(first)
    state = send(second, state, ENOUGH + 1, 3)
    asked = record(first)
    state = send(first, state, ENOUGH + 4, 1)
    assert operations(asked) == ["PutObject"]
    assert (state["parts"], len(state["parked"])) == (1, 6)
    second.abort(state)


@pytest.mark.parametrize("kind", ["GetObject", "UploadPart"])
@pytest.mark.parametrize("then", ["the end", "another part"])
def test_the_process_that_began_it_dies(host: Make, kind: str, then: str) -> None:
    dying, other = host(), host()
    with broken(dying, kind):
        state = send(dying, begun(dying), ENOUGH, 1)
        made(dying)
    chunks = ENOUGH + 1
    if then == "another part":
        state = send(other, state, chunks, ENOUGH)
        chunks += ENOUGH
        assert state["parts"] == 1
    other.finish(state)
    assert read(other, "ab/cd") == content(chunks)


@pytest.mark.parametrize("kind", ["GetObject", "UploadPart"])
def test_what_failed_behind_an_answer_is_tried_again_before_one(host: Make, kind: str) -> None:
    backend = host()
    with broken(backend, kind):
        state = send(backend, begun(backend), ENOUGH, 1)
        made(backend)
        with pytest.raises(Unavailable):
            send(CheckedBackend(backend), state, ENOUGH + 1, 1)
    state = send(backend, state, ENOUGH + 1, 1)
    assert state["parts"] == 1
    backend.finish(state)
    assert read(backend, "ab/cd") == content(ENOUGH + 2)


@pytest.mark.parametrize("kind", ["GetObject", "UploadPart", "ListParts", "CompleteMultipartUpload"])
def test_what_fails_at_the_end_can_be_done_again(host: Make, kind: str) -> None:
    backend = host()
    state = begun(backend, 2 * ENOUGH)
    made(backend)
    with broken(backend, kind), pytest.raises(Unavailable):
        CheckedBackend(backend).finish(state)
    host().finish(state)
    assert read(backend, "ab/cd") == content(2 * ENOUGH)


def test_a_part_that_is_lost_is_noticed_at_the_end(host: Make) -> None:
    backend = host()
    state = begun(backend, 2 * ENOUGH)
    made(backend)
    state = send(backend, state, 2 * ENOUGH, 1)
    assert state["parts"] == 1
    intercept(backend, lambda name, _, request: {"Parts": []} if name == "ListParts" else request())
    with pytest.raises(NotFound, match=f"expected 3 of {(2 * ENOUGH + 1) * CHUNK} bytes, found 2"):
        backend.finish(state)
    backend.abort(state)


def test_a_part_that_another_process_made_at_the_same_time(host: Make) -> None:
    """With KMS keys, the same bytes have another ETag each time."""
    backend = host()
    state = begun(backend, ENOUGH + 1)
    made(backend)
    asked: list[str] = []

    def refuse_once(name: str, _: dict[str, Any], request: Callable[[], Any]) -> Any:
        asked.append(name)
        if asked.count("CompleteMultipartUpload") == 1 and name == "CompleteMultipartUpload":
            raise refusal("InvalidPart", 400, name)
        return request()

    intercept(backend, refuse_once)
    backend.finish(state)
    assert asked[asked.index("CompleteMultipartUpload") + 1] == "ListParts"
    assert read(backend, "ab/cd") == content(ENOUGH + 1)


def test_an_abort_waits_for_the_part_that_is_being_made(seaweed: Server, host: Make) -> None:
    backend = host()
    with held_back(backend, "UploadPart") as waits:
        state = begun(backend, ENOUGH + 1)
        assert waits.wait(PATIENCE)
        aborting = Thread(target=backend.abort, args=(state,))
        aborting.start()
        aborting.join(0.2)
        assert aborting.is_alive()
    aborting.join(PATIENCE)
    assert s3_inventory(seaweed, backend)() == []


def test_only_so_many_parts_are_in_memory(seaweed: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = s3_backend(seaweed, monkeypatch)
    joined: Counter[str] = Counter()
    real = backend._bucket.join
    monkeypatch.setattr(backend._bucket, "join", lambda key, slices: (joined.update([key]), real(key, slices))[1])
    keys = [f"ab/{number}" for number in range(AT_ONCE + 2)]
    with held_back(backend, "UploadPart"):
        states = [begun(backend, ENOUGH + 1, key) for key in keys]
        wait_until(lambda: joined.total() == AT_ONCE, PATIENCE, "parts to be joined")
        states = [send(backend, state, ENOUGH + 1, 3, key) for key, state in zip(keys, states, strict=True)]
        assert joined.total() == AT_ONCE
    for key, state in zip(keys, states, strict=True):
        backend.finish(state)
        assert read(backend, key) == content(ENOUGH + 4)


def test_processes_that_take_chunks_by_turns_send_no_more_requests_than_one(host: Make) -> None:
    chance, chunks = random.Random(5), 4 * ENOUGH
    counts = []
    for number in (1, 3):
        hosts = [host() for _ in range(number)]
        asked = [record(backend) for backend in hosts]
        state = hosts[0].start("ab/cd", "application/pdf")
        for chunk in range(chunks):
            state = send(chance.choice(hosts), state, chunk, 1)
            for backend in hosts:  # the test must not depend on how busy this machine is
                made(backend)
        chance.choice(hosts).finish(state)
        assert read(hosts[0], "ab/cd") == content(chunks)
        counts.append(sum(map(len, asked)))
    assert counts[1] <= counts[0] + 3
    assert counts[1] <= 2.2 * chunks


@pytest.mark.parametrize("seed", range(3))
def test_processes_die_at_any_time(seaweed: Server, host: Make, seed: int) -> None:
    """No official byte is lost, whichever process goes on: the row keeps the earlier state."""
    chance, chunks, chunk, deaths = random.Random(seed), 4 * ENOUGH, 0, 0
    hosts = [host(), host()]
    state = hosts[0].start("ab/cd", "application/pdf")
    while chunk < chunks:
        dying = chance.randrange(len(hosts)) if chance.random() < 0.15 else None
        if dying is None:
            state = send(chance.choice(hosts), state, chunk, 1)
            chunk += 1
        else:  # in the middle of a write, which does not become official, and of its parallel work
            deaths += 1
            left = chance.randrange(4)
            _die_after(hosts[dying], left)
            with suppress(ReadTimeoutError):
                send(hosts[dying], state, chunk, 1)
            hosts[dying] = host()
    host().finish(state)
    assert deaths > 5
    assert read(hosts[0], "ab/cd") == content(chunks)
    sweep(hosts[0])
    assert s3_inventory(seaweed, hosts[0])() == ["ab/cd"]


def _die_after(backend: S3Backend, requests: int) -> None:
    """Let a process die after its next `requests` requests."""
    left = iter(range(requests))

    def answer(_name: str, _parameters: dict[str, Any], request: Callable[[], Any]) -> Any:
        if next(left, None) is None:
            raise ReadTimeoutError(endpoint_url="http://s3")
        return request()

    intercept(backend, answer)
