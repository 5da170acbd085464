"""`/` and the files it is made of."""

from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, send_file, send_from_directory

from scapi import storage
from scapi.formats import filetypes
from scapi.settings import settings

HERE = Path(__file__).parent

BUILT = HERE / "static" / "index.html"

UNBUILT = HERE / "unbuilt.html"

ASSETS = HERE / "static" / "assets"

MAX_AGE = 365 * 24 * 3600
"""Seconds that an asset may be cached: its name contains a hash of its bytes."""

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "worker-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""The Content-Security-Policy, without images: the page connects to no other origin."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

blueprint = Blueprint("page", __name__)


@blueprint.get("/")
def page() -> Response:
    """Send the page. If it is not built, send one that says so and links to the API's documentation."""
    return send_file(BUILT if BUILT.exists() else UNBUILT)


@blueprint.get("/limits.json")
def limits() -> Response:
    """Tell the page the accepted types and limits, so that it can show them before an upload."""
    image, document = settings.max_image_bytes, settings.max_document_bytes
    mimetypes = [one.mimetype for one in filetypes.taken()]
    types = {mimetype: image if filetypes.is_image(mimetype) else document for mimetype in mimetypes}
    answer = jsonify(types=types, max_pixels=settings.max_image_pixels)
    answer.cache_control.no_cache = True
    return answer


@blueprint.get("/assets/<name>")
def asset(name: str) -> Response:
    """Send a script, a style sheet or an icon of the page."""
    answer = send_from_directory(ASSETS, name, max_age=MAX_AGE)
    answer.cache_control.immutable = True
    return answer


@blueprint.after_request
def protect(answer: Response) -> Response:
    """Allow the page to run only its own scripts, and to show only this service's images."""
    policy = {**POLICY, "img-src": " ".join(["'self'", "blob:", *sorted(_image_origins())])}
    answer.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    answer.headers.update(HEADERS)
    return answer


def _image_origins() -> set[str]:
    """Return the other origins of media files: the public URL, and the origin that the storage redirects to."""
    urls = [settings.public_url]
    urls += [storage.of(name).url("any", "image/png", "inline") or "" for name in storage.names()]
    return {f"{url.scheme}://{url.netloc}" for url in (urlsplit(found) for found in urls if found)}
