"""The scans of a JPEG contain all bits of all coefficients, or the file is broken."""

import pytest

from scapi.formats.containers import BrokenFileError
from scapi.formats.scans import check_complete


def scan(components: bytes, first: int, last: int, low: int = 0, table: int = 0) -> bytes:
    """Return the body of a SOS segment; `low`: the number of bits that later scans bring."""
    return bytes([len(components), *(one for name in components for one in (name, table)), first, last, low])


@pytest.mark.parametrize(
    "headers",
    [
        [scan(b"\1\2", 0, 63)],
        [scan(b"\1\2", 0, 255)],  # more than there are
        [scan(b"\1\2", 0, 63, low=0x10)],  # the high bits say what earlier scans brought
        [scan(b"\1", 0, 63), scan(b"\2", 0, 63)],
        [scan(b"\1\2", 0, 0, table=8), scan(b"\1\2", 1, 63, table=9)],
        [scan(b"\1\2", 0, 0), scan(b"\1", 1, 5), scan(b"\1", 6, 63), scan(b"\2", 1, 63)],
        [scan(b"\1\2", 0, 63, low=1), scan(b"\1\2", 0, 63, low=0x10)],
        [scan(b"\1\2", 0, 63) + b"more"],
    ],
)
def test_complete(headers: list[bytes]) -> None:
    check_complete(b"\1\2", headers)


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([], "ends before"),
        ([scan(b"\1", 0, 63)], "ends before"),
        ([scan(b"\1\2", 0, 62)], "ends before"),
        ([scan(b"\1\2", 1, 63)], "ends before"),
        ([scan(b"\1\2", 1, 255)], "ends before"),
        ([scan(b"\1\2", 0, 63, low=1)], "ends before"),
        ([scan(b"\1\2", 0, 63, low=8)], "ends before"),
        ([scan(b"\1\2", 0, 4), scan(b"\1\2", 6, 63)], "ends before"),
        ([scan(b"\1\2", 0, 63), scan(b"\3", 0, 0)], "ends before"),
        ([scan(b"\1\2", 0, 63)[:-1]], "cut off"),
        ([scan(b"", 0, 63)[:-1]], "cut off"),
        ([b""], "cut off"),
    ],
)
def test_incomplete(headers: list[bytes], said: str) -> None:
    with pytest.raises(BrokenFileError, match=said):
        check_complete(b"\1\2", headers)


def test_a_scan_of_no_component_counts_for_none() -> None:
    check_complete(b"\1", [scan(b"", 0, 63), scan(b"\1", 0, 63)])
