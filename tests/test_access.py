"""Permissions: every operation of the OpenAPI document, by every kind of client, under the settings that matter."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import requests

from scapi.http import auth
from scapi.media.undo import HEADER as DELETE_TOKEN
from tests import files
from tests.client import CHUNK, md5, refusal
from tests.conftest import token
from tests.http import providers
from tests.http.providers import AUDIENCE, ISSUER, user
from tests.http.test_auth import BAD
from tests.http.test_oidc import FORGED
from tests.running import SECRET, Server
from tests.tus.speaking import STREAM, TUS

MEDIA = "/api/v2/media/"
TAG = "/api/v2/tag/"
PHOTO = files.jpeg()
ADMIN = {"Authorization": f"Bearer {auth.make_token(9, SECRET, timedelta(hours=1), admin=True)}"}

numbers = itertools.count()

Headers = dict[str, str]

PEOPLE: dict[str, dict[str, Headers]] = {
    "ours": {"anonymous": {}, "owner": token(7), "other": token(8), "namesake": user("7"), "admin": ADMIN},
    "a provider's": {
        "anonymous": {},
        "owner": user("7"),
        "other": user("8"),
        "namesake": token(7),
        "admin": user("root", roles=["admin"]),
    },
}
"""The clients, if the owner has an own token, and if the owner has one of a login provider. A namesake has the owner's
name.
"""

SETTINGS = [("true", "anyone"), ("false", "admins")]
"""SCAPI_ANONYMOUS_WRITES and SCAPI_TAG_WRITERS, which are independent. `users`: test_writers.py."""


@dataclass(frozen=True)
class Place:
    """A running scapi, and its settings."""

    server: Server
    anonymous_writes: bool
    tag_writers: str
    operations: dict[str, tuple[str, str]]
    """Method and path of every operation in the document."""

    session: requests.Session = field(default_factory=requests.Session)

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.server.url + path, timeout=60, **options)


def public(_place: Place, _who: str) -> int | None:
    return None


def writers(place: Place, who: str) -> int | None:
    return 401 if who == "anonymous" and not place.anonymous_writes else None


def users(_place: Place, who: str) -> int | None:
    return 401 if who == "anonymous" else None


def owner(_place: Place, who: str) -> int | None:
    return {"anonymous": 401, "owner": None}.get(who, 403)


def owner_or_admin(_place: Place, who: str) -> int | None:
    return {"anonymous": 401, "owner": None, "admin": None}.get(who, 403)


def whoever_began(_place: Place, who: str) -> int | None:
    return None if who == "owner" else 404


def whoever_began_and_writes(place: Place, who: str) -> int | None:
    return writers(place, who) or whoever_began(place, who)


def tag_writers(place: Place, who: str) -> int | None:
    return None if place.tag_writers == "anyone" else {"anonymous": 401, "admin": None}.get(who, 403)


def media(place: Place, owner: Headers) -> dict[str, Any]:
    fields = {"type": "embed", "embed_type": "access", "embed_id": "1"}
    return made(place.send("POST", MEDIA, json=fields, headers=owner))


def upload(place: Place, owner: Headers) -> dict[str, Any]:
    return made(place.send("POST", CHUNK, files={"image": ("photo.jpg", PHOTO)}, headers=owner))


def tus_upload(place: Place, owner: Headers) -> dict[str, Any]:
    answer = place.send("POST", TUS, headers={**owner, **RESUMABLE, "Upload-Length": str(len(PHOTO))})
    assert answer.status_code == 201, answer.text
    return {"upload_id": answer.headers["Location"].rpartition("/")[2]}


def upload_resource(place: Place, owner: Headers) -> dict[str, Any]:
    answer = place.send("POST", MEDIA, headers={**owner, **MORE_COMES})
    assert answer.status_code == 201, answer.text
    return {"upload_id": answer.headers["Location"].rpartition("/")[2]}


def tag(place: Place, _owner: Headers) -> dict[str, Any]:
    return made(place.send("POST", TAG, json={"name": f"tag {next(numbers)}"}, headers=ADMIN))


def nothing(_place: Place, _owner: Headers) -> dict[str, Any]:
    return {}


def made(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@dataclass(frozen=True)
class Row:
    """A request for an operation: which clients are refused, and the answer to all others."""

    operation: str
    refusal: Callable[[Place, str], int | None]
    answer: int
    body: dict[str, Any] = field(default_factory=dict)
    of: Callable[[Place, Headers], dict[str, Any]] = nothing
    """Creates the things that the path and the body name, for an owner."""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent beside the token."""


