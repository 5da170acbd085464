"""From the environment to Settings."""

import logging
from collections.abc import Mapping
from dataclasses import Field
from pathlib import Path
from typing import Any

import marshmallow as ma

from scapi.settings.definitions import Settings, definitions
from scapi.settings.field import PREFIX, environment_name

GONE: dict[str, str] = {"SCAPI_STRIP_LOCATION": "SCAPI_STRIP_METADATA"}
"""Removed settings and their successors."""

OF_THE_SERVER = ("SCAPI_THREADS", "SCAPI_WORKER")
"""Variables that the server sets for its workers; operators do not set them."""

FILE = "_FILE"
"""The suffix of a secret's name, for the path of a file that holds it."""

log = logging.getLogger(__name__)

_TEXT = ma.fields.String(error_messages={"invalid": "expected text"})
_NUMBER = ma.fields.Integer(error_messages={"invalid": "expected a whole number"})
_PARSERS: dict[Any, ma.fields.Field[Any]] = {
    str: _TEXT,
    int: _NUMBER,
    float: ma.fields.Float(error_messages={"invalid": "expected a number"}),
    bool: ma.fields.Boolean(error_messages={"invalid": "expected true or false"}),
    Path: _TEXT,
    tuple[str, ...]: ma.fields.List(_TEXT),
    tuple[int, ...]: ma.fields.List(_NUMBER),
}


class ConfigurationError(Exception):
    """A setting with which scapi cannot start; the message says what is wrong and what was expected."""


class NotReady(ConfigurationError):
    """A service that a setting names cannot be reached now. The setting may be right: another try may succeed."""


def read_settings(values: Mapping[str, Any]) -> Settings:
    """Return the settings in `values`, by their names in the environment; a value is text or has its own type.

    Other names are ignored; unknown names that begin with SCAPI_ cause a warning. Raises ConfigurationError, whose
    message never contains the value, because it may be a secret.
    """
    for name, successor in GONE.items():
        if name in values:
            raise ConfigurationError(f"{name} is gone; set {successor} instead")
    chosen = {one.name: _read(one, values) for one in definitions() if _is_given(one, values)}
    others = _of_plug_ins(values, chosen)
    _warn_of_unknown(values, others)
    return Settings(**chosen, others=others)


def _is_given(definition: Field[Any], values: Mapping[str, Any]) -> bool:
    name = environment_name(definition.name)
    return name in values or (definition.metadata["secret"] and name + FILE in values)


def _read(definition: Field[Any], values: Mapping[str, Any]) -> Any:
    name = environment_name(definition.name)
    if definition.metadata["secret"] and name + FILE in values:
        if values.get(name):
            raise ConfigurationError(f"{name} and {name}{FILE} are both set; expected one of them")
        return _parse(definition, _content(name + FILE, values[name + FILE]))
    return _parse(definition, values[name])


def _content(name: str, path: Any) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name}: the file cannot be read: {error}") from error


def _parse(definition: Field[Any], value: Any) -> Any:
    kind, check = definition.type, definition.metadata["check"]
    if isinstance(value, str) and kind in (tuple[str, ...], tuple[int, ...]):
        value = [item.strip() for item in value.split(",")] if value.strip() else []
    try:
        parsed = _PARSERS[kind].deserialize(str(value) if kind is Path else value)
        if check:
            check(parsed)
    except ma.ValidationError as error:
        raise ConfigurationError(f"{environment_name(definition.name)}: {_text(error.messages)}") from error
    return Path(parsed) if kind is Path else tuple(parsed) if isinstance(parsed, list) else parsed


def _text(messages: Any) -> str:
    """Return all messages of a ValidationError in one line."""
    nested = messages.values() if isinstance(messages, dict) else messages
    return " ".join(one if isinstance(one, str) else _text(one) for one in nested)


def _of_plug_ins(values: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the plug-ins that are in use, `SCAPI_<PLUG-IN>_...`."""
    in_use = (chosen.get("storage", ""), chosen.get("storage_before", ""), *chosen.get("checks", ()))
    prefixes = tuple(f"{PREFIX}{name.upper().replace('-', '_')}_" for name in in_use if name)
    known = {environment_name(one.name) for one in definitions()}
    return {name: value for name, value in values.items() if name.startswith(prefixes) and name not in known}


def _warn_of_unknown(values: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    known = {*others, *OF_THE_SERVER}
    for one in definitions():
        known.add(environment_name(one.name))
        if one.metadata["secret"]:
            known.add(environment_name(one.name) + FILE)
    for name in sorted(values):
        if name.startswith(PREFIX) and name not in known:
            log.warning("%s is not a setting that scapi knows; it is ignored", name)
