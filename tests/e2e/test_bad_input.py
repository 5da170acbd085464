"""Bad input gets the common error body and changes nothing."""

import pytest

from tests import files
from tests.client import CHUNK, COMPLETE, KiB, complete, fetch, md5, refusal, send_all, send_chunk, upload
from tests.conftest import token
from tests.running import Server

PHOTO = files.jpeg(800, 600, noise=True)
PAPER = files.pdf(3, size=700 * KiB)


@pytest.mark.parametrize(("kind", "data"), [("document", PHOTO), ("doc", PHOTO), ("image", PAPER), ("eimage", PAPER)])
def test_a_type_that_the_bytes_contradict(server: Server, kind: str, data: bytes) -> None:
    upload_id = send_all(server, data)
    refusal(complete(server, upload_id, md5(data), kind), 400, "type_mismatch", "type")
    assert complete(server, upload_id, md5(data)).status_code == 201


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 1000), (1000, 4999), (1001, 5000), (4999, 6000), (5001, 6000), (0, 5000)]
)
def test_any_other_offset_is_409_with_the_expected_one(server: Server, start: int, stop: int) -> None:
    upload_id = send_chunk(server, PAPER[:1000], 0, len(PAPER)).json()["upload_id"]
    send_chunk(server, PAPER[1000:5000], 1000, len(PAPER), upload_id=upload_id)
    answer = send_chunk(server, PAPER[start:stop], start, len(PAPER), upload_id=upload_id)
    assert refusal(answer, 409, "offset_mismatch")["offset"] == "5000"


def test_a_repeat_with_other_bytes_changes_nothing(server: Server) -> None:
    upload_id = send_chunk(server, PHOTO[:1000], 0, len(PHOTO)).json()["upload_id"]
    forged = PHOTO[:999] + bytes([PHOTO[999] ^ 1])
    assert (
        refusal(send_chunk(server, forged, 0, len(PHOTO), upload_id=upload_id), 409, "offset_mismatch")["offset"]
        == "1000"
    )
    send_chunk(server, PHOTO[1000:], 1000, len(PHOTO), upload_id=upload_id)
    assert fetch(server, complete(server, upload_id, md5(PHOTO)).json()["url"]).content == PHOTO


@pytest.mark.parametrize(
    ("content_range", "code"),
    [
        ("bytes 999-0/5000", "invalid_content_range"),
        ("bytes 0-999/999", "invalid_content_range"),
        ("bytes 0-999", "invalid_content_range"),
        ("bytes abc", "invalid_content_range"),
        ("bytes 0-998/5000", "length_mismatch"),
        ("bytes 0-1000/5000", "length_mismatch"),
    ],
)
def test_content_ranges_that_cannot_be(server: Server, content_range: str, code: str) -> None:
    refusal(send_chunk(server, PHOTO[:1000], headers={"Content-Range": content_range}), 400, code)


def test_a_first_chunk_that_does_not_begin_at_the_beginning(server: Server) -> None:
    assert refusal(send_chunk(server, PHOTO[:1000], 10, len(PHOTO)), 409, "offset_mismatch")["offset"] == "0"


def test_a_total_that_differs_from_the_first(server: Server) -> None:
    upload_id = send_chunk(server, PHOTO[:1000], 0, len(PHOTO)).json()["upload_id"]
    refusal(send_chunk(server, PHOTO[1000:2000], 1000, len(PHOTO) + 1, upload_id=upload_id), 400, "total_mismatch")


def test_an_empty_chunk(server: Server) -> None:
    refusal(send_chunk(server, b""), 400, "empty_chunk")


@pytest.mark.parametrize(
    ("path", "options", "field"),
    [
        (CHUNK, {"json": {"image": {}}, "headers": {"Content-Range": "bytes 0-9/10"}}, "file"),
        (CHUNK, {"data": {"upload_id": "null"}}, "file"),
        (CHUNK, {}, "file"),
    ],
)
def test_a_chunk_without_a_file_part(server: Server, path: str, options: dict[str, object], field: str) -> None:
    refusal(server.request("POST", path, **options), 400, "required", field)


@pytest.mark.parametrize("unknown", ["0" * 32, "f" * 32, "x", "../../etc/passwd", "\u0660" * 32, "0" * 31])
def test_an_unknown_upload(server: Server, unknown: str) -> None:
    refusal(send_chunk(server, PHOTO[:1000], 0, len(PHOTO), upload_id=unknown), 404, "upload_not_found")
    refusal(complete(server, unknown, md5(PHOTO)), 404, "upload_not_found")


def test_complete_before_the_end(server: Server) -> None:
    upload_id = send_chunk(server, PHOTO[:1000], 0, len(PHOTO)).json()["upload_id"]
    assert refusal(complete(server, upload_id, md5(PHOTO)), 409, "upload_incomplete")["offset"] == "1000"


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"upload_id": "0" * 32}, "md5", "required"),
        ({"upload_id": "0" * 32, "md5": "abc"}, "md5", "invalid"),
        ({"upload_id": "0" * 32, "md5": "g" * 32}, "md5", "invalid"),
        ({"upload_id": "0" * 32, "md5": "0" * 32 + "\n"}, "md5", "invalid"),
        ({"md5": "0" * 32}, "upload_id", "required"),
        ({"upload_id": "0" * 32, "md5": "0" * 32, "type": "movie"}, "type", "invalid"),
    ],
)
def test_fields_of_complete(server: Server, fields: dict[str, str], field: str, code: str) -> None:
    refusal(server.request("POST", COMPLETE, json=fields), 400, code, field)


