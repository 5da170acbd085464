"""Runs the checks that the settings name."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import BinaryIO

from flask import Flask, current_app

from scapi.checks.base import ENTRY_POINT_GROUP, Check, CheckedFile, Rejected, Unavailable
from scapi.http.errors import RETRY_AFTER
from scapi.refusals import Refused
from scapi.settings import ConfigurationError, Settings


class RefusedByCheck(Refused):
    """A check has refused the file."""


def set_up(app: Flask, settings: Settings) -> None:
    """Load the checks that `SCAPI_CHECKS` names. Raises ConfigurationError."""
    app.extensions["scapi.checks"] = {name: _load(settings, name) for name in settings.checks}


def check(file: CheckedFile, open_: Callable[[], BinaryIO]) -> None:
    """Run every check on the file that `open_` opens. Without checks it is not opened.

    Raises RefusedByCheck (400) with the check's message, and Refused (503) if a check is not available.
    """
    checks: dict[str, Check] = current_app.extensions["scapi.checks"]
    for name, passes in checks.items():
        try:
            with open_() as stream:
                passes(file, stream)
        except Rejected as error:
            current_app.logger.warning("check %s has refused a file of user %s: %s", name, file.user_id, error)
            raise RefusedByCheck("refused_by_check", f"this file was refused by a check: {error}") from error
        except Unavailable as error:
            current_app.logger.exception("check %s is not available", name)
            message = "the file cannot be checked right now; try again"
            raise Refused("check_unavailable", message, retry_after=RETRY_AFTER) from error


def _load(settings: Settings, name: str) -> Check:
    installed = {entry_point.name: entry_point for entry_point in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in installed:
        there = ", ".join(sorted(installed)) or "none"
        raise ConfigurationError(f"SCAPI_CHECKS: there is no check {name!r}; installed are: {there}")
    try:
        loaded: Check = installed[name].load()(settings.by_name())
    except Exception as error:  # a plug-in may raise anything
        raise ConfigurationError(f"SCAPI_CHECKS: {name!r} cannot be used: {type(error).__name__}: {error}") from error
    return loaded
