"""The commands: `flask token create`, and those that the extensions bring (`flask db`, `flask openapi`)."""

from datetime import timedelta

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from scapi import auth

token = AppGroup("token", help="Bearer tokens.")


def register(app: Flask) -> None:
    """Add scapi's commands to `flask`."""
    app.cli.add_command(token)


@token.command("create")
@click.option("--user", type=click.IntRange(0, auth.MAX_USER_ID), required=True, help="The user's id.")
@click.option("--hours", type=click.IntRange(min=1), default=24, show_default=True, help="How long it is valid.")
def create_token(user: int, hours: int) -> None:
    """Print a token for trying things out."""
    click.echo(auth.make_token(user, current_app.config["SCAPI_JWT_SECRET"], timedelta(hours=hours)))
