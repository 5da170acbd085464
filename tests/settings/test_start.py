"""Settings that cannot work stop the start with one line that says what was expected."""

import subprocess
import sys
from pathlib import Path

import pytest

from scapi.database import engines
from tests.running import ROOT, environment

DATABASE = "postgresql+psycopg://scapi:hidden@db/scapi"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SCAPI_DATABASE_URL", "postgres://scapi:hidden@db/scapi", "something like postgresql+psycopg://"),
        ("SCAPI_DATABASE_URL", "hidden", "something like postgresql+psycopg://"),
        ("SCAPI_DATABASE_URL", "postgresql+psycopg://scapi:a@hidden:b@db/scapi", "the port must be a number"),
        ("SCAPI_DATABASE_URL", f"{DATABASE}?prepare_threshold=abc", "prepare_threshold must be a whole number or"),
        ("SCAPI_DATABASE_URL", f"{DATABASE}?connect_timeout=soon", "connect_timeout must be a whole number"),
        ("SCAPI_DATABASE_URL", f"{DATABASE}?keepalives=1&keepalives=0", "keepalives is given more than once"),
        ("SCAPI_DATABASE_URL", f"{DATABASE}?sslmode=always", "invalid sslmode value"),
        ("SCAPI_DATABASE_URL", f"{DATABASE}?sslmod=require", "invalid connection option"),
        ("SCAPI_DATABASE_URL", "sqlite:////tmp/x?timeout=soon", "could not convert"),
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


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        "?prepare_threshold=none",
        "?connect_timeout=9&keepalives_idle=10&application_name=scapi&options=-c%20x.y%3D1",
        "?sslmode=verify-full&sslrootcert=/etc/ssl/ca.pem&gssencmode=require",
        "?host=/run/postgresql",
        "?host=db1:5432&host=db2:5433&target_session_attrs=read-write",
    ],
)
def test_parameters_of_the_database(parameters: str) -> None:
    """Parameters that PostgreSQL knows are accepted, whether its server runs or not."""
    engines.check(f"postgresql+psycopg://scapi:hidden@/scapi{parameters}")
