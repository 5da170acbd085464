"""scapi behind nginx, with the shipped configuration."""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from tests import files, running
from tests.client import CHUNK, KiB, chunk_form, complete, fetch, md5, refusal, send_chunk, upload
from tests.deploy import nginx
from tests.running import Server

MiB = 1024 * KiB
BEHIND = {"SCAPI_TRUSTED_PROXIES": "1", "SCAPI_ACCEL_REDIRECT": "/internal/files/"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.fixture(scope="module")
def app(serve: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    """gunicorn with one worker and few threads."""
    with serve(("sqlite", "local"), workers=1, GUNICORN_CMD_ARGS="--threads 12", **BEHIND) as server:
        yield server


@pytest.fixture(scope="module")
def server(app: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """nginx before it."""
    data = Path(app.settings["SCAPI_DATA_DIR"])
    with nginx.on_a_host(tmp_path_factory.mktemp("nginx") / "etc", data / "files", app) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def unfinished_header(server: Server) -> Iterator[socket.socket]:
    """A connection with an unfinished header, opened early so that the test waits less for its timeout."""
    with raw(server, b"GET / HTTP/1.1\r\n") as connection:
        yield connection


def raw(server: Server, data: bytes) -> socket.socket:
    """Return a connection on which `data` was sent."""
    connection = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=30)
    connection.sendall(data)
    return connection


def test_a_file_goes_up_and_comes_back_without_passing_through_python(app: Server, server: Server) -> None:
    paper = files.pdf(size=3 * MiB)
    media = upload(server, paper, filename="minutes \u00fc.pdf")
    assert media["url"].startswith(server.url)
    whole = fetch(server, media["url"])
    assert whole.content == paper
    assert "X-Accel-Redirect" not in whole.headers
    handed_over = app.request("GET", media["url"].removeprefix(server.url))
    assert handed_over.headers["X-Accel-Redirect"].startswith("/internal/files/")
    assert handed_over.content == b""
    assert server.request("GET", handed_over.headers["X-Accel-Redirect"]).status_code == 404


def test_a_file_has_the_headers_that_scapi_gives_it(
    server: Server, serve: Callable[..., AbstractContextManager[Server]]
) -> None:
    def headers(server: Server, method: str) -> dict[str, str]:
        url = upload(server, files.jpeg(), filename="\u00fc.jpg")["url"]
        path = url.removeprefix(server.url)
        answer = server.request(method, path, headers={"Origin": "https://page.example"})
        own = ("Server", "Date", "Connection", "ETag", "Last-Modified", "X-Request-ID")
        return {name.title(): value for name, value in answer.headers.items() if name not in own}

    with serve(("sqlite", "local"), workers=1) as alone:
        for method in ("GET", "HEAD"):
            assert headers(server, method) == headers(alone, method)


def test_ranges_and_conditions_are_answered_by_nginx(server: Server) -> None:
    photo = files.jpeg(300, 200)
    url = upload(server, photo)["url"]
    whole = fetch(server, url)
    etag = whole.headers["ETag"]
    part = fetch(server, url, headers={"Range": "bytes=10-19", "If-Range": etag})
    assert (part.status_code, part.content) == (206, photo[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(photo)}"
    assert part.headers["X-Content-Type-Options"] == "nosniff"
    for headers in ({"Range": "bytes=0-9", "If-Range": '"other"'}, {"Range": "bytes=0-1,5-6"}, {"If-Match": etag}):
        answer = fetch(server, url, headers=headers)
        assert (answer.status_code, answer.content) == (200, photo)
    again = fetch(server, url, headers={"If-None-Match": etag, "Range": "bytes=0-9"})
    assert (again.status_code, again.content) == (304, b"")
    head = server.request("HEAD", url.removeprefix(server.url))
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(photo)))
    refusal(fetch(server, url, headers={"If-Match": '"other"'}), 412, "precondition_failed")
    for more in ({}, {"If-Range": etag}):
        beyond = fetch(server, url, headers={"Range": "bytes=9999999-", **more})
        refusal(beyond, 416, "requested_range_not_satisfiable")
        assert beyond.headers["Content-Range"] == f"bytes */{len(photo)}"
        assert beyond.headers["Access-Control-Allow-Origin"] == "*"
        assert ("Cache-Control" in beyond.headers) == bool(more)


def test_a_file_that_is_gone_from_the_disk(app: Server, server: Server) -> None:
    url = upload(server, files.jpeg())["url"]
    path = app.request("GET", url.removeprefix(server.url)).headers["X-Accel-Redirect"]
    Path(app.settings["SCAPI_DATA_DIR"], "files", path.removeprefix("/internal/files/")).unlink()
    refusal(fetch(server, url), 404, "not_found")


def test_nginx_answers_with_the_one_error_body(app: Server, server: Server) -> None:
    large = {"data": b"x" * (16 * MiB + 64 * KiB + 1), "headers": {**MULTIPART, "Origin": "https://page.example"}}
    answer = server.request("POST", CHUNK, **large)
    theirs = refusal(answer, 413, "request_entity_too_large")
    ours = refusal(app.request("POST", CHUNK, **large), 413, "request_entity_too_large")
    assert {name: theirs[name] for name in ours if name != "request_id"} == {
        name: value for name, value in ours.items() if name != "request_id"
    }
    assert theirs["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"] == "application/json"
    refusal(server.request("GET", "/" + "a" * 9000), 414, "request_uri_too_long")
    refusal(server.request("GET", "/", headers={"X-Long": "a" * 9000}), 400, "bad_request")
    refusal(server.request("TRACE", "/"), 405, "method_not_allowed")
    for private in ("/metrics", "/readyz", "/readyz/", "/readyz%2f", "//readyz", "/.error", "/internal/files/a"):
        refusal(server.request("GET", private), 404, "not_found")
    with raw(server, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n") as connection:
        assert b'{"code":400' in connection.makefile("rb").read()


def test_a_chunk_of_the_largest_size_fits(server: Server) -> None:
    paper = files.pdf(size=16 * MiB - 100 * KiB)
    paper += b"\n" * (16 * MiB - len(paper))
    assert send_chunk(server, paper, 0, len(paper)).status_code == 201


def test_what_a_client_says_of_itself_is_not_believed(server: Server) -> None:
    media = upload(server, files.jpeg())
    lies = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    answer = server.request("GET", f"/api/v2/media/{media['id']}/", headers=lies)
    assert answer.json()["url"].startswith(server.url)
    asked = f"GET /api/v2/media/{media['id']}/ HTTP/1.1\r\nHost: evil.example:1\r\nConnection: close\r\n\r\n"
    with raw(server, asked.encode()) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)


def slow_clients(server: Server, count: int) -> list[socket.socket]:
    """Return connections of clients that have begun a header, or a body, and then send nothing."""
    head = f"POST {CHUNK} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 200000\r\n".encode()
    body = head + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    return [raw(server, (head, body)[number % 2]) for number in range(count)]


def test_slow_clients_hold_no_worker(server: Server) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(connection) for connection in slow_clients(server, 20)]
        assert upload(server, files.jpeg())["type"] == "image"  # the ten in the middle of a chunk hold a thread each
        for connection in slow:
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):  # still open: no slow client was cut off for the quick one
                connection.recv(1)


