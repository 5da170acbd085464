"""CORS: what pages of other origins may send and read (fetch.spec.whatwg.org)."""

import re

from flask import Flask, Response, current_app, request
from flask_cors import CORS

from scapi.http import urls
from scapi.refusals import Refused
from scapi.settings import ConfigurationError, Settings, settings

MAX_AGE = 24 * 3600
"""Seconds that a browser may cache a preflight's answer; some browsers limit it to two hours."""

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]

SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110, section 9.2.1)."""

UPLOAD_HEADERS = [  # headers of tus and of HTTP's resumable uploads, in requests and answers
    "Tus-Resumable",
    "Upload-Complete",
    "Upload-Concat",
    "Upload-Defer-Length",
    "Upload-Draft-Interop-Version",
    "Upload-Incomplete",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
]

SENT = [
    "Authorization",
    "Content-Digest",
    "Content-Disposition",
    "Content-Range",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "Range",
    "Repr-Digest",
    "Scapi-Delete-Token",
    "Upload-Checksum",
    "Want-Repr-Digest",
    "X-HTTP-Method-Override",
    "X-Request-ID",
    "X-Requested-With",
    *UPLOAD_HEADERS,
]
"""Request headers that a page may send, beside the ones that are always allowed."""

READ = [
    "Accept-Patch",
    "Accept-Ranges",
    "Allow",
    "Content-Disposition",
    "Content-Length",
    "Content-Range",
    "ETag",
    "Location",
    "Repr-Digest",
    "Retry-After",
    "Scapi-Delete-Token",
    "Scapi-Media",
    "Tus-Checksum-Algorithm",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Limit",
    "WWW-Authenticate",
    "X-Request-ID",
    *UPLOAD_HEADERS,
]
"""Answer headers that a page may read, beside the ones that are always readable."""

cors = CORS()

ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/*?#@\\]+", re.IGNORECASE)


def set_up(app: Flask, settings: Settings) -> None:
    """Let the pages of `SCAPI_CORS_ORIGINS` call every endpoint, and read its errors. Raises ConfigurationError."""
    origins = [origin.strip() for origin in settings.cors_origins]
    everyone = origins == ["*"]
    for origin in [] if everyone else origins:
        if not ORIGIN.fullmatch(
            origin
        ):  # Flask-Cors would treat it as a pattern, and match it as a prefix of an origin
            raise ConfigurationError(f"SCAPI_CORS_ORIGINS: expected * alone or origins, https://host, not {origin!r}")
    cors.init_app(
        app,
        origins=origins,
        send_wildcard=everyone,  # the same answer for every origin can be cached for all of them
        always_send=everyone,
        vary_header=False,
        methods=METHODS,
        allow_headers=[*SENT, *settings.cors_headers],
        expose_headers=READ,
        max_age=MAX_AGE,
    )
    if not everyone:
        app.before_request(_refuse_other_sites)
        app.after_request(_vary)


def preflight() -> Response | None:
    """Answer an OPTIONS request if it is a preflight. The request itself may still be refused, with a readable reason.

    A preflight has no token.
    """
    if "Access-Control-Request-Method" in request.headers:
        return current_app.response_class(status=204)
    return None


def _refuse_other_sites() -> None:
    """Refuse a write by a page of another site, as a plain form needs no preflight. Raises Refused (403).

    Browsers send Origin with every unsafe method. Sec-Fetch-Site decides only if it is missing.
    """
    if request.method in SAFE:
        return
    origin = request.headers.get("Origin")
    if origin is None:
        is_other = request.headers.get("Sec-Fetch-Site") == "cross-site"
    else:
        is_other = origin.lower() not in {urls.origin(), *(one.lower() for one in settings.cors_origins)}
    if is_other:
        raise Refused("origin_forbidden", "pages of this origin may not write here; see SCAPI_CORS_ORIGINS")


def _vary(answer: Response) -> Response:
    """Prevent caches from giving the answer for one origin, or for none, to another."""
    answer.vary.add("Origin")
    return answer
