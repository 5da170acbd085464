"""Many requests at once for the same upload, on several workers: one wins, the others are told so."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial

import pytest

from tests import files
from tests.client import KiB, at_once, complete, fetch, md5, send_all, send_chunk, statuses
from tests.running import Server
from tests.storehouse import contents

CLIENTS = 16
ROUNDS = 3
PHOTO = files.jpeg(600, 600, noise=True)


@pytest.fixture(scope="module")
def server(place: tuple[str, str], serve: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    """A server with several workers, in each place."""
    with serve(place, workers=3, SCAPI_RENDITION_WIDTHS="") as server:
        yield server


@pytest.fixture
def swept(server: Server) -> Callable[[], int]:
    """A function that sweeps and returns how many objects the storage has more than at the start of the test."""

    def sweep() -> int:
        assert "0 failed" in server.scapi("sweep", "--older-than", "0")
        return len(contents(server.settings))

    before = sweep()
    return lambda: sweep() - before


def test_the_same_chunk_is_stored_once(server: Server) -> None:
    for _ in range(ROUNDS):
        upload_id = send_chunk(server, PHOTO[:50_000], 0, len(PHOTO)).json()["upload_id"]
        answers = at_once(
            [partial(send_chunk, server, PHOTO[50_000:], 50_000, len(PHOTO), upload_id=upload_id)] * CLIENTS
        )
        assert statuses(answers) == {201: CLIENTS}
        assert len({answer.text for answer in answers}) == 1
        media = complete(server, upload_id, md5(PHOTO)).json()
        assert fetch(server, media["url"]).content == PHOTO


def test_of_different_chunks_for_one_offset_one_wins(server: Server) -> None:
    head = files.pdf(size=20_000)
    for number in range(ROUNDS):
        chance = random.Random(number)
        tails = [chance.randbytes(chance.choice((1000, 100 * KiB, 300 * KiB))) + bytes([c]) for c in range(CLIENTS)]
        upload_id = send_chunk(server, head, form={"offset": "0"}).json()["upload_id"]
        form = {"offset": str(len(head))}
        answers = at_once([partial(send_chunk, server, tail, upload_id=upload_id, form=form) for tail in tails])
        assert statuses(answers) == {201: 1, 409: CLIENTS - 1}
        winner = next(number for number, answer in enumerate(answers) if answer.status_code == 201)
        whole = head + tails[winner]
        assert {answer.json()["offset"] for answer in answers} == {str(len(whole))}
        end = files.pdf(size=20_000)  # PDFium looks for the trailer at the end
        assert send_chunk(server, end, upload_id=upload_id, form={"offset": str(len(whole))}).status_code == 201
        answer = complete(server, upload_id, md5(whole + end))
        assert answer.status_code == 201, answer.text
        assert fetch(server, answer.json()["url"]).content == whole + end


def test_completing_at_once_makes_one_media(server: Server, swept: Callable[[], int]) -> None:
    for photo in (PHOTO, files.jpeg(600, 600, noise=True, gps=True)):
        upload_id = send_all(server, photo)
        answers = at_once([partial(complete, server, upload_id, md5(photo))] * CLIENTS)
        assert statuses(answers) == {201: CLIENTS}
        assert len({answer.text for answer in answers}) == 1
        assert fetch(server, answers[0].json()["url"]).status_code == 200
    assert swept() == 4


def test_aborting_while_completing(server: Server, swept: Callable[[], int]) -> None:
    made = 0
    for _ in range(ROUNDS * 3):
        upload_id = send_all(server, PHOTO)
        path = f"/api/v2/media/upload/{upload_id}/"
        completed, aborted = at_once(
            [partial(complete, server, upload_id, md5(PHOTO)), partial(server.request, "DELETE", path)]
        )
        assert (completed.status_code, aborted.status_code) in ((201, 409), (404, 204)), (completed.text, aborted.text)
        if completed.status_code == 201:
            made += 1
            assert fetch(server, completed.json()["url"]).content == PHOTO
    assert swept() == 2 * made


def test_deleting_a_media_while_its_upload_is_completed_again(server: Server, swept: Callable[[], int]) -> None:
    owner = {"Authorization": "Bearer " + server.scapi("token", "create", "--user", "7").strip()}
    for _ in range(ROUNDS):
        upload_id = send_all(server, PHOTO, headers=owner)
        media = complete(server, upload_id, md5(PHOTO), headers=owner).json()
        path = f"/api/v2/media/{media['id']}/"
        answers = at_once(
            [partial(complete, server, upload_id, md5(PHOTO), headers=owner)] * 4
            + [partial(server.request, "DELETE", path, headers=owner)] * 4
        )
        assert set(statuses(answers[:4])) <= {201, 410}
        assert set(statuses(answers[4:])) <= {204, 404}
        assert 204 in statuses(answers[4:])
        assert complete(server, upload_id, md5(PHOTO), headers=owner).status_code == 410
    assert swept() == 0


def test_expiring_while_writing(server: Server, swept: Callable[[], int]) -> None:
    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(_write_until_the_end, server) for _ in range(8)]
        for _ in range(2):
            server.scapi("sweep", "--older-than", "0")
        ends = Counter(writer.result() for writer in writers)
    assert set(ends) <= {201, 404, 410}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: server.scapi("sweep", "--older-than", "0"), range(2)))
    assert swept() == 2 * ends[201]


def _write_until_the_end(server: Server) -> int:
    """Send a photo in small chunks and complete it; return the status of the last answer."""
    upload_id = None
    for start in range(0, len(PHOTO), 10_000):
        piece = PHOTO[start : start + 10_000]
        answer = send_chunk(server, piece, start, len(PHOTO), upload_id=upload_id)
        if answer.status_code != 201:
            return answer.status_code
        upload_id = answer.json()["upload_id"]
    return complete(server, str(upload_id), md5(PHOTO)).status_code
