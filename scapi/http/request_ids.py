"""The id of a request: in its answer, in the body of an error, and in every log line of the request."""

import logging
import re
import secrets

from flask import g, has_request_context, request

HEADER = "X-Request-ID"

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
"""The format of an accepted id of a client or a proxy; it is logged unchanged."""


def current() -> str:
    """Return the id of the current request: the one in its header, if that is valid, or else a new one."""
    found: str | None = g.get("request_id")
    if found is None:
        asked = request.headers.get(HEADER, "")
        found = g.request_id = asked if _SANE.fullmatch(asked) else secrets.token_hex(16)
    return found


class RequestId(logging.Filter):
    """A log filter that adds the id of the current request. It drops no record."""

    def filter(self, record: logging.LogRecord) -> bool:
        if has_request_context():
            record.request_id = current()
        return True


FILTER = RequestId()
