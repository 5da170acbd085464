"""Jobs that crash, hang, use too much memory or lie: each ends as a verdict or a mishap, and leaves nothing behind."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scapi.inspection import process, room, sources
from scapi.inspection.messages import HEADER, Kind
from scapi.inspection.outcomes import Answer, Crash, Lost, Mishap, Verdict
from scapi.inspection.places import Rank
from scapi.inspection.process import warm
from scapi.inspection.questions import CPU_SECONDS, Question, Request
from scapi.inspection.room import Room

MIB = 1024 * 1024
TOO_COMPLEX = Verdict("image_too_complex", "It takes too long.")


@pytest.fixture(autouse=True)
def _probes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    warm.stop()
    monkeypatch.setattr(process, "_PROGRAM", Path(__file__).with_name("probes.py"))
    yield
    warm.stop()


def ask(job: str, rank: Rank = Rank.IMAGE, **arguments: Any) -> Answer:
    request = Request(job, arguments, picture_bytes=MIB, cpu_seconds=1 if job == "spin" else CPU_SECONDS)
    with Room(threads=4).entered("somebody") as visit:
        question = Question(sources.of_bytes(b"12345"), request, rank, lambda answer: answer, TOO_COMPLEX)
        return visit.facts(question)


def children() -> list[int]:
    """The current child processes of the warm process."""
    return [int(pid) for pid in Path(f"/proc/{warm.pid()}/task/{warm.pid()}/children").read_text().split()]


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_job_can_do_nothing_but_its_job() -> None:
    found = ask("forbidden").facts
    allowed = {name for name, came in found["attempts"].items() if came != "PermissionError"}
    assert allowed == set(), found["attempts"]
    assert found["environment"] == {}
    assert found["descriptors"] == [0, 1, 2, 3]
    assert not Path("/tmp/scapi-was-here").exists()
    fonts = Path("/usr/share/fonts")
    assert found["font"] == (sorted(os.listdir(fonts)) if fonts.is_dir() else [])  # noqa: PTH208


@pytest.mark.parametrize(
    ("job", "outcome", "about"),
    [
        ("crash", Crash, "SIGSEGV"),
        ("eat", Crash, "out of memory"),
        ("spin", Verdict, ""),
        ("refuse", Verdict, ""),
        ("stumble", Mishap, "ZeroDivisionError: a bug of ours"),
        ("read_too_far", Mishap, "asked for bytes outside the file"),
    ],
)
def test_how_a_job_can_end(job: str, outcome: type[Exception], about: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "WALL_SECONDS", 60.0)  # on a busy machine a job gets only a part of the time
    with pytest.raises(outcome) as caught:
        ask(job)
    assert type(caught.value) is outcome
    if isinstance(caught.value, Verdict):
        assert caught.value.status == 400
    else:
        assert isinstance(caught.value, Mishap)
        assert about in caught.value.reason
        assert (caught.value.code, caught.value.status, caught.value.retry_after) == ("inspection_failed", 503, 2)
    wait_for(lambda: children() == [])


@pytest.mark.parametrize(
    ("kind", "payload", "length"),
    [
        ("F", "no json", None),
        ("F", "[]", None),
        ("F", "", 70_000),
        ("P", "", 2**32 - 1),
        ("V", '{"code": "no_such_code", "message": ""}', None),
        ("R", "12", None),
        ("?", "", None),
    ],
)
def test_what_cannot_be_true_is_not_believed(kind: str, payload: str, length: int | None) -> None:
    with pytest.raises(Mishap) as caught:
        ask("say", kind=kind, payload=payload, length=length)
    assert type(caught.value) is Mishap
    wait_for(lambda: children() == [])


def test_what_takes_too_long_by_the_clock_is_a_mishap_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "WALL_SECONDS", 1.0)
    with pytest.raises(Mishap, match="try again"):
        ask("hang")
    wait_for(lambda: children() == [])


def test_an_answer_that_has_come_is_read_however_late(monkeypatch: pytest.MonkeyPatch) -> None:
    ask("forbidden")  # starts the warm process
    monkeypatch.setattr(room, "WALL_SECONDS", 0.0)
    question = Question(
        sources.of_bytes(b"12345"), Request("forbidden", {}), Rank.IMAGE, lambda answer: answer, TOO_COMPLEX
    )
    with Room(threads=4).entered("somebody") as visit, visit.look(question) as look:
        line = look._conversation._talk
        wait_for(lambda: line.recv(MIB, socket.MSG_PEEK).endswith(HEADER.pack(Kind.DONE.value, 0)))
        assert look.facts().facts["environment"] == {}


def test_a_job_that_is_killed_from_outside_is_begun_again() -> None:
    answers: list[Mishap] = []

    def run() -> None:
        try:
            ask("hang")
        except Mishap as error:
            answers.append(error)

    asking = threading.Thread(target=run)
    asking.start()
    seen: set[int] = set()
    while len(seen) < 2:
        wait_for(lambda: bool(warm.pid() and set(children()) - seen))
        new = (set(children()) - seen).pop()
        seen.add(new)
        os.kill(new, signal.SIGKILL)
    asking.join(30)
    assert [error.reason for error in answers] == ["the process was killed from outside"]


def test_a_warm_process_that_is_killed_is_replaced_and_its_jobs_end() -> None:
    with pytest.raises(Verdict):
        ask("refuse")
    first = warm.pid()
    wait_for(lambda: children() == [])
    asking = threading.Thread(target=_hang)
    asking.start()
    wait_for(lambda: bool(children()))
    (job,) = children()
    assert first
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: warm.pid() not in (first, None))  # the job is started again
    wait_for(lambda: not Path(f"/proc/{job}").exists())
    warm.stop()
    asking.join(30)
    with pytest.raises(Verdict):
        ask("refuse")


def test_a_warm_process_is_replaced_after_many_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MAX_JOBS", 2)
    pids = []
    for _ in range(5):
        with pytest.raises(Verdict):
            ask("refuse")
        pids.append(warm.pid() or 0)
    assert len(set(pids)) == 3
    wait_for(lambda: not Path(f"/proc/{pids[0]}").exists() or _is_zombie(pids[0]))


def test_a_warm_process_that_cannot_be_started_is_a_mishap(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        context.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(Lost) as lost:
            ask("refuse")
    assert "cannot be started" in lost.value.reason
    with pytest.raises(Verdict):
        ask("refuse")


def _hang() -> None:
    with pytest.raises(Mishap):
        ask("hang")


def _is_zombie(pid: int) -> bool:
    return ") Z " in Path(f"/proc/{pid}/stat").read_text()


def test_no_descriptor_is_left_open() -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    for job in ("refuse", "crash", "stumble"):
        with pytest.raises(Exception, match=r"\w"):
            ask(job)
    before = count()
    for job in ("refuse", "crash", "stumble", "read_too_far") * 3:
        with pytest.raises(Exception, match=r"\w"):
            ask(job)
    assert count() == before