FILE = {"files": {"image": ("photo.jpg", PHOTO)}}
UPLOAD_ID = {"upload_id": "{upload_id}"}

MORE_COMES = {"Via": "1.1 tests", "Upload-Complete": "?0"}
EXTEND = {**MORE_COMES, "Upload-Offset": "0", "Content-Type": "application/partial-upload"}
OVERRIDE = {"X-HTTP-Method-Override": "PATCH"}
RESUMABLE = {"Tus-Resumable": "1.0.0"}
APPEND = {**RESUMABLE, "Upload-Offset": "0", "Content-Type": STREAM}

ROWS = [
    Row("MediaCreate", writers, 201, headers=MORE_COMES),
    Row("describeUploadResource", whoever_began, 204, of=upload_resource),
    Row("appendToUploadResource", whoever_began_and_writes, 204, {"data": {}}, upload_resource, EXTEND),
    Row("cancelUploadResource", whoever_began, 204, of=upload_resource),
    Row("describeTus", public, 204),
    Row("createTusUpload", writers, 201, headers={**RESUMABLE, "Upload-Length": "9"}),
    Row("retrieveTusUpload", whoever_began, 200, of=tus_upload),
    Row("appendTusUpload", whoever_began_and_writes, 204, {"data": {}}, tus_upload, APPEND),
    Row("overrideTusMethod", whoever_began_and_writes, 204, {"data": {}}, tus_upload, APPEND | OVERRIDE),
    Row("terminateTusUpload", whoever_began, 204, of=tus_upload, headers=RESUMABLE),
    Row("MediaChunkUpload", writers, 201, FILE),
    Row("MediaChunkUpload", whoever_began_and_writes, 201, FILE | {"data": UPLOAD_ID}, upload),
    Row("MediaChunkUploadComplete", whoever_began_and_writes, 201, {"json": UPLOAD_ID | {"md5": md5(PHOTO)}}, upload),
    Row("retrieveUpload", whoever_began, 200, of=upload),
    Row("abortUpload", whoever_began, 204, of=upload),
    Row("listMedia", users, 200),
    Row("MediaCreate", writers, 201, {"json": {"type": "embed", "embed_type": "access", "embed_id": "2"}}),
    Row("retrieveMedia", public, 200, of=media),
    Row("MediaUpdate", owner, 400, {"json": {"image": "https://example.com/a.png"}}, media),  # it is not a link
    Row("MediaPartialUpdate", owner, 200, {"json": {}}, media),
    Row("clickMedia", public, 204, {"json": {}}, media),
    Row("mediadestroy", owner_or_admin, 204, of=media),
    Row("listTags", public, 200),
    Row("searchTags", public, 200),
    Row("searchUserTags", public, 200),
    Row("createTag", tag_writers, 201, {"json": {"name": "{number}"}}),
    Row("retrieveTag", public, 200, of=tag),
    Row("updateTag", tag_writers, 200, {"json": {"name": "{number}"}}, tag),
    Row("partialUpdateTag", tag_writers, 200, {"json": {"visible": False}}, tag),
    Row("destroyTag", tag_writers, 204, of=tag),
    Row("assignTag", tag_writers, 204, {"json": {"user": 1}}, tag),
    Row("unassignTag", tag_writers, 204, {"json": {"user": 1}}, tag),
]


@pytest.fixture(scope="module")
def login() -> Iterator[dict[str, str]]:
    """The settings of a login provider."""
    with providers.serving() as provider:
        yield {
            "SCAPI_JWT_JWKS": provider.url,
            "SCAPI_JWT_ISSUER": ISSUER,
            "SCAPI_JWT_AUDIENCE": AUDIENCE,
            "SCAPI_JWT_ADMIN_CLAIM": "roles=admin",
        }


