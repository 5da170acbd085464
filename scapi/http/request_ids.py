"""The id of a request: in its answer, in the body of an error, and in every log line of the request."""

import logging
import re
import secrets

from flask import g, has_request_context, request

HEADER = "X-Request-ID"

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
"""What an id of a client or a proxy may look like; it goes into logs as it is."""


def current() -> str:
    """Return the id of the request under way: the one that came with it, if that is sane, or else a new one."""
    found: str | None = g.get("request_id")
    if found is None:
        asked = request.headers.get(HEADER, "")
        found = g.request_id = asked if _SANE.fullmatch(asked) else secrets.token_hex(16)
    return found


class RequestId(logging.Filter):
    """Gives a record the id of the request under way. It keeps every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        if has_request_context():
            record.request_id = current()
        return True


FILTER = RequestId()
