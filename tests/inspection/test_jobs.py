"""A job's own decisions, without its process."""

import socket
from collections.abc import Iterator
from tempfile import TemporaryFile

import pytest

from scapi.formats import cleaning
from scapi.formats.containers import BrokenFileError
from scapi.formats.images import InvalidImage
from scapi.inspection import jobs
from scapi.inspection.child import LocalFile, Teller
from tests import files

BAD = files.PNG_SIGNATURE + b"".join(
    files.png_chunk(kind, body)
    for kind, body in ((b"IHDR", b"\0\0\0\x04\0\0\0\x04\x08\x02\0\0\0"), (b"IDAT", b"no zlib stream"), (b"IEND", b""))
)


@pytest.fixture
def teller() -> Iterator[Teller]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Teller(theirs)


@pytest.mark.parametrize(("data", "outcome"), [(BAD, InvalidImage), (files.png(), BrokenFileError)])
def test_the_verdict_of_decoding_goes_before_a_failure_of_cleaning(
    data: bytes, outcome: type[Exception], teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise BrokenFileError("it is not built as its format says")

    monkeypatch.setattr(cleaning, "cleaned", fail)
    with TemporaryFile() as file:
        file.write(data)
        file.flush()
        sent = LocalFile(file.fileno(), len(data))
        with pytest.raises(outcome):
            jobs.image(sent, teller, mimetype="image/png", max_pixels=100_000, strip=True)
