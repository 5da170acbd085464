"""Pages of another origin: a browser's preflights, and the answers that it lets a page read."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from scapi.settings import ConfigurationError
from tests import files
from tests.client import CHUNK, COMPLETE, upload
from tests.running import Server

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")

PAGE = "https://community.example"
OTHER = "http://localhost:3000"
STRANGER = "https://community.example.evil.example"


def names(header: str) -> set[str]:
    """Return the names in a header, in lower case."""
    return {name.strip().lower() for name in header.split(",")}


def preflight(server: Server, path: str, method: str, *headers: str) -> requests.Response:
    """Send the preflight of a request with such headers."""
    asked = {"Origin": PAGE, "Access-Control-Request-Method": method}
    if headers:
        asked["Access-Control-Request-Headers"] = ",".join(sorted(headers))
    return server.request("OPTIONS", path, headers=asked, allow_redirects=False)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", CHUNK),
        ("POST", CHUNK.rstrip("/")),
        ("POST", COMPLETE),
        ("DELETE", "/api/v2/media/1/"),
        ("PUT", "/api/v2/media/1/"),
        ("POST", "/api/v2/media/1/click/"),
        ("PATCH", "/api/v2/tag/1/"),
        ("GET", "/api/v2/tag/?limit=3"),
        ("GET", "/media/5dfe2ef5-1b28-417e-b650-0e7ec1ed126c/minutes.pdf"),
        ("DELETE", CHUNK),
        ("GET", "/nowhere"),
    ],
)
def test_a_preflight_is_answered_for_a_day(server: Server, method: str, path: str) -> None:
    answer = preflight(server, path, method, "authorization", "content-range", "content-type")
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert method.lower() in names(answer.headers["Access-Control-Allow-Methods"])
    allowed = names(answer.headers["Access-Control-Allow-Headers"])
    assert allowed == {"authorization", "content-range", "content-type"}
    assert answer.headers["Access-Control-Max-Age"] == "86400"


def test_a_preflight_knows_the_headers_of_resumable_uploads_and_of_ranges(server: Server) -> None:
    headers = {
        "tus-resumable", "upload-checksum", "upload-concat", "upload-defer-length", "upload-length", "upload-metadata",
        "upload-offset", "x-http-method-override", "x-requested-with", "range", "if-range", "if-none-match",
    }  # fmt: skip
    answer = preflight(server, CHUNK, "PATCH", *headers, "x-unknown")
    assert names(answer.headers["Access-Control-Allow-Headers"]) == headers


def test_a_page_may_read_what_a_file_answers(server: Server) -> None:
    url = upload(server, files.pdf())["url"].removeprefix(server.url)
    answer = server.request("GET", url, headers={"Origin": PAGE, "Range": "bytes=0-9"})
    assert answer.status_code == 206
    wanted = {"Content-Range", "Content-Length", "Content-Disposition", "Accept-Ranges", "ETag"}
    assert wanted <= set(answer.headers)
    readable = names(answer.headers["Access-Control-Expose-Headers"])
    assert {name.lower() for name in wanted} <= readable
    assert {"upload-offset", "location", "tus-resumable", "tus-extension", "retry-after"} <= readable


ERRORS: dict[int, tuple[str, str, dict[str, Any]]] = {
    400: ("POST", COMPLETE, {}),
    401: ("GET", "/api/v2/media/", {}),
    404: ("GET", "/nowhere", {}),
    405: ("GET", COMPLETE, {}),
    413: ("POST", COMPLETE, {"data": b"[" * 2**20, "headers": {"Content-Type": "application/json"}}),
    415: ("POST", COMPLETE, {"data": b"<xml/>", "headers": {"Content-Type": "text/xml"}}),
    500: ("GET", "/broken", {}),
}


@pytest.fixture
def broken(make_app: Callable[..., Flask]) -> Callable[..., FlaskClient]:
    """A function that makes an application with an address that fails, and returns its client."""

    def make(**settings: object) -> FlaskClient:
        app = make_app(**settings)
        app.add_url_rule("/broken", view_func=lambda: dict[str, str]()["key"])
        return app.test_client()

    return make


@pytest.mark.parametrize("origins", [["*"], [PAGE], [PAGE, OTHER]])
def test_errors_can_be_read_too(broken: Callable[..., FlaskClient], origins: list[str]) -> None:
    client = broken(SCAPI_CORS_ORIGINS=origins)
    for status, (method, path, options) in ERRORS.items():
        headers = {**options.get("headers", {}), "Origin": PAGE}
        answer = client.open(path, method=method, data=options.get("data"), headers=headers)
        assert answer.status_code == status
        assert answer.get_json()["code"] == status
        assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*" if origins == ["*"] else PAGE]


@pytest.mark.parametrize("path", ["/api/v2/openapi.json", "/nowhere", "/broken"])
def test_no_cache_mixes_origins(broken: Callable[..., FlaskClient], path: str) -> None:
    client = broken(SCAPI_CORS_ORIGINS=[PAGE, f" {OTHER}"])
    for origin, allowed in ((PAGE, PAGE), (OTHER, OTHER), (STRANGER, None), (None, None)):
        answer = client.get(path, headers={} if origin is None else {"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Origin" in answer.headers["Vary"]
        asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        answer = client.options(path, headers={**asked, **({} if origin is None else {"Origin": origin})})
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        assert ("Access-Control-Allow-Headers" in answer.headers) == (allowed is not None)


def test_with_every_origin_allowed_one_answer_is_for_all(broken: Callable[..., FlaskClient]) -> None:
    answer = broken().get("/api/v2/openapi.json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in answer.headers


@pytest.mark.parametrize("origin", ["https://*.example.org", "*", "community.example", f"{PAGE}/", f"{PAGE}/app", "."])
def test_what_is_no_origin(make_app: Callable[..., Flask], origin: str) -> None:
    with pytest.raises(ConfigurationError, match="SCAPI_CORS_ORIGINS"):
        make_app(SCAPI_CORS_ORIGINS=[PAGE, origin])


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": PAGE}, 201),
        ({"Origin": PAGE.upper()}, 201),
        ({"Origin": "https://media.example"}, 201),
        ({"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Origin": STRANGER}, 403),
        ({"Origin": "http://media.example"}, 403),
        ({"Origin": "https://media.example:8443"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_pages_of_other_sites_do_not_write(
    make_app: Callable[..., Flask], headers: dict[str, str], status: int
) -> None:
    client = make_app(SCAPI_CORS_ORIGINS=[PAGE], SCAPI_PUBLIC_URL="https://media.example:443/scapi").test_client()
    answer = client.post("/api/v2/tag/", data="name=one", headers={**FORM, **headers})
    assert answer.status_code == status
    if status == 403:
        assert answer.get_json()["errors"][0]["code"] == "origin_forbidden"
    assert client.get("/api/v2/tag/", headers=headers).status_code == 200


def test_with_every_origin_allowed_every_page_may_write(make_app: Callable[..., Flask]) -> None:
    headers = {**FORM, "Origin": STRANGER, "Sec-Fetch-Site": "cross-site"}
    assert make_app().test_client().post("/api/v2/tag/", data="name=one", headers=headers).status_code == 201


def test_further_request_headers_may_be_allowed(make_app: Callable[..., Flask]) -> None:
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "baggage,sentry-trace,traceparent"
    for chosen, allowed in (("", set()), ("traceparent, baggage", {"traceparent", "baggage"})):
        answer = make_app(SCAPI_CORS_HEADERS=chosen).test_client().options("/api/v2/tag/", headers=asked)
        assert names(answer.headers.get("Access-Control-Allow-Headers", "")) - {""} == allowed
    with pytest.raises(ConfigurationError, match="SCAPI_CORS_HEADERS"):
        make_app(SCAPI_CORS_HEADERS="two words")
