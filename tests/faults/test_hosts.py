"""Several hosts, without any state of their own, take the chunks of one upload in turn."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import files, running
from tests.client import KiB, complete, fetch, md5, pieces, send_chunk

HOSTS = 3
PAPER = files.pdf(2, size=6000 * KiB)


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
