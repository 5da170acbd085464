"""A measured backend is the backend that it measures, and what it cannot do fails as before."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from scapi.measured import OPERATIONS, MeasuredBackend
from scapi.metrics import REGISTRY
from storage_backends.base import NoSpace, NotFound, StorageBackend, StorageError, Unavailable
from storage_backends.conformance import LeftoverTests, ObjectTests
from storage_backends.conformance.faults import WriterTests
from storage_backends.conformance.steps import upload
from storage_backends.local import LocalBackend
from tests.storehouse import local_inventory


class TestMeasured(ObjectTests, LeftoverTests, WriterTests):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> MeasuredBackend:
        return MeasuredBackend(LocalBackend(tmp_path), "local")

    @pytest.fixture
    def inventory(self, tmp_path: Path) -> Callable[[], list[str]]:
        return partial(local_inventory, tmp_path)


def calls(storage: str, operation: str, outcome: str) -> float:
    labels = {"storage": storage, "operation": operation, "outcome": outcome}
    return REGISTRY.get_sample_value("scapi_storage_seconds_count", labels) or 0.0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotFound, "not_found"),
        (NoSpace, "no_space"),
        (Unavailable, "unavailable"),
        (StorageError, "failed"),
        (OSError, "failed"),
    ],
)
def test_what_a_backend_raises_is_counted_and_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception], outcome: str
) -> None:
    def fail(*_: object) -> None:
        raise error("as it happens")

    backend = MeasuredBackend(LocalBackend(tmp_path), f"raises-{error.__name__}")
    state = upload(backend, "ab/cd", b"first")
    monkeypatch.setattr(LocalBackend, "finish", fail)
    with pytest.raises(error, match="as it happens"):
        backend.finish(state)
    assert calls(f"raises-{error.__name__}", "finish", outcome) == 1
    assert calls(f"raises-{error.__name__}", "finish", "ok") == 0
    assert calls(f"raises-{error.__name__}", "write", "ok") == 1


def test_what_a_backend_can_do_beside_the_interface_is_still_there(tmp_path: Path) -> None:
    assert MeasuredBackend(LocalBackend(tmp_path), "local").file("ab/cd") == LocalBackend(tmp_path).file("ab/cd")


def test_every_method_of_the_interface_reaches_the_backend() -> None:
    own = {name for name in vars(StorageBackend) if not name.startswith("_")}
    assert own <= vars(MeasuredBackend).keys()
    assert set(OPERATIONS) <= own
