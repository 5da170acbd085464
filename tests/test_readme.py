"""README says what is so: its settings are those of config.py, and its lines work as they stand."""

import ast
import os
import re
import subprocess
from pathlib import Path

import requests

from tests import files
from tests.running import ROOT, Server

MiB = 1024 * 1024

README = (ROOT / "README.md").read_text()


def settings() -> list[str]:
    """Return the rows of the table of settings, made from config.py."""
    tree = ast.parse((ROOT / "config.py").read_text())
    config = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    rows = []
    for setting, text in zip(config.body[1::2], config.body[2::2], strict=True):
        assert isinstance(setting, ast.Assign | ast.AnnAssign)
        name = setting.target if isinstance(setting, ast.AnnAssign) else setting.targets[0]
        assert isinstance(name, ast.Name)
        assert isinstance(setting.value, ast.Call)
        assert isinstance(text, ast.Expr)
        assert isinstance(text.value, ast.Constant)
        default = re.sub(r"(\d+) \* MiB", lambda size: str(int(size[1]) * MiB), ast.unparse(setting.value.args[1]))
        default = default.strip("'[]").replace("'", "")
        rows.append(f"| {name.id} | {default} | {' '.join(str(text.value.value).split())} |")
    return rows


def test_the_settings_are_those_of_config() -> None:
    assert re.findall(r"^\| SCAPI_.*$", README, re.MULTILINE) == settings()


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
