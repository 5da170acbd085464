"""A warm process whose jobs do what hostile files would have theirs do. Run by path, as warm.py is."""

import ctypes
import os
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from scapi.formats.images import InvalidImage
from scapi.inspection import jobs, warm
from scapi.inspection.messages import HEADER, RANGE, Kind


def forbidden(_file, teller):
    """Try what must not work, and tell what came of each."""
    attempts = {
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


def _descriptors():
    found = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def _font():
    fonts = Path("/usr/share/fonts")
    return sorted(os.listdir(fonts)) if fonts.is_dir() else []  # noqa: PTH208


def crash(_file, _teller):
    ctypes.string_at(0)


def spin(_file, _teller):
    while True:
        pass


def hang(_file, teller):
    teller._line.recv(1)


def eat(_file, _teller):
    hoard = []
    while True:
        hoard.append(bytearray(16 * 1024 * 1024))


def refuse(_file, _teller):
    raise InvalidImage("invalid_image", "It is no image.")


def stumble(_file, _teller):
    raise ZeroDivisionError("a bug of ours")


def say(_file, teller, *, kind, payload, length=None):
    teller._line.sendall(HEADER.pack(kind.encode(), len(payload) if length is None else length) + payload.encode())
    teller._line.recv(1)


def read_too_far(file, teller):
    teller.say(Kind.READ, RANGE.pack(file.size, 1))
    teller._line.recv(1)


def whoami(_file, teller, *, told):
    """Say which process this is, through the kernel, and wait to be killed, the first time that it is asked."""
    teller.facts(pid=os.getpid())
    if told:
        teller._line.recv(1)


jobs.JOBS.update(
    {job.__name__: job for job in (forbidden, crash, spin, hang, eat, refuse, stumble, say, read_too_far, whoami)}
)

if __name__ == "__main__":
    warm.main()
