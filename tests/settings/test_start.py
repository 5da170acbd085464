"""Settings that cannot work stop the start with one line that says what was expected."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT, environment


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SCAPI_DATABASE_URL", "postgres://scapi:hidden@db/scapi", "something like postgresql+psycopg://"),
        ("SCAPI_DATABASE_URL", "hidden", "something like postgresql+psycopg://"),
        ("SCAPI_METRICS_TOKEN", "hidden", "at least 16 characters"),
    ],
)
def test_what_cannot_work(tmp_path: Path, name: str, value: str, expected: str) -> None:
    env = environment(SCAPI_DATA_DIR=str(tmp_path), **{name: value})
    command = [sys.executable, "-c", "import wsgi"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("scapi cannot start: ")
    assert name in done.stderr
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hidden" not in done.stderr
