"""Uploading, as clients do it, over HTTP."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests import files
from tests.client import CHUNK, COMPLETE, KiB, complete, fetch, md5, refusal, send_all, send_chunk, upload
from tests.conftest import token
from tests.running import Server

PHOTO = files.jpeg(800, 600, noise=True)
PAPER = files.pdf(3, size=700 * KiB)


def test_a_photo_goes_in_and_comes_out(server: Server) -> None:
    media = upload(server, PHOTO, "image", filename="my photo.jpg")
    assert (media["type"], media["title"], media["size"]) == ("image", "my photo", len(PHOTO))
    assert fetch(server, media["url"]).content == PHOTO


def test_the_answer_to_a_chunk(server: Server) -> None:
    answer = send_chunk(server, PHOTO[:1000], 0, len(PHOTO))
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"upload_id", "offset", "expires"}
    assert body["offset"] == "1000"
    assert body["expires"].endswith("Z")


@pytest.mark.parametrize("part", ["image", "document", "file", "anything"])
def test_the_file_part_may_have_any_name(server: Server, part: str) -> None:
    assert send_chunk(server, PHOTO[:1000], 0, len(PHOTO), part=part).status_code == 201


@pytest.mark.parametrize("nothing", ["", "null", "undefined"])
def test_what_clients_send_as_no_upload_id(server: Server, nothing: str) -> None:
    assert send_chunk(server, PHOTO[:1000], 0, len(PHOTO), upload_id=nothing).status_code == 201


def test_without_a_position_the_chunk_is_the_whole_file(server: Server) -> None:
    upload_id = send_chunk(server, PHOTO).json()["upload_id"]
    assert complete(server, upload_id, md5(PHOTO)).status_code == 201
    begun = send_chunk(server, PHOTO[:1000]).json()
    refusal(
        send_chunk(server, PHOTO[1000:], upload_id=begun["upload_id"], form={"offset": "1000"}), 400, "total_mismatch"
    )


def test_the_form_field_offset_says_where_a_chunk_belongs(server: Server) -> None:
    upload_id = send_chunk(server, PAPER[:1000], form={"offset": "0", "expires": "whatever"}).json()["upload_id"]
    answer = send_chunk(server, PAPER[1000:], upload_id=upload_id, form={"offset": "1000"})
    assert answer.json()["offset"] == str(len(PAPER))
    media = complete(server, upload_id, md5(PAPER), "document").json()
    assert fetch(server, media["url"]).content == PAPER
    refusal(send_chunk(server, b"more", upload_id=upload_id, form={"offset": str(len(PAPER))}), 409, "upload_completed")


def test_a_body_with_transfer_encoding_chunked(server: Server) -> None:
    boundary = "----boundary"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'.encode()
    pieces = [head, PHOTO[:5000], PHOTO[5000:], f"\r\n--{boundary}--\r\n".encode()]
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    connection.request("POST", CHUNK, body=iter(pieces), headers=headers, encode_chunked=True)
    answer = connection.getresponse()
    begun = json.loads(answer.read())
    connection.close()
    assert (answer.status, begun["offset"]) == (201, str(len(PHOTO)))
    assert complete(server, begun["upload_id"], md5(PHOTO)).status_code == 201


@pytest.mark.parametrize("how", ["data", "json", "files"])
def test_complete_takes_urlencoded_json_and_multipart(server: Server, how: str) -> None:
    fields = {"upload_id": send_all(server, PHOTO), "type": "image", "md5": md5(PHOTO)}
    body = {name: (None, value) for name, value in fields.items()} if how == "files" else fields
    assert server.request("POST", COMPLETE, **{how: body}).status_code == 201


@pytest.mark.parametrize("path", [CHUNK, COMPLETE])
def test_both_forms_of_a_path_work(server: Server, path: str) -> None:
    answer = server.request("POST", path.rstrip("/"), allow_redirects=False)
    assert answer.status_code == 400
    assert server.request("OPTIONS", path.rstrip("/"), allow_redirects=False).status_code == 200


@pytest.mark.parametrize(
    ("kind", "data", "named"),
    [
        ("image", PHOTO, "image"),
        ("editor_image", PHOTO, "editor_image"),
        ("eimage", PHOTO, "editor_image"),
        ("file", PHOTO, "image"),
        ("", PHOTO, "image"),
        (None, PHOTO, "image"),
        ("document", PAPER, "document"),
        ("doc", PAPER, "document"),
        ("file", PAPER, "document"),
        (None, PAPER, "document"),
    ],
)
def test_the_type_is_what_was_asked_for_or_what_the_bytes_say(
    server: Server, kind: str | None, data: bytes, named: str
) -> None:
    assert upload(server, data, kind)["type"] == named


def test_a_repeated_chunk_is_answered_like_the_first_time(server: Server) -> None:
    first = send_chunk(server, PAPER[:1000], 0, len(PAPER)).json()
    upload_id = first["upload_id"]
    assert send_chunk(server, PAPER[:1000], 0, len(PAPER), upload_id=upload_id).json() == first
    second = send_chunk(server, PAPER[1000:5000], 1000, len(PAPER), upload_id=upload_id)
    again = send_chunk(server, PAPER[1000:5000], 1000, len(PAPER), upload_id=upload_id)
    assert (second.status_code, again.status_code) == (201, 201)
    assert second.json() == again.json()


def test_complete_twice_answers_the_same_media(server: Server) -> None:
    upload_id = send_all(server, PHOTO)
    first, second = complete(server, upload_id, md5(PHOTO)), complete(server, upload_id, md5(PHOTO))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    refusal(complete(server, upload_id, md5(b"other")), 400, "md5_mismatch", "md5")
    refusal(send_chunk(server, PHOTO[:10], 0, len(PHOTO), upload_id=upload_id), 409, "upload_completed")


def test_an_anonymous_upload_may_be_completed_with_a_token(server: Server) -> None:
    assert complete(server, send_all(server, PHOTO), md5(PHOTO), headers=token(7)).status_code == 201


@pytest.mark.parametrize("name", ["blob", "blob.jpg", ""])
def test_what_browsers_call_a_resized_photo_is_no_title(server: Server, name: str) -> None:
    assert upload(server, PHOTO, filename=name)["title"] is None
