"""Sphinx's configuration for these pages: `make docs`. The modules in `extensions` make parts of them from the code."""

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
# links to the standard library's pages are not checked, because the build fetches nothing
nitpick_ignore_regex = [("py:.*", r"(?!storage_backends\.).*"), ("py:.*", r"storage_backends\.base\.State")]
smartquotes = False  # quoted text is often code

html_theme = "furo"
html_title = f"scapi {release}"
html_copy_source = False
html_show_sphinx = False
