"""Pages that redirect after a moment: `Refresh:` and `<meta http-equiv="refresh">` (HTML Standard, 4.2.5.3)."""

import re

MAX_SECONDS = 3
"""A page that stays longer than this is meant to be read."""

_REFRESH = re.compile(
    r"([0-9]{0,4})(?:\.[0-9.]{0,20})?\s{0,20}[;,\s]\s{0,20}(?:url\s{0,20}=\s{0,20})?(.{0,4000})", re.I | re.S
)


def destination(value: str) -> str | None:
    """Return the URL that a refresh leads to soon; None if there is none."""
    found = _REFRESH.fullmatch(value[:4000].strip())
    if found is None or int(found[1] or 0) > MAX_SECONDS:
        return None
    url = found[2]
    if url[:1] and url[0] in "\"'":
        url = url[1:].partition(url[0])[0]
    return url.strip() or None
