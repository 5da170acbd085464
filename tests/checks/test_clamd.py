"""The check by clamd: its answers over its own protocol."""

import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from scapi.checks import clamd
from scapi.checks.base import CheckedFile, Rejected, Unavailable
from scapi.checks.clamd import Clamd
from tests.checks import fake_clamd
from tests.checks.fake_clamd import EICAR

FILE = CheckedFile("a.jpg", "image/jpeg", 200_000, None)


@pytest.fixture(params=["127.0.0.1:0", "socket"])
def daemon(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[fake_clamd.Clamd]:
    address = request.param if ":" in request.param else str(tmp_path / request.param)
    with fake_clamd.clamd(address) as daemon:
        yield daemon


def test_it_sees_every_byte(daemon: fake_clamd.Clamd) -> None:
    check = clamd.from_settings({"SCAPI_CLAMD_ADDRESS": daemon.address})
    for data in (b"", b"x", bytes(range(256)) * 1000):
        check(FILE, BytesIO(data))
        assert daemon.scanned.pop() == data
    with pytest.raises(Rejected, match=r"^Eicar-Test-Signature$"):
        check(FILE, BytesIO(bytes(clamd.BLOCK - 10) + EICAR))


def test_what_it_does_not_take_is_not_let_in(daemon: fake_clamd.Clamd) -> None:
    daemon.most = 100_000
    with pytest.raises(Unavailable, match="INSTREAM size limit exceeded"):
        Clamd(daemon.address)(FILE, BytesIO(bytes(200_000)))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "/no/such/socket", "no-port"])
def test_nobody_is_there(address: str) -> None:
    with pytest.raises(Unavailable, match=r"^clamd at "):
        Clamd(address)(FILE, BytesIO(b"x"))


def test_it_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clamd, "SILENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Unavailable, match="timed out"):
        Clamd(f"127.0.0.1:{listener.getsockname()[1]}")(FILE, BytesIO(b"x"))
