"""schemathesis sends requests inside and outside of the OpenAPI document; all its checks pass."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.conftest import token
from tests.running import ROOT, Server

HERE = Path(__file__).parent

EXAMPLES = int(os.environ.get("SCAPI_TEST_EXAMPLES", "0"))
"""Random requests per operation; `make fuzz` sets this and the seed. By default they are few and always the same."""

LOCAL, S3 = ("sqlite", "local"), ("postgresql", "moto")

CASES = [(LOCAL, "nobody"), (S3, "user"), *([(LOCAL, "user"), (S3, "nobody")] if EXAMPLES else [])]


@pytest.fixture
def server(place: tuple[str, str], serve: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    """A running scapi that can reach only loopback."""
    with serve(place, PYTHONPATH=str(HERE / "offline"), SCAPI_PREVIEW_SECONDS="1") as server:
        yield server


@pytest.mark.parametrize(
    ("place", "who"), CASES, ids=lambda value: value if isinstance(value, str) else "-".join(value)
)
def test_the_api_is_as_documented(server: Server, place: tuple[str, str], who: str) -> None:
    command = [str(Path(sys.executable).with_name("schemathesis")), "--no-color"]
    command += ["--config-file", str(HERE / "schemathesis.toml"), "run", f"{server.url}/api/v2/openapi.json"]
    if EXAMPLES:
        command += ["--max-examples", str(EXAMPLES), "--seed", os.environ.get("SCAPI_TEST_SEED", "1")]
    else:
        command += ["--max-examples", "4", "--generation-deterministic", "--phases", "examples,fuzzing,stateful"]
    if who == "user":
        command += ["--header", f"Authorization: {token(7)['Authorization']}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.search(r"(\d+) generated.*", done.stdout)
    sys.stdout.write(f"\n{place[1]}, {who}: {found[0] if found else done.stdout}\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " broke\n" not in server.log.read_text()
