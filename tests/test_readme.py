"""README says what is so: its lines work as they stand."""

import os
import re
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


def test_a_first_upload(server: Server, tmp_path: Path) -> None:
    photo = files.jpeg(700, 700, noise=True)
    (tmp_path / "a photo.jpg").write_bytes(photo)
    command = [str(ROOT / "examples" / "upload.sh"), "a photo.jpg"]
    env = {**os.environ, "API": f"{server.url}/api/v2"}
    done = subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True, text=True)
    said = done.stdout.splitlines()
    assert requests.get(said[0], timeout=10).content == photo
    assert '"title":"photo"' in said[1]


def test_what_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
