"""tus 1.0.0 over HTTP: each MUST of the specification that a client can see, on both databases."""

import base64
import hashlib
import zlib
from collections.abc import Iterator

import pytest
import requests

from tests.client import fetch, refusal
from tests.conftest import token
from tests.running import Server
from tests.tus.speaking import PHOTO, TUS, ask, create, created, media_of, metadata, offset_of, patch


def test_options_say_what_there_is(server: Server) -> None:
    answer = server.request("OPTIONS", TUS)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert int(answer.headers["Tus-Max-Size"]) > 0
    assert set(answer.headers["Tus-Checksum-Algorithm"].split(",")) == {"md5", "sha1", "sha256", "crc32"}
    assert {"creation", "checksum", "concatenation-unfinished"} <= set(answer.headers["Tus-Extension"].split(","))


def test_a_file_in_two_pieces_becomes_a_media(server: Server) -> None:
    sent = metadata(filename="Meer.jpg", filetype="image/jpeg", md5=hashlib.md5(PHOTO).hexdigest())
    path = create(server, Upload_Metadata=sent)
    head = ask(server, "HEAD", path)
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == ("0", str(len(PHOTO)))
    assert head.headers["Upload-Metadata"] == sent
    assert "Upload-Expires" in head.headers
    first = patch(server, path, 0, PHOTO[:1000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "1000")
    assert offset_of(server, path) == 1000
    last = patch(server, path, 1000, PHOTO[1000:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(PHOTO)))
    media = media_of(server, last)
    assert media["title"] == "Meer"
    assert fetch(server, media["url"]).content == PHOTO
    assert server.request("GET", path).json()["media"]["id"] == media["id"]
    again = ask(server, "HEAD", path)
    assert again.headers["Scapi-Media"] == last.headers["Scapi-Media"]
    assert "Upload-Expires" not in again.headers


def test_creation_with_upload(server: Server) -> None:
    whole = ask(server, "POST", TUS, PHOTO, Upload_Length=str(len(PHOTO)))
    created(whole)
    assert whole.headers["Upload-Offset"] == str(len(PHOTO))
    media = media_of(server, whole)
    assert media["type"] == "image"
    undo = {"Scapi-Delete-Token": whole.headers["Scapi-Delete-Token"]}
    assert server.request("DELETE", f"/api/v2/media/{media['id']}/", headers=undo).status_code == 204
    part = ask(server, "POST", TUS, PHOTO[:100], Upload_Length=str(len(PHOTO)))
    assert offset_of(server, created(part)) == 100


def test_a_deferred_length_is_set_once(server: Server) -> None:
    path = create(server, None)
    head = ask(server, "HEAD", path)
    assert head.headers["Upload-Defer-Length"] == "1"
    assert "Upload-Length" not in head.headers
    assert patch(server, path, 0, PHOTO[:50]).status_code == 204
    assert patch(server, path, 50, PHOTO[50:60], Upload_Length=str(len(PHOTO))).status_code == 204
    refusal(patch(server, path, 60, PHOTO[60:70], Upload_Length="70"), 400, "total_mismatch")
    assert "Scapi-Media" in patch(server, path, 60, PHOTO[60:]).headers


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Tus_Resumable": "0.2.2", "Upload_Length": "1"}, 412, "unsupported_version"),
        ({}, 400, "invalid_header"),
        ({"Upload_Length": "-1"}, 400, "invalid_header"),
        ({"Upload_Length": "1", "Upload_Defer_Length": "1"}, 400, "invalid_header"),
        ({"Upload_Defer_Length": "2"}, 400, "invalid_header"),
        ({"Upload_Length": "99999999999"}, 413, "file_too_large"),
        ({"Upload_Length": "9", "Upload_Metadata": "a YQ==,a YQ=="}, 400, "invalid_header"),
        ({"Upload_Length": "9", "Upload_Metadata": "a ?"}, 400, "invalid_header"),
        ({"Upload_Length": "9", "Upload_Metadata": metadata(type="video")}, 400, "invalid_header"),
        ({"Upload_Concat": "final;/api/v2/tus/" + "0" * 32}, 404, "upload_not_found"),
        ({"Upload_Concat": "final;https://elsewhere.example/x"}, 400, "invalid_header"),
        ({"Upload_Concat": "whole", "Upload_Length": "9"}, 400, "invalid_header"),
    ],
)
def test_creations_that_are_refused(server: Server, headers: dict[str, str], status: int, code: str) -> None:
    answer = ask(server, "POST", TUS, **headers)
    refusal(answer, status, code)
    if status == 412:
        assert answer.headers["Tus-Version"] == "1.0.0"