@pytest.fixture(scope="module", params=SETTINGS, ids="-".join)
def place(
    request: pytest.FixtureRequest, serve: Callable[..., AbstractContextManager[Server]], login: dict[str, str]
) -> Iterator[Place]:
    """A scapi for each of SETTINGS."""
    writes, tags = request.param
    settings = {"SCAPI_ANONYMOUS_WRITES": writes, "SCAPI_TAG_WRITERS": tags, **login}
    with serve(("sqlite", "local"), workers=1, **settings) as server:
        paths = server.request("GET", "/api/v2/openapi.json").json()["paths"]
        operations = {
            operation["operationId"]: (method.upper(), path)
            for path, methods in paths.items()
            for method, operation in methods.items()
            if method != "parameters"
        }
        yield Place(server, writes == "true", tags, operations)


def ask(place: Place, row: Row, headers: Headers, owner: Headers) -> requests.Response:
    """Send the row's request for something that was created for the owner."""
    method, path = place.operations[row.operation]
    names = {**row.of(place, owner), "number": next(numbers)}
    body = {kind: _filled(fields, names) if kind != "files" else fields for kind, fields in row.body.items()}
    return place.send(method, path.format(**names), headers={**row.headers, **headers}, **body)


def _filled(fields: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    return {name: value.format(**names) if isinstance(value, str) else value for name, value in fields.items()}


def test_every_operation_has_a_row(place: Place) -> None:
    assert set(place.operations) == {row.operation for row in ROWS}


BY_ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.operation}-{row.refusal.__name__}")


@BY_ROW
@pytest.mark.parametrize("people", PEOPLE.values(), ids=PEOPLE.keys())
def test_who_may_do_it(place: Place, row: Row, people: dict[str, Headers]) -> None:
    expected = {who: row.refusal(place, who) or row.answer for who in people}
    answers = {who: ask(place, row, headers, people["owner"]) for who, headers in people.items()}
    assert {who: answer.status_code for who, answer in answers.items()} == expected
    for who, answer in answers.items():
        if row.refusal(place, who) and answer.content:  # HEAD has no body
            code = {401: "anonymous", 403: ("not_creator", "not_admin"), 404: "upload_not_found"}[answer.status_code]
            assert answer.json()["errors"][0]["code"] in code


@BY_ROW
@pytest.mark.parametrize("place", SETTINGS[:1], ids="-".join, indirect=True)  # where anyone may create media
@pytest.mark.parametrize("people", PEOPLE.values(), ids=PEOPLE.keys())
def test_a_delete_token_opens_nothing_but_the_deletion_of_its_media(
    place: Place, row: Row, people: dict[str, Headers]
) -> None:
    nobodys = media(place, {})
    sent = {DELETE_TOKEN: nobodys["delete_token"]}
    for who in ("anonymous", "other"):
        answer = ask(place, row, {**people[who], **sent}, people["owner"])
        if row.operation == "mediadestroy":
            refusal(answer, 403, "invalid_delete_token")
        else:
            assert answer.status_code == (row.refusal(place, who) or row.answer)
        if answer.content and answer.ok:
            assert nobodys["delete_token"] not in answer.text
    path = f"{MEDIA}{nobodys['id']}/"
    assert place.send("DELETE", path, headers={**people["other"], **sent}).status_code == 204
    assert place.send("GET", path).status_code == 404


@pytest.mark.parametrize("place", SETTINGS[:1], ids="-".join, indirect=True)  # where almost nothing needs a token
@pytest.mark.parametrize("bad", [*BAD.values(), *FORGED.values()], ids=[*BAD, *FORGED])
def test_a_bad_token_opens_nothing(place: Place, bad: str) -> None:
    for method, path in place.operations.values():
        if method == "OPTIONS":  # a browser sends no token with it
            continue
        answer = place.send(method, path.format(id=1, upload_id="0" * 32), headers={"Authorization": f"Bearer {bad}"})
        if method == "HEAD":  # which has no body
            assert answer.status_code == 401
        else:
            refusal(answer, 401, "invalid_token")
