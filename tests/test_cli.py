"""The console script: its names, its settings, its exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from scapi.cli import cli
from tests.running import ROOT, environment


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in the folder of config.py, with these settings only."""
    command = [str(Path(sys.executable).with_name("scapi")), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(**settings), capture_output=True, text=True, check=False)


def commands(group: click.Group, *path: str) -> list[tuple[str, ...]]:
    """Return the path of every command below `group`."""
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        found += commands(command, *path, name) if isinstance(command, click.Group) else [(*path, name)]
    return found


def test_help_needs_no_settings_and_lists_every_command() -> None:
    done = run("--help", SCAPI_STORAGE="nowhere")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in cli.commands)
    assert "Exit codes" in done.stdout


@pytest.mark.parametrize("path", commands(cli), ids=" ".join)
def test_every_command_says_what_it_does(path: tuple[str, ...]) -> None:
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command.help


@pytest.mark.parametrize(
    ("settings", "exit_code"),
    [
        ({"SCAPI_STORAGE": "nowhere"}, os.EX_CONFIG),
        ({"SCAPI_UPLOAD_TTL": "soon"}, os.EX_CONFIG),
        (
            {
                "SCAPI_STORAGE": "s3",
                "SCAPI_S3_BUCKET": "scapi",
                "SCAPI_S3_REGION": "us-east-1",
                "SCAPI_S3_ENDPOINT_URL": "http://127.0.0.1:9",
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret",
            },
            os.EX_TEMPFAIL,
        ),
    ],
)
def test_settings_that_do_not_work(tmp_path: Path, settings: dict[str, str], exit_code: int) -> None:
    done = run("sweep", SCAPI_DATA_DIR=str(tmp_path), **settings)
    assert done.returncode == exit_code
    assert done.stderr.startswith("scapi cannot start: ")
    assert "Traceback" not in done.stderr


def test_a_dry_upgrade_shows_what_would_run(tmp_path: Path) -> None:
    here = {"SCAPI_DATA_DIR": str(tmp_path)}
    assert "would run 0001 uploads and media" in run("database", "upgrade", "--dry-run", **here).stdout
    assert run("database", "upgrade", **here).returncode == 0
    assert run("database", "upgrade", "--dry-run", **here).stdout == "the schema is up to date\n"
