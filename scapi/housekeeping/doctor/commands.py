"""`scapi doctor`."""

import json
import sys
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from scapi.exits import Exit
from scapi.housekeeping.doctor import database, machine, store


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Print the problems of this installation, why they matter, and the commands that repair them.

    It tries scapi's operations on the database and the storage, and removes what it created. The exit code is 1 if
    there are problems.
    """
    found = [said for look in (database.look, store.look, machine.look) for said in look()]
    if as_json:
        click.echo(json.dumps([{**asdict(said), "ok": said.is_well} for said in found]))
    else:
        for said in found:
            click.echo(f"{'ok   ' if said.is_well else 'WRONG'}  {said.name}: {said.what}")
            if not said.is_well:
                click.echo(f"         why it matters: {said.why}\n         what mends it:  {said.mend}")
    if not all(said.is_well for said in found):
        sys.exit(Exit.FAILED)
