"""Rows and objects side by side."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from scapi.housekeeping.check.compare import FileRow, beside
from storage_backends import Published

KEYS = st.lists(st.sampled_from(["a", "a.b", "b/c", "b/d", "e"]))


def row(key: str) -> FileRow:
    return FileRow(1, 1, "local", key, 1, "image/png", "image.png", "image.png", None, None)


@given(KEYS, st.sets(st.sampled_from(["a", "a.b", "b/c", "b/d", "e"])))
def test_every_row_and_every_object_is_met_once(named: list[str], there: set[str]) -> None:
    objects = [Published(key, 1, datetime.now(UTC)) for key in sorted(there)]
    met = list(beside(iter([row(key) for key in sorted(named)]), iter(objects)))
    assert [pair[0].key for pair in met if pair[0]] == sorted(named)
    assert all((pair[1] is not None) == (pair[0].key in there) for pair in met if pair[0])
    assert [pair[1].key for pair in met if pair[0] is None and pair[1]] == sorted(there - set(named))
