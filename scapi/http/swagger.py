"""Swagger UI: the files come from the package flask-swagger-ui, the page around them from scapi.

The package's own page has an inline script, which a Content-Security-Policy forbids, and URLs without a path prefix.
"""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, request, send_from_directory, url_for

from scapi.http import urls

DIST = Path(flask_swagger_ui.__file__).parent / "dist"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""The headers of the page and its files. Swagger UI sets inline styles and has pictures in its style sheet."""

PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="UTF-8">
    <title>scapi</title>
    <link rel="stylesheet" href="{here}/index.css">
    <link rel="stylesheet" href="{here}/swagger-ui.css">
    <link rel="icon" type="image/png" href="{here}/favicon-32x32.png" sizes="32x32">
  </head>
  <body>
    <div id="swagger-ui" data-url="{document}"></div>
    <script src="{here}/swagger-ui-bundle.js"></script>
    <script src="{here}/swagger-ui-standalone-preset.js"></script>
    <script src="{here}/start.js"></script>
  </body>
</html>
"""

SCRIPT = """SwaggerUIBundle({
  url: document.getElementById("swagger-ui").dataset.url,
  dom_id: "#swagger-ui",
  layout: "StandaloneLayout",
  deepLinking: true,
  validatorUrl: null, // it would send the document to swagger.io
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  plugins: [SwaggerUIBundle.plugins.DownloadUrl],
});
"""

blueprint = Blueprint("swagger_ui", __name__)


@blueprint.get("/")
def page() -> str:
    """Return the page."""
    return PAGE.format(here=urls.path(request.path.rstrip("/")), document=urls.path(url_for("api-docs.openapi_json")))


@blueprint.get("/start.js")
def start() -> Response:
    """Return the script that starts it."""
    return Response(SCRIPT, mimetype="text/javascript")


@blueprint.get("/<path:name>")
def file(name: str) -> Response:
    """Return a file of the package."""
    return send_from_directory(DIST, name)


@blueprint.after_request
def _protect(answer: Response) -> Response:
    answer.headers.update(HEADERS)
    return answer
