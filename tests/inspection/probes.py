"""A warm process whose jobs act like those that a hostile file has taken over. Run by path, like warm.py."""

import ctypes
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scapi.formats.images import InvalidImage
from scapi.inspection import jobs, warm
from scapi.inspection.child import RemoteFile, Teller
from scapi.inspection.messages import HEADER, RANGE, Kind


def forbidden(_file: BinaryIO, teller: Teller) -> None:
    """Try forbidden actions, and report the result of each."""
    attempts: dict[str, Callable[[], object]] = {
        "read a file": lambda: Path("/etc/passwd").read_bytes(),
        "list a folder": lambda: os.listdir("/"),  # noqa: PTH208
        "write a file": lambda: Path("/tmp/scapi-was-here").write_bytes(b"x"),
        "open a socket": socket.socket,
        "fork": os.fork,
        "run a program": lambda: os.execv("/bin/true", ["true"]),
        "signal its parent": lambda: os.kill(os.getppid(), 0),
        "lift a limit": lambda: os.nice(-5),
        "be root": lambda: os.setuid(0),
    }
    told = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except OSError as error:
            told[name] = type(error).__name__
        else:
            told[name] = "worked"
    teller.facts(attempts=told, environment=dict(os.environ), descriptors=_descriptors(), font=_font())


def _descriptors() -> list[int]:
    found = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def _font() -> list[str]:
    fonts = Path("/usr/share/fonts")
    return sorted(os.listdir(fonts)) if fonts.is_dir() else []  # noqa: PTH208


def crash(_file: BinaryIO, _teller: Teller) -> None:
    ctypes.string_at(0)


def spin(_file: BinaryIO, _teller: Teller) -> None:
    while True:
        pass


def hang(_file: BinaryIO, teller: Teller) -> None:
    teller._line.recv(1)


def eat(_file: BinaryIO, _teller: Teller) -> None:
    hoard = []
    while True:
        hoard.append(bytearray(16 * 1024 * 1024))


def refuse(_file: BinaryIO, _teller: Teller) -> None:
    raise InvalidImage("invalid_image", "It is no image.")


def stumble(_file: BinaryIO, _teller: Teller) -> None:
    raise ZeroDivisionError("a bug of ours")


def say(_file: BinaryIO, teller: Teller, *, kind: str, payload: str, length: int | None = None) -> None:
    teller._line.sendall(HEADER.pack(kind.encode(), len(payload) if length is None else length) + payload.encode())
    teller._line.recv(1)


def read_too_far(file: RemoteFile, teller: Teller) -> None:
    teller.say(Kind.READ, RANGE.pack(file.size, 1))
    teller._line.recv(1)


def whoami(_file: BinaryIO, teller: Teller, *, told: bool) -> None:
    """Report the id of this process through the kernel; on the first call, wait to be killed."""
    teller.facts(pid=os.getpid())
    if told:
        teller._line.recv(1)


jobs.JOBS.update(
    {job.__name__: job for job in (forbidden, crash, spin, hang, eat, refuse, stumble, say, read_too_far, whoami)}
)

if __name__ == "__main__":
    warm.main()
