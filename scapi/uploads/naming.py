"""Names made from a client's file name: the title, the name for saving, and the name in the URL."""

from werkzeug.utils import secure_filename

from scapi.formats.filetypes import EXTENSIONS, is_image
from scapi.http import dispositions
from scapi.uploads import filenames

NO_TITLE = ("", "blob")
"""Meaningless file names: browsers call a resized photo `blob`."""

RESERVED_NAMES = ("preview", "thumbnail")
MAX_URL_NAME = 80
"""The most characters of a file's name in its URL, without the extension."""


def title(name: str) -> str | None:
    """Return the title for a cleaned name: without extension; None if the name is meaningless."""
    before = filenames.stem(name)
    return None if before in NO_TITLE else before


def saved_as(name: str, mimetype: str) -> str:
    """Return the name under which a browser saves the file: its own, with the extension for its detected type."""
    before = title(name) or ("image" if is_image(mimetype) else "document")
    return before[:200] + EXTENSIONS[mimetype]


def url_name(name: str, mimetype: str) -> str:
    """Return the last segment of a file's URL: plain ASCII, with the extension for its detected type."""
    before = secure_filename(filenames.stem(name))[:MAX_URL_NAME].strip("._-")
    if not before or before.lower() in RESERVED_NAMES:
        before = "image" if is_image(mimetype) else "document"
    return before + EXTENSIONS[mimetype]


def disposition(name: str, mimetype: str) -> str:
    """Return the Content-Disposition of the file; empty if its type is not known yet."""
    if mimetype not in EXTENSIONS:
        return ""
    return dispositions.disposition(saved_as(name, mimetype), url_name(name, mimetype), mimetype)