def test_appends_that_are_refused(server: Server) -> None:
    path = create(server)
    refusal(patch(server, path, 5, b"x"), 409, "offset_mismatch")
    refusal(patch(server, path, 0, b"x", Content_Type="text/plain"), 415, "unsupported_media_type")
    refusal(ask(server, "PATCH", path, b"x"), 400, "invalid_header")
    refusal(patch(server, path, 0, PHOTO + b"more"), 400, "total_mismatch")
    refusal(patch(server, TUS + "0" * 32, 0, b"x"), 404, "upload_not_found")
    assert offset_of(server, path) == 0


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "crc32"])
def test_a_checksum_counts_for_its_request(server: Server, algorithm: str) -> None:
    def checksum(data: bytes) -> str:
        crc = zlib.crc32(data).to_bytes(4)
        digest = crc if algorithm == "crc32" else hashlib.new(algorithm, data).digest()
        return f"{algorithm} {base64.b64encode(digest).decode()}"

    path = create(server)
    answer = patch(server, path, 0, PHOTO[:100], Upload_Checksum=checksum(b"other"))
    refusal(answer, 460, "checksum_mismatch")
    assert answer.reason
    assert offset_of(server, path) == 0
    assert patch(server, path, 0, PHOTO[:100], Upload_Checksum=checksum(PHOTO[:100])).status_code == 204
    refusal(patch(server, path, 100, PHOTO[100:], Upload_Checksum="sha3 YQ=="), 400, "invalid_header")
    assert offset_of(server, path) == 100


def test_termination(server: Server) -> None:
    path = create(server)
    assert ask(server, "DELETE", path).status_code == 204
    for method in ("HEAD", "DELETE"):
        answer = ask(server, method, path)
        assert answer.status_code == 404
        assert "Upload-Offset" not in answer.headers
    refusal(patch(server, path, 0, b"x"), 404, "upload_not_found")


def test_a_finished_upload_is_forgotten_and_its_media_stays(server: Server) -> None:
    whole = ask(server, "POST", TUS, PHOTO, Upload_Length=str(len(PHOTO)))
    path = created(whole)
    assert ask(server, "DELETE", path).status_code == 204
    assert ask(server, "HEAD", path).status_code == 404
    assert media_of(server, whole)["type"] == "image"


@pytest.mark.parametrize("unfinished", [False, True])
def test_concatenation(server: Server, unfinished: bool) -> None:
    pieces = [PHOTO[:70], PHOTO[70:1000], PHOTO[1000:]]
    paths = [create(server, len(piece), Upload_Concat="partial") for piece in pieces]
    final = "final;" + " ".join([paths[0], *(f"https://front.example{path}" for path in paths[1:])])

    def join() -> str:
        return created(ask(server, "POST", TUS, Upload_Concat=final, Upload_Metadata=metadata(filename="a.jpg")))

    path = join() if unfinished else ""
    if unfinished:
        assert "Upload-Offset" not in ask(server, "HEAD", path).headers
    for part, piece in zip(paths, pieces, strict=True):
        sent = patch(server, part, 0, piece)
        assert sent.status_code == 204
        assert "Scapi-Media" not in sent.headers
    path = path or join()
    head = ask(server, "HEAD", path)
    assert head.headers["Upload-Concat"] == final
    assert head.headers["Upload-Length"] == head.headers["Upload-Offset"] == str(len(PHOTO))
    assert fetch(server, media_of(server, head)["url"]).content == PHOTO
    refusal(patch(server, path, len(PHOTO), b"x"), 403, "final_upload")
    assert ask(server, "HEAD", paths[0]).status_code in (404, 410)


def test_parts_of_another_owner_are_not_joined(server: Server) -> None:
    part = create(server, len(PHOTO), Upload_Concat="partial", **token(1))
    assert patch(server, part, 0, PHOTO, **token(1)).status_code == 204
    refusal(ask(server, "POST", TUS, Upload_Concat=f"final;{part}", **token(2)), 404, "upload_not_found")
    refusal(ask(server, "POST", TUS, Upload_Concat=f"final;{part}"), 404, "upload_not_found")
    assert ask(server, "HEAD", part, **token(2)).status_code == 404
    answer = ask(server, "POST", TUS, Upload_Concat=f"final;{part}", **token(1))
    assert "Scapi-Media" in answer.headers


def test_a_file_that_is_refused_says_so_again(server: Server) -> None:
    refusal(ask(server, "POST", TUS, b"no picture at all", Upload_Length="17"), 415, "unsupported_file_type")
    damaged = PHOTO[:2000]
    path = create(server, len(damaged))
    refusal(patch(server, path, 0, damaged), 400, "invalid_image")
    refusal(server.request("GET", path), 400, "invalid_image")


def test_a_wrong_md5_is_refused(server: Server) -> None:
    path = create(server, Upload_Metadata=metadata(md5="0" * 32))
    refusal(patch(server, path, 0, PHOTO), 400, "md5_mismatch", "md5")


def test_methods_may_be_overridden_below_this_path(server: Server) -> None:
    path = create(server)
    sent = ask(server, "POST", path, PHOTO[:9], Upload_Offset="0", X_HTTP_Method_Override="PATCH")
    assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, "9")
    assert ask(server, "POST", path, X_HTTP_Method_Override="DELETE").status_code == 204
    refusal(ask(server, "POST", path), 405, "method_not_allowed")


def test_bytes_of_a_cut_request_count(server: Server) -> None:
    path = create(server)

    def cut() -> Iterator[bytes]:
        yield PHOTO[:3000]
        raise ConnectionAbortedError

    with pytest.raises(requests.ConnectionError):
        patch(server, path, 0, cut())
    answer = patch(server, path, len(PHOTO), b"")
    for _ in range(10):  # the server may read the cut request after the request for the offset
        offset = offset_of(server, path)
        assert 0 <= offset <= 3000
        answer = patch(server, path, offset, PHOTO[offset:])
        if answer.status_code != 409:
            break
    assert "Scapi-Media" in answer.headers
