"""How Sphinx builds these pages: `make docs`. Parts of them are made from the code, by what is in `extensions`."""

import importlib.metadata
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent / "extensions"), str(Path(__file__).parent.parent)]

project = "scapi"
release = importlib.metadata.version("scapi")
copyright = "scapi's authors, MIT licence"  # noqa: A001 - Sphinx calls it so
extensions = ["myst_parser", "sphinx.ext.autodoc", "generated"]
exclude_patterns = ["extensions"]
myst_heading_anchors = 3
autodoc_typehints_format = "short"
# the standard library's pages are elsewhere, and nothing is fetched to build these
nitpick_ignore_regex = [("py:.*", r"(?!storage_backends\.).*"), ("py:.*", r"storage_backends\.base\.State")]
smartquotes = False  # what is quoted is often typed

html_theme = "furo"
html_title = f"scapi {release}"
html_copy_source = False
html_show_sphinx = False
