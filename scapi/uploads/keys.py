"""The ids of uploads and the storage keys that go with them."""

import re
import uuid

from scapi.formats.cleaning import RULES
from scapi.refusals import Refused

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

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


def new_id() -> str:
    """Return an id that cannot be guessed."""
    return uuid.uuid4().hex


def is_id(text: str) -> bool:
    """Return whether `text`, which may come from a client, can be the id of an upload."""
    return _ID.fullmatch(text) is not None


def key_of(upload_id: str) -> str:
    """Return the storage key at which the upload's file is published.

    Raises Refused (`upload_not_found`) for a text that cannot be an upload's id.
    """
    if not is_id(upload_id):
        raise Refused("upload_not_found", "there is no such upload")
    return f"{upload_id[:2]}/{upload_id}"


def keys_of(upload_id: str) -> list[str]:
    """Return every key that an upload may use: for its file and for the files made from it."""
    key = key_of(upload_id)
    return [key, *(key + made for made in (SERVED, *SERVED_BEFORE, PREVIEW, THUMBNAIL))]


def id_of(key: str) -> str:
    """Return the id of the upload whose file, or a file made from it, is at `key`."""
    return key.rpartition("/")[2].partition(".")[0]
