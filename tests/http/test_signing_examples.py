"""The examples of docs/login.md that sign a token, in every installed language."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scapi.http import auth
from tests import running
from tests.running import ROOT, SECRET

EXAMPLES = dict(re.findall(r"^```(js|php|python|go)\n(.*?)^```", (ROOT / "docs" / "login.md").read_text(), re.M | re.S))

COMMANDS = {
    "js": ["node", "token.js"],
    "php": ["php", "token.php"],
    "python": [sys.executable, "token.py"],
    "go": ["go", "run", "token.go"],
}


@pytest.mark.parametrize("language", COMMANDS)
def test_the_token_is_good(language: str, tmp_path: Path) -> None:
    program, *arguments = COMMANDS[language]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (tmp_path / arguments[-1]).write_text(EXAMPLES[language])
    env = running.environment(GOCACHE=str(tmp_path / "cache"), GOFLAGS="-mod=mod")
    done = subprocess.run([program, *arguments], cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert auth.read_token(done.stdout.strip(), SECRET).id == 7
