"""The storage keys of an upload's file and of the files that are made from it."""

from scapi.formats.cleaning import RULES
from scapi.uploads.rules import key_of

SERVED = f".served-{RULES}"
"""The suffix of an upload's key for a file that is served instead of the sent one. A file that is cleaned again by
newer rules gets a new key.
"""

SERVED_BEFORE = (".clean", *(f".served-{rules}" for rules in range(1, RULES)))
"""Earlier suffixes; `.clean` in 0.1.0."""

PREVIEW = ".preview"
THUMBNAIL = ".thumbnail"
"""Suffixes of an upload's key for the images that are made from it."""

RENDITION = ".rendition-"
"""The suffix for a picture in another size; its width and its file name extension follow."""


def keys_of(upload_id: str) -> list[str]:
    """Return every key that an upload may use: for its file and for the files made from it."""
    key = key_of(upload_id)
    return [key, *(key + made for made in (SERVED, *SERVED_BEFORE, PREVIEW, THUMBNAIL))]


def id_of(key: str) -> str:
    """Return the id of the upload whose file, or a file made from it, is at `key`."""
    return key.rpartition("/")[2].partition(".")[0]
