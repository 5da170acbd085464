"""Files that are cut, repeated and mixed in any way: the same bytes come back."""

import os
import random
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import files
from tests.client import complete, fetch, md5, send_chunk
from tests.faults.community import patiently
from tests.running import Server

SIZES = (2_000, 30_000, 250_000)
EXAMPLES = int(os.environ.get("SCAPI_TEST_CUTS", "12"))
"""How often files are cut in each place; `make torture` sets more."""


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4), cuts=st.integers(0, 8))
def test_the_same_bytes_come_back(server: Server, seed: int, count: int, cuts: int) -> None:
    """Several uploads at once, each cut at random places, their chunks interleaved, repeated, misplaced."""
    chance = random.Random(seed)
    contents = [files.pdf(size=chance.choice(SIZES) + number) for number in range(count)]
    ids: list[str | None] = [None] * count
    at = [0] * count
    while unfinished := [number for number in range(count) if at[number] < len(contents[number])]:
        number = chance.choice(unfinished)
        data, start = contents[number], at[number]
        most = max(1, 2 * len(data) // (cuts + 1))
        piece = data[start : start + chance.randint(1, most)]
        if ids[number] and chance.random() < 0.3:
            elsewhere = chance.randrange(len(data))
            wrong = send_chunk(server, data[elsewhere : elsewhere + 10], elsewhere, len(data), upload_id=ids[number])
            assert wrong.status_code in (201, 409)
            if elsewhere == start and wrong.status_code == 201:
                at[number] = min(start + 10, len(data))
                continue
        for _ in range(chance.choice((1, 1, 2))):
            answer = send_chunk(server, piece, start, len(data), upload_id=ids[number])
            assert answer.status_code == 201, answer.text
            ids[number] = answer.json()["upload_id"]
        at[number] = start + len(piece)
    for upload_id, data in zip(ids, contents, strict=True):
        assert upload_id
        # a slow machine may answer 503, because the inspection took too long: then a client tries again
        answer = patiently(partial(complete, server, upload_id, md5(data)))
        assert answer.status_code == 201, answer.text
        assert fetch(server, answer.json()["url"]).content == data
