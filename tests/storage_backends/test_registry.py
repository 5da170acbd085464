"""Backends are found by their entry points; errors in one are reported."""

from importlib.metadata import EntryPoint, EntryPoints

import pytest

import storage_backends
from storage_backends import ENTRY_POINT_GROUP, Misconfigured
from storage_backends.local import LocalBackend
from storage_backends.s3 import S3Backend


def test_the_two_that_come_with_it() -> None:
    assert storage_backends.load("local") is LocalBackend
    assert storage_backends.load("s3") is S3Backend


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("azure", "there is no storage backend 'azure'; installed are: local, no_backend, no_class, no_module"),
        ("no_module", r"'no_module' \(nowhere.to_be:Found\) does not load: ModuleNotFoundError: No module named"),
        ("no_class", r"'no_class' \(json:NoSuchClass\) does not load: AttributeError"),
        ("no_backend", r"'no_backend' \(json:JSONDecoder\) is not a subclass of StorageBackend; installed are: local"),
    ],
)
def test_what_is_wrong_is_said(monkeypatch: pytest.MonkeyPatch, name: str, message: str) -> None:
    there = {
        "local": "storage_backends.local:LocalBackend",
        "no_module": "nowhere.to_be:Found",
        "no_class": "json:NoSuchClass",
        "no_backend": "json:JSONDecoder",
    }
    found = EntryPoints(EntryPoint(one, value, ENTRY_POINT_GROUP) for one, value in there.items())
    monkeypatch.setattr(storage_backends.registry, "entry_points", lambda group: found.select(group=group))
    with pytest.raises(Misconfigured, match=message):
        storage_backends.load(name)


def test_without_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_backends.registry, "entry_points", lambda **_: EntryPoints())
    with pytest.raises(Misconfigured, match="installed are: none"):
        storage_backends.load("local")