def test_of_a_chunk_that_breaks_off_counts_what_came(app: Server, server: Server) -> None:
    paper = files.pdf(size=1 * MiB)
    upload_id = send_chunk(server, paper[:1000], 0, len(paper)).json()["upload_id"]
    form = chunk_form(paper[1000:], upload_id)
    head = (
        f"POST {CHUNK} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {form['content_type']}\r\n"
        f"Content-Range: bytes 1000-{len(paper) - 1}/{len(paper)}\r\nContent-Length: {len(form['data'])}\r\n\r\n"
    )
    with raw(server, head.encode() + form["data"][: -500 * KiB]):
        pass
    came = 0
    end = time.monotonic() + 20
    while came <= 1000 and time.monotonic() < end:  # without a request to scapi, which would take the upload over
        came = _official(app.settings["SCAPI_DATABASE_URL"], upload_id)
    assert 1000 < came < len(paper)
    assert send_chunk(server, paper[came:], came, len(paper), upload_id=upload_id).status_code == 201
    assert complete(server, upload_id, md5(paper)).status_code == 201


def _official(url: str, upload_id: str) -> int:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
        return int(database.execute("SELECT offset FROM uploads WHERE id = ?", (upload_id,)).fetchone()[0])


def test_one_address_may_not_flood(server: Server) -> None:
    with ExitStack() as stack:
        for connection in slow_clients(server, 2 * 100):  # incomplete headers do not count yet
            stack.enter_context(connection)
        answer = server.request("GET", "/api/v2/tag/")
        refusal(answer, 429, "rate_limited")
        assert answer.headers["Retry-After"] == "5"


def test_half_an_ipv6_address_counts_as_one_client(tmp_path: Path) -> None:
    lines = "set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; location = /network { return 200 $scapi_network; }"
    port = running.free_port()
    ours = f"listen 127.0.0.1:{port};"
    substitutions = {"listen 80;": f"{ours} {lines}", "listen [::]:80;": "", "listen 80 default_server;": ""}
    substitutions |= {"listen [::]:80 default_server;": "listen 127.0.0.1:1;", "server_name media.example.org;": ""}
    with nginx.run(tmp_path / "etc", "scapi.conf", substitutions, port) as server:

        def network(address: str) -> bytes:
            return server.request("GET", "/network", headers={"X-Real-IP": address}).content

        assert network("2001:db8:1:a0a::1") == network("2001:db8:1:a0a:ffff::2") == bytes.fromhex("20010db800010a0a")
        assert network("2001:db8:1:b::1") != network("2001:db8:1:a0a::1")
        assert network("192.0.2.1") == bytes([192, 0, 2, 1])
        assert network("192.0.2.10") == bytes([192, 0, 2, 10])


def test_a_header_that_never_ends_is_cut_off(unfinished_header: socket.socket) -> None:
    with pytest.raises(ConnectionResetError):  # after client_header_timeout
        unfinished_header.recv(1)


def test_nobody_behind_it(tmp_path: Path) -> None:
    away = Server(f"http://127.0.0.1:{running.free_port()}", {}, tmp_path / "log")
    with nginx.on_a_host(tmp_path / "etc", tmp_path, away) as server:
        answer = server.request("POST", CHUNK, data=b"x" * 100 * KiB, headers=MULTIPART)
        refusal(answer, 502, "bad_gateway")
        assert answer.headers["Retry-After"] == "5"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
