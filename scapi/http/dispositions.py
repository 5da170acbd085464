"""Content-Disposition: whether a browser shows a file or saves it, and under which name."""

from urllib.parse import quote

from werkzeug.http import dump_options_header

from scapi.formats.filetypes import is_image

ATTR_CHARS = "!#$&+-.^_`|~"
"""Characters that need no encoding in `filename*`, beside letters and digits (RFC 5987, section 3.2.1)."""


def disposition(title: str, ascii_name: str, mimetype: str) -> str:
    """Return the header for a file that is saved as `title`, or as `ascii_name` by clients that support only ASCII.

    Images are shown; documents are saved, because browsers do not show sandboxed PDFs.
    """
    names = {"filename": title}
    if not title.isascii():
        names = {"filename": ascii_name, "filename*": f"UTF-8''{quote(title, safe=ATTR_CHARS)}"}
    return dump_options_header("inline" if is_image(mimetype) else "attachment", names)
