"""Delete tokens: an undo for clients without a login."""

from collections.abc import Callable

import pytest
from flask import Flask

from scapi.media.undo import HEADER
from tests import files
from tests.client import COMPLETE, md5, refusal, send_all, upload
from tests.conftest import token
from tests.running import Server, settings_of

MEDIA = "/api/v2/media/"
LINK = {"type": "embed", "embed_type": "song", "embed_id": "undo"}
PHOTO = files.jpeg()


def delete(server: Server, media_id: int, sent: str | None, **headers: str) -> int:
    sending = headers if sent is None else {HEADER: sent, **headers}
    return server.request("DELETE", f"{MEDIA}{media_id}/", headers=sending).status_code


def test_an_upload_without_a_login_can_be_undone(server: Server) -> None:
    upload_id = send_all(server, PHOTO)
    fields = {"upload_id": upload_id, "md5": md5(PHOTO)}
    media = server.request("POST", COMPLETE, json=fields).json()
    again = server.request("POST", COMPLETE, json=fields).json()  # as after a lost answer
    assert len(media["delete_token"]) == 43
    assert again["delete_token"] == media["delete_token"]
    assert "delete_token" not in server.request("GET", f"{MEDIA}{media['id']}/").json()
    assert delete(server, media["id"], media["delete_token"]) == 204
    assert server.request("GET", f"{MEDIA}{media['id']}/").status_code == 404
    assert delete(server, media["id"], media["delete_token"]) == 404


def test_a_media_that_is_no_upload_can_be_undone(server: Server) -> None:
    media = server.request("POST", MEDIA, json=LINK).json()
    assert delete(server, media["id"], media["delete_token"], **token(8)) == 204


def test_other_tokens_delete_nothing(server: Server) -> None:
    media, other = (server.request("POST", MEDIA, json=LINK).json() for _ in range(2))
    for wrong in (other["delete_token"], "x", "é", media["delete_token"].swapcase(), media["delete_token"] + "="):
        answer = server.request("DELETE", f"{MEDIA}{media['id']}/", headers={HEADER: wrong.encode()})
        refusal(answer, 403, "invalid_delete_token")
    assert delete(server, media["id"], None) == 401
    assert delete(server, media["id"], None, **token(7)) == 403
    assert server.request("GET", f"{MEDIA}{media['id']}/").status_code == 200


def test_the_media_of_users_have_none(server: Server) -> None:
    uploaded = upload(server, PHOTO, headers=token(7))
    linked = server.request("POST", MEDIA, json=LINK, headers=token(7)).json()
    assert (uploaded["delete_token"], linked["delete_token"]) == (None, None)
    assert delete(server, linked["id"], "") == 401
    assert delete(server, linked["id"], "x" * 43, **token(7)) == 403


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_it_is_the_server_key_that_makes_them(make_app: Callable[..., Flask]) -> None:
    first = make_app(SCAPI_SERVER_KEY="a" * 32)
    url = settings_of(first).database_url
    media = first.test_client().post(MEDIA, json=LINK).get_json()
    changed = make_app(SCAPI_SERVER_KEY="a" * 32, SCAPI_DATABASE_URL=url, SCAPI_JWT_SECRET="n" * 32).test_client()
    other = make_app(SCAPI_SERVER_KEY="b" * 32, SCAPI_DATABASE_URL=url).test_client()
    sent = {HEADER: media["delete_token"]}
    assert other.delete(f"{MEDIA}{media['id']}/", headers=sent).status_code == 403
    assert changed.delete(f"{MEDIA}{media['id']}/", headers=sent).status_code == 204
