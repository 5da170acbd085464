"""A progress bar for long commands, shown on a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show a bar for `total` items; yields a function to call with the number of newly done items."""
    shown = sys.stderr.isatty()
    with click.progressbar(length=total, label=label, file=sys.stderr, hidden=not shown) as bar:  # type: ignore[var-annotated]
        yield bar.update
