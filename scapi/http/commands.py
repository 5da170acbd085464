"""`scapi token`: tokens for trying things out."""

import json
from datetime import timedelta

import click
from flask.cli import AppGroup

from scapi.database import can_be_kept
from scapi.http import auth
from scapi.http.users import PREFIX
from scapi.settings import settings

MAX_HOURS = 100 * 366 * 24
"""A century: dates can express that."""


def user_of(text: str) -> int:
    """Return the id of a user, given as a number, or as `oidc:` and the name at the login provider."""
    if text.startswith(PREFIX):
        found = auth.users().find(text) if can_be_kept(text) else None
        if found is None:
            raise click.BadParameter(f"there is no user {text}")
        return found
    if not text.isascii() or not text.isdigit() or int(text) > auth.MAX_USER_ID:
        raise click.BadParameter(f"expected a user's number, or {PREFIX} and a name, not {text}")
    return int(text)


token = AppGroup("token", help="Bearer tokens.")


@token.command("create")
@click.option("--user", type=click.IntRange(0, auth.MAX_USER_ID), required=True, help="The user's id.")
@click.option("--hours", type=click.IntRange(1, MAX_HOURS), default=24, show_default=True, help="How long it is valid.")
@click.option("--admin", is_flag=True, help="The user is an admin.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create_token(user: int, hours: int, admin: bool, as_json: bool) -> None:
    """Print a token for trying things out."""
    more = {"aud": settings.jwt_audience[0]} if settings.jwt_audience else {}
    more |= {"iss": settings.jwt_issuer} if settings.jwt_issuer else {}
    made = auth.make_token(user, settings.jwt_secret, timedelta(hours=hours), admin=admin, **more)
    click.echo(json.dumps({"token": made}) if as_json else made)
