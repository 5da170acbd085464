"""The console script: its names, its settings, its exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import click
import psycopg
import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from scapi.cli import Commands, cli
from scapi.database.failures import DatabaseAway
from scapi.database.readiness import SchemaOutdated
from scapi.exits import MEANINGS, Exit
from storage_backends import Misconfigured, NoSpace, StorageError, Unavailable
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
    assert all(f"  {code:<3} {MEANINGS[code]}" in done.stdout for code in Exit)


CHANGES_NOTHING = {
    *("doctor", "media list", "media show", "token create", "users usage", "webhooks list"),
    *("openapi list-config-prefixes", "openapi print"),
}
"""Commands that only read, or that print their result."""

NO_DRY_RUN = {
    "openapi write": "`openapi print` shows what it would write",
    "serve": "`database upgrade --dry-run` shows what it changes before it serves",
}

NO_JSON = {
    "database revision": "it is for developers, who read the file that it writes",
    "openapi list-config-prefixes": "flask-smorest's own, of no use with one API",
    "openapi print": "JSON is what it prints",
    "openapi write": "JSON is what it writes",
    "serve": "SCAPI_LOG_FORMAT=json is for what it says",
}


def found(path: tuple[str, ...]) -> click.Command:
    """Return the command of that path."""
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    return command


@pytest.mark.parametrize("path", commands(cli), ids=" ".join)
def test_every_command_can_be_tried_and_read_by_a_program(path: tuple[str, ...]) -> None:
    command = found(path)
    options = {option for parameter in command.params for option in parameter.opts}
    name = " ".join(path)
    assert ("--dry-run" in options) == (name not in CHANGES_NOTHING | NO_DRY_RUN.keys())
    assert ("--json" in options) == (name not in NO_JSON)


@pytest.mark.parametrize("path", commands(cli), ids=" ".join)
def test_every_command_says_what_it_does(path: tuple[str, ...]) -> None:
    assert found(path).help


@pytest.mark.parametrize(
    ("settings", "exit_code"),
    [
        ({"SCAPI_STORAGE": "nowhere"}, Exit.CONFIGURATION),
        ({"SCAPI_UPLOAD_TTL": "soon"}, Exit.CONFIGURATION),
        (
            {
                "SCAPI_STORAGE": "s3",
                "SCAPI_S3_BUCKET": "scapi",
                "SCAPI_S3_REGION": "us-east-1",
                "SCAPI_S3_ENDPOINT_URL": "http://127.0.0.1:9",
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret",
            },
            Exit.AWAY,
        ),
    ],
)
def test_settings_that_do_not_work(tmp_path: Path, settings: dict[str, str], exit_code: int) -> None:
    done = run("sweep", SCAPI_DATA_DIR=str(tmp_path), **settings)
    assert done.returncode == exit_code
    assert done.stderr.startswith("scapi cannot start: ")
    assert "Traceback" not in done.stderr


def test_a_schema_goes_up_and_down(tmp_path: Path) -> None:
    here = {"SCAPI_DATA_DIR": str(tmp_path)}
    assert "would run 0001 uploads and media" in run("database", "upgrade", "--dry-run", **here).stdout
    migrations = json.loads(run("database", "upgrade", "--json", **here).stdout)["migrations"]
    assert migrations[0] == "0001 uploads and media"
    assert run("database", "upgrade", "--dry-run", **here).stdout == "the schema is up to date\n"
    down = ("database", "downgrade", "0001")
    undone = json.loads(run(*down, "--dry-run", "--json", **here).stdout)
    assert undone == {"dry_run": True, "migrations": migrations[:0:-1]}
    assert f"undo {migrations[-1]}" in run(*down, **here).stdout
    assert run(*down, **here).stdout == "nothing to undo\n"
    unknown = run("database", "downgrade", "9999", "--dry-run", **here)
    assert (unknown.returncode, "9999" in unknown.stderr) == (Exit.USAGE, True)


class Broken(SQLAlchemyError):
    """An unknown error."""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (None, Exit.DONE, ""),
        (Unavailable("no answer"), Exit.AWAY, "stopped, may be run again: no answer\n"),
        (NoSpace("no space"), Exit.AWAY, "stopped, may be run again: no space\n"),
        (Misconfigured("no bucket"), Exit.CONFIGURATION, "stopped: no bucket\n"),
        (StorageError("odd"), Exit.FAILED, "stopped: odd\n"),
        (SchemaOutdated("lacks 2"), Exit.CONFIGURATION, "stopped: lacks 2\n"),
        (DatabaseAway("away"), Exit.AWAY, "stopped, may be run again: away\n"),
        (OperationalError("SELECT 1", {}, psycopg.OperationalError("gone")), Exit.AWAY, "run again: gone\n"),
        (click.ClickException("read-only"), Exit.FAILED, "Error: read-only\n"),
        (click.BadParameter("9"), Exit.USAGE, "9\n"),
    ],
)
def test_exit_codes(app: Flask, error: Exception | None, code: Exit, said: str) -> None:
    def works() -> None:
        if error:
            raise error

    group = Commands("scapi", commands=[click.Command("work", callback=works)])
    done = app.test_cli_runner().invoke(group, ["work"])
    assert (done.exit_code, done.stderr[-len(said) :] if said else done.stderr) == (code, said)


def test_a_bug_is_shown_and_a_schema_that_is_older_is_none(app: Flask, tmp_path: Path) -> None:
    def fails() -> None:
        raise Broken

    group = Commands("scapi", commands=[click.Command("work", callback=fails)])
    assert isinstance(app.test_cli_runner().invoke(group, ["work"]).exception, Broken)
    for command in (("media", "list"), ("database", "copy", "--to", "sqlite://"), ("housekeeping", "--dry-run")):
        done = run(*command, SCAPI_DATA_DIR=str(tmp_path))
        assert (done.returncode, done.stdout) == (Exit.CONFIGURATION, "")
        assert "run: scapi database upgrade" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_docs_have_the_table_of_exit_codes() -> None:
    page = (ROOT / "docs" / "day-two.md").read_text()
    assert all(f"| {code:d} | {MEANINGS[code]} |" in page for code in Exit)
