"""Every setting as Markdown: its name, what it does, and its default."""

from collections.abc import Iterator
from typing import Any

from scapi.settings import definitions, environment_name


def settings() -> Iterator[tuple[str, str, str]]:
    """Yield each setting's name in the environment, its default as text, and its documentation."""
    for one in definitions():
        yield environment_name(one.name), _written(one.default), one.metadata["documentation"]


def settings_table() -> str:
    """Return Markdown: a heading for each setting, what it does, and its default."""
    return "\n".join(
        f"### `{name}`\n\n{text}\n\nDefault: {f'`{default}`' if default else 'empty'}\n"
        for name, default, text in settings()
    )


def _written(default: Any) -> str:
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)
