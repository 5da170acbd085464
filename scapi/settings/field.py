"""A setting: a dataclass field with its documentation and its check."""

from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Any

PREFIX = "SCAPI_"
"""The prefix of a setting's name in the environment."""

MiB = 1024 * 1024

Check = Callable[[Any], Any]
"""Raises marshmallow's ValidationError for an invalid value."""


def setting(default: Any, documentation: str, check: Check | None = None, *, secret: bool = False) -> Any:
    """Return the dataclass field of a setting. A secret may also be read from a file: `SCAPI_<NAME>_FILE`."""
    return field(default=default, metadata={"documentation": documentation, "check": check, "secret": secret})


def each(check: Check) -> Check:
    """Return the check of a list whose items must pass `check`."""

    def check_all(values: Iterable[Any]) -> None:
        for value in values:
            check(value)

    return check_all


def environment_name(name: str) -> str:
    """Return the name of the setting `name` in the environment."""
    return PREFIX + name.upper()
