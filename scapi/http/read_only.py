"""SCAPI_READ_ONLY: requests that only read are answered, requests that write are refused."""

import click
from flask import Flask, request

from scapi.refusals import Refused
from scapi.settings import Settings, settings

SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110, section 9.2.1)."""

RETRY_AFTER = 60
"""Seconds after which a client may try again: moves take minutes."""


def register(app: Flask, chosen: Settings) -> None:
    """Refuse requests that would write, if scapi is read-only."""
    if chosen.read_only:
        app.before_request(_refuse)


def refusal() -> Refused:
    """Return the refusal of a request that cannot be answered without writing."""
    return Refused(
        "read_only", "this service is read-only for a while; send the same request later", retry_after=RETRY_AFTER
    )


def _refuse() -> None:
    if request.method not in SAFE:
        raise refusal()


def refuse_command() -> None:
    """Refuse a command that would change media or events, if scapi is read-only."""
    if settings.read_only:
        raise click.ClickException("nothing is changed while SCAPI_READ_ONLY is true")
