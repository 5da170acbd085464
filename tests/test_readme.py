"""README is right: its commands work unchanged."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import requests

from tests import files
from tests.running import ROOT, Server

README = (ROOT / "README.md").read_text()


def test_the_example_script_has_its_lines() -> None:
    lines = "\n".join(re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
    here = "http://127.0.0.1:8000/api/v2"
    assert (ROOT / "examples" / "upload.sh").read_text().endswith(lines.replace(here, f"${{API:-{here}}}"))


def run(server: Server, folder: Path, name: str, content: bytes) -> subprocess.CompletedProcess[str]:
    """Upload a file with the example script, on a system whose `wc` pads its numbers, as on BSD and macOS."""
    (folder / name).write_bytes(content)
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    padded = tools / "wc"
    padded.write_text(f'#!/bin/sh\nprintf "%8d\\n" "$({shutil.which("wc")} "$@")"\n')
    padded.chmod(0o755)
    env = {**os.environ, "API": f"{server.url}/api/v2", "PATH": f"{tools}:{os.environ['PATH']}"}
    command = [str(ROOT / "examples" / "upload.sh"), name]
    return subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True, text=True)


def test_a_first_upload(server: Server, tmp_path: Path) -> None:
    photo = files.jpeg(700, 700, noise=True)
    assert len(photo) > 2 * 204_800
    done = run(server, tmp_path, "a photo.jpg", photo)
    assert done.returncode == 0, done.stderr
    assert requests.get(done.stdout.strip(), timeout=10).content == photo


def test_a_refusal_ends_it_and_says_why(server: Server, tmp_path: Path) -> None:
    done = run(server, tmp_path, "notes.txt", b"no picture " * 50_000)
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 120


def test_what_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README):
        if target.startswith("https://"):
            continue
        assert (ROOT / target).exists(), target
