"""How paths are matched: the trailing slash is optional, and an id is a 64-bit integer."""

from flask import Flask
from werkzeug.routing import IntegerConverter

from scapi.http.openapi import api


class IdConverter(IntegerConverter):
    """`<id:...>`, a 64-bit integer. A larger one does not match: the answer is 404 for every method."""

    regex = r"[0-9]{1,18}"


api.register_converter(IdConverter, lambda _converter: {"type": "integer", "minimum": 0})


def set_up(app: Flask) -> None:
    """Configure the matching of paths; call it before blueprints are registered."""
    app.url_map.strict_slashes = False  # browsers do not follow a redirected preflight
    app.url_map.merge_slashes = False
    app.url_map.converters["id"] = IdConverter
