"""Calls of the storage are counted and timed in the metrics, under the backend's name."""

from pathlib import Path

import pytest

from scapi.metrics import REGISTRY
from scapi.storage import observer
from storage_backends import CheckedBackend, NotFound
from storage_backends.conformance.steps import upload
from storage_backends.local import LocalBackend


def calls(operation: str, outcome: str) -> float:
    labels = {"storage": "counted", "operation": operation, "outcome": outcome}
    return REGISTRY.get_sample_value("scapi_storage_seconds_count", labels) or 0.0


def test_calls_are_counted_by_operation_and_outcome(tmp_path: Path) -> None:
    backend = CheckedBackend(LocalBackend(tmp_path), observer("counted"))
    backend.check()
    backend.finish(upload(backend, "ab/cd", b"first", b"second"))
    with pytest.raises(NotFound):
        backend.size("ab/none")
    assert [calls(operation, "ok") for operation in ("write", "finish", "size")] == [2, 1, 0]
    assert calls("size", "not_found") == 1
