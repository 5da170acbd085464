"""`scapi serve`: starts everything with one command, to try scapi or to run it on one machine."""

import os
import subprocess
import sys
from pathlib import Path

import click

from scapi.housekeeping.database import upgrade

NUMBERS = "python:scapi.gunicorn_conf"
"""The package's copy of gunicorn.conf.py, for a folder that has none."""


@click.command("serve")
@click.option("--bind", default=f"127.0.0.1:{os.environ.get('PORT', '8000')}", show_default=True, help="ADDRESS:PORT")
@click.pass_context
def serve(context: click.Context, bind: str) -> None:
    """Upgrade the schema, then serve under gunicorn and run the periodic work, until Ctrl-C."""
    context.invoke(upgrade, dry_run=False, as_json=False)
    command = [sys.executable, "-m", "gunicorn", "--bind", bind, "scapi.server:application()"]
    if not Path("gunicorn.conf.py").exists():
        command[3:3] = ["--config", NUMBERS]
    housekeeping = [sys.executable, "-m", "scapi", "housekeeping", "--parent", str(os.getpid())]
    subprocess.Popen(housekeeping)  # noqa: S603 - our own command; it ends when this process ends, which becomes gunicorn
    os.execv(sys.executable, command)  # noqa: S606 - our own command
