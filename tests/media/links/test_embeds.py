"""One Embed for every (embed_type, embed_id)."""

from concurrent.futures import ThreadPoolExecutor

from tests.media.links.api import get, make, pair, post
from tests.running import Server


def test_metadata_comes_back_as_it_was_sent(server: Server) -> None:
    metadata = {"a": {"b": [1, 2.5, None, True, "ä\0😀"]}, "html": "<b>x</b>", "": 10**30}
    media = make(server, type="embed", embed={**pair(), "metadata": metadata})
    assert media["embed"]["metadata"] == metadata
    assert get(server, media)["embed"]["metadata"] == metadata


def test_an_embed_is_shared_and_its_first_metadata_stay(server: Server) -> None:
    same = pair()
    first = make(server, type="embed", embed={**same, "metadata": {"n": 1}})
    second = make(server, type="embed", embed={**same, "metadata": {"n": 2}})
    assert first["id"] != second["id"]
    assert first["embed"] == second["embed"]
    assert make(server, type="embed", **same)["embed"]["metadata"] == {"n": 1}


def test_racing_creators_make_one_embed(server: Server) -> None:
    for _ in range(5):
        same = pair()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _, same=same: post(server, type="embed", **same), range(8)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["embed"]["id"] for answer in answers}) == 1
