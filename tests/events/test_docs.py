"""The examples in docs/events.md work."""

import json
import re
import shutil
import subprocess
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from scapi.checks.base import CheckedFile, Rejected
from scapi.events import signing
from tests import files
from tests.events.receiver import SECRET
from tests.running import ROOT

DOCS = (ROOT / "docs" / "events.md").read_text()
BODY = '{"type":"media.created","data":{"title":"Фото"}}'.encode()


def example(language: str, name: str) -> str:
    """Return the code block that has `name` in it."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)
    found: str = next(block for block in blocks if name in block)
    return found


def python_example(name: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(example("python", name), names)
    return names


def cases() -> list[tuple[dict[str, str], bytes, str | None]]:
    """Return headers, a body, and what is wrong with them."""
    moment = int(time.time())
    good, old = (signing.headers("msg_1", when, BODY, SECRET) for when in (moment, moment - 400))
    two = good | {"webhook-signature": f"v1,c2hvcnQ= {good['webhook-signature']}"}
    return [(good, BODY, None), (two, BODY, None), (good, BODY + b" ", "wrong signature"), (old, BODY, "too old")]


def test_verifying_in_python() -> None:
    verify = python_example("def verify")["verify"]
    for headers, body, problem in cases():
        if problem is None:
            verify(SECRET, headers, body)
        else:
            with pytest.raises(ValueError, match=problem):
                verify(SECRET, headers, body)


def test_verifying_in_node(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = tmp_path / "verify.mjs"
    given = [[headers, body.decode()] for headers, body, _ in cases()]
    script.write_text(
        example("js", "export function verify")
        + f"""
        for (const [headers, body] of {json.dumps(given)}) {{
          try {{ verify({SECRET!r}, headers, Buffer.from(body)); console.log("null"); }}
          catch (error) {{ console.log(JSON.stringify(error.message)); }}
        }}"""
    )
    said = subprocess.run([node, str(script)], check=True, capture_output=True, text=True).stdout.splitlines()
    assert [json.loads(line) for line in said] == [problem for _, _, problem in cases()]


def test_a_check_of_ones_own() -> None:
    check = python_example("def no_scripts")["no_scripts"]({})
    file = CheckedFile("a.pdf", "application/pdf", 0, None)
    check(file, BytesIO(files.pdf()))
    for at in (0, (1 << 20) - 5):
        with pytest.raises(Rejected):
            check(file, BytesIO(bytes(at) + b"/JavaScript"))


def test_the_secret_that_is_proposed() -> None:
    command = re.search(r'echo "whsec_.*?"', DOCS)
    assert command
    made = subprocess.run(["bash", "-c", command[0]], check=True, capture_output=True, text=True).stdout.strip()
    assert [len(key) for key in signing.keys(made)] == [32]
