"""Inserts text made from the code into pages, in place of `<!-- settings -->` and similar marks."""

from api_reference import api_reference
from errors_table import errors_table
from settings_table import settings_table
from sphinx.application import Sphinx

PARTS = {"<!-- settings -->": settings_table, "<!-- errors -->": errors_table, "<!-- api -->": api_reference}


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", _fill_in)
    return {"parallel_read_safe": True}


def _fill_in(_app: Sphinx, _page: str, source: list[str]) -> None:
    for mark, make in PARTS.items():
        if mark in source[0]:
            source[0] = source[0].replace(mark, make())
