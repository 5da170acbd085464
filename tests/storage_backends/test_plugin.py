"""The example of docs/writing-a-backend.md, installed like any package, passes the suite."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import storage_backends
from storage_backends.base import StorageBackend
from storage_backends.conformance import Conformance
from storage_backends.conformance.steps import Faults

PLUGIN = Path(__file__).parents[1] / "plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the plug-in is installed; nothing is downloaded."""
    folder = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(PLUGIN, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    target = folder / "installed"
    subprocess.run([*command, "--target", str(target), str(source)], check=True, timeout=120)
    return target


class TestPlugin(Conformance):
    @pytest.fixture
    def backend(self, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StorageBackend:
        monkeypatch.syspath_prepend(str(installed))
        return storage_backends.load("sqlitefiles").from_settings({"SCAPI_DATA_DIR": str(tmp_path)})

    @pytest.fixture
    def inventory(self, tmp_path: Path) -> Callable[[], list[str]]:
        def names() -> list[str]:
            with closing(sqlite3.connect(tmp_path / "files.sqlite")) as database:
                uploads = database.execute("SELECT key, published FROM uploads").fetchall()
                lost = database.execute("SELECT id FROM chunks WHERE upload NOT IN (SELECT id FROM uploads)").fetchall()
            found = [key if published else f"upload to {key}" for key, published in uploads]
            return found + [f"chunk {name}" for (name,) in lost]

        return names

    @pytest.fixture
    def faults(self, backend: StorageBackend, monkeypatch: pytest.MonkeyPatch) -> Faults:
        faults = Faults()
        away = sqlite3.OperationalError("made to fail")
        away.sqlite_errorcode = sqlite3.SQLITE_IOERR
        transaction: Callable[..., Any] = backend._run  # type: ignore[attr-defined]
        monkeypatch.setattr(backend, "_run", lambda work: faults.call(partial(transaction, work), away))
        return faults