def test_a_wrong_md5_can_be_put_right(server: Server) -> None:
    upload_id = send_all(server, PHOTO)
    refusal(complete(server, upload_id, md5(b"other")), 400, "md5_mismatch", "md5")
    assert complete(server, upload_id, md5(PHOTO).upper()).status_code == 201


def test_an_upload_begun_with_a_token_is_that_users(server: Server) -> None:
    upload_id = send_chunk(server, PHOTO[:1000], 0, len(PHOTO), headers=token(7)).json()["upload_id"]
    for stranger in (None, token(8)):
        answer = send_chunk(server, PHOTO[1000:], 1000, len(PHOTO), upload_id=upload_id, headers=stranger)
        refusal(answer, 404, "upload_not_found")
        refusal(complete(server, upload_id, md5(PHOTO), headers=stranger), 404, "upload_not_found")
    send_chunk(server, PHOTO[1000:], 1000, len(PHOTO), upload_id=upload_id, headers=token(7))
    assert complete(server, upload_id, md5(PHOTO), headers=token(7)).status_code == 201


@pytest.mark.parametrize("head", [PHOTO[:1000], files.png(50, 50), files.gif(), files.webp()])
def test_an_image_too_large_by_its_declared_total(server: Server, head: bytes) -> None:
    refusal(send_chunk(server, head, 0, 5 * KiB * KiB + 1), 413, "file_too_large")


def test_a_document_too_large_by_its_declared_total(server: Server) -> None:
    assert send_chunk(server, PAPER[:1000], 0, 50 * KiB * KiB).status_code == 201
    refusal(send_chunk(server, PAPER[:1000], 0, 50 * KiB * KiB + 1), 413, "file_too_large")


def test_a_file_that_grows_too_large_without_a_declared_total(server: Server) -> None:
    big = files.jpeg(2600, 2600, noise=True, quality=95)
    assert len(big) > 5 * KiB * KiB
    upload_id = send_chunk(server, big[: 4 * KiB * KiB], form={"offset": "0"}).json()["upload_id"]
    answer = send_chunk(server, big[4 * KiB * KiB :], upload_id=upload_id, form={"offset": str(4 * KiB * KiB)})
    refusal(answer, 413, "file_too_large")


def test_a_chunk_too_large(server: Server) -> None:
    refusal(send_chunk(server, PAPER[:8] + bytes(17 * KiB * KiB), 0, 40 * KiB * KiB), 413, "request_entity_too_large")


@pytest.mark.parametrize(
    "data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html><script>alert(1)</script></html>", b"MZ" + bytes(50)]
)
def test_types_that_do_not_get_in(server: Server, data: bytes) -> None:
    refusal(send_chunk(server, data, filename="photo.jpg"), 415, "unsupported_file_type")


def test_a_type_that_shows_only_after_a_tiny_first_chunk(server: Server) -> None:
    svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    upload_id = send_chunk(server, svg[:4], 0, len(svg)).json()["upload_id"]
    send_chunk(server, svg[4:], 4, len(svg), upload_id=upload_id)
    refusal(complete(server, upload_id, md5(svg)), 415, "unsupported_file_type")
    upload_id = send_chunk(server, PHOTO[:2], 0, len(PHOTO)).json()["upload_id"]
    send_chunk(server, PHOTO[2:], 2, len(PHOTO), upload_id=upload_id)
    media = complete(server, upload_id, md5(PHOTO)).json()
    assert fetch(server, media["url"]).headers["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (files.truncated(PHOTO, 0.9), "invalid_image"),
        (files.png()[:33] + bytes(500), "invalid_image"),
        (files.png_bomb(), "too_many_pixels"),
        (files.gif(1200, 8, 8), "too_many_frames"),
        (b"%PDF-1.7\n" + bytes(2000), "invalid_pdf"),
    ],
)
def test_files_that_are_not_what_they_seem(server: Server, data: bytes, code: str) -> None:
    upload_id = send_all(server, data)
    refusal(complete(server, upload_id, md5(data)), 400, code)
    assert server.request("DELETE", f"/api/v2/media/upload/{upload_id}/").status_code == 204


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a\x00b.jpg",
        "a\r\nX-Evil: 1.jpg",
        "n" * 300 + ".jpg",
        "😀.jpg",
        "\u202egpj.exe",
        "",
        ".jpg",
        "thumbnail.jpg",
    ],
)
def test_file_names_are_shown_safely_and_never_used_as_a_path(server: Server, name: str) -> None:
    media = upload(server, PHOTO, filename=name)
    answer = fetch(server, media["url"])
    assert answer.content == PHOTO
    assert "X-Evil" not in answer.headers
    assert media["url"].isascii()
    assert media["url"].endswith(".jpg")
    assert not {"\0", "\r", "\n", "\u202e"} & set(media["title"] or "")
    assert fetch(server, media["image_thumbnail"]["url"]).content != PHOTO


def test_a_chunk_that_says_no_position(server: Server) -> None:
    upload_id = send_chunk(server, PHOTO[:1000], 0, len(PHOTO)).json()["upload_id"]
    assert refusal(send_chunk(server, PHOTO[1000:], upload_id=upload_id), 409, "offset_mismatch")["offset"] == "1000"


def test_two_file_parts(server: Server) -> None:
    two = [("image", ("a.jpg", PHOTO)), ("file", ("b.jpg", PHOTO))]
    refusal(server.request("POST", CHUNK, files=two), 400, "invalid")


def test_a_file_input_that_was_left_empty_is_no_file_part(server: Server) -> None:
    left_empty = b'--b\r\nContent-Disposition: form-data; name="x"; filename=""\r\n\r\n\r\n'
    part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n' + PHOTO + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = server.request("POST", CHUNK, data=left_empty + part, headers=headers)
    assert answer.json()["offset"] == str(len(PHOTO))
