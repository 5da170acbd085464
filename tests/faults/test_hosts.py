"""Several hosts without any state accept the chunks of one upload in turn."""

import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import files, running
from tests.client import CHUNK, KiB, chunk_form, complete, fetch, md5, pieces, send_chunk
from tests.servers import wait_until

HOSTS = 3
PAPER = files.pdf(2, size=6000 * KiB)


TAKEOVER = 2 * float(os.environ.get("SCAPI_TEST_LATENCY", "inf"))
"""Seconds in which a returning client asks for the offset and sends a chunk; `make torture` sets it to 2."""


@pytest.mark.parametrize("storage", ["local", "moto"], ids=["a shared folder", "S3"])
def test_any_host_takes_the_next_chunk(
    storage: str, settings_for: Callable[[str, str], dict[str, str]], tmp_path: Path
) -> None:
    settings = settings_for("postgresql", storage)
    with ExitStack() as stack:
        hosts = [
            stack.enter_context(running.scapi(tmp_path / str(number), workers=1, **settings)) for number in range(HOSTS)
        ]
        upload_id = None
        for turn, (start, piece) in enumerate(pieces(PAPER, 200 * KiB)):
            answer = send_chunk(hosts[turn % HOSTS], piece, start, len(PAPER), upload_id=upload_id)
            assert answer.status_code == 201, answer.text
            upload_id = answer.json()["upload_id"]
        media = complete(hosts[turn % HOSTS], str(upload_id), md5(PAPER)).json()
        for host in hosts:
            again = complete(host, str(upload_id), md5(PAPER)).json()
            assert again["id"] == media["id"]
            assert fetch(host, again["url"]).content == PAPER


@pytest.mark.parametrize("storage", ["local", "moto"], ids=["a shared folder", "S3"])
def test_a_client_that_comes_back_to_another_host_does_not_wait_for_its_dead_connection(
    storage: str, settings_for: Callable[[str, str], dict[str, str]], tmp_path: Path
) -> None:
    # the silent connection would be given up after a minute
    settings = {**settings_for("postgresql", storage), "SCAPI_CLIENT_TIMEOUT": "60"}
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(running.scapi(tmp_path / name, workers=1, **settings)) for name in ("first", "second")
        )
        begun = send_chunk(first, PAPER[: 200 * KiB], 0, len(PAPER)).json()
        upload_id, start, came = begun["upload_id"], 200 * KiB, 500 * KiB
        form = chunk_form(PAPER[start:], upload_id)
        head = (
            f"POST {CHUNK} HTTP/1.1\r\nHost: scapi\r\nContent-Type: {form['content_type']}\r\n"
            f"Content-Range: bytes {start}-{len(PAPER) - 1}/{len(PAPER)}\r\nContent-Length: {len(form['data'])}\r\n\r\n"
        )
        silent = stack.enter_context(socket.create_connection(("127.0.0.1", int(first.url.rpartition(":")[2])), 20))
        sent = form["data"].index(PAPER[start : start + 100]) + came - start
        silent.sendall(head.encode() + form["data"][:sent])
        engine = sa.create_engine(settings["SCAPI_DATABASE_URL"])
        stack.callback(engine.dispose)

        def counts() -> bool:
            with engine.connect() as connection:
                query = sa.text("SELECT * FROM uploads WHERE id = :id")
                return bool(connection.execute(query, {"id": upload_id}).one().offset == came)

        wait_until(counts, 20, "what came to count while the connection is silent")
        began = time.monotonic()
        asked = second.request("GET", f"/api/v2/media/upload/{upload_id}/")
        assert asked.json()["offset"] == str(came)
        assert send_chunk(second, PAPER[came:], came, len(PAPER), upload_id=upload_id).status_code == 201
        took = time.monotonic() - began
        print(f"the client that came back went on after {took:.2f} s")
        assert took <= TAKEOVER
        assert b" 409 " in silent.recv(100).split(b"\r\n")[0]
        media = complete(second, upload_id, md5(PAPER)).json()
        assert fetch(second, media["url"]).content == PAPER
