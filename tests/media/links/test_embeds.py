"""One Embed for every (embed_type, embed_id)."""

from concurrent.futures import ThreadPoolExecutor

from tests.media.links.api import get, make, pair, post
from tests.running import Server


def test_metadata_comes_back_as_it_was_sent(server: Server) -> None:
    metadata = {"a": {"b": [1, 2.5, None, True, "ä\0😀"]}, "html": "<b>x</b>", "": 10**30}
    media = make(server, type="embed", embed={**pair(), "metadata": metadata})
    assert media["embed"]["metadata"] == metadata
    assert get(server, media)["embed"]["metadata"] == metadata


def test_nobody_says_what_the_media_of_others_embed(server: Server) -> None:
    same, url, other = pair(), "https://one.example/", "https://two.example/"
    first = make(server, type="embed", embed={**same, "url": url, "metadata": {"n": 1}})
    second = make(server, type="embed", embed={**same, "url": other, "metadata": {"n": 2}})
    third = make(server, type="embed", **same)
    assert len({media["embed"]["id"] for media in (first, second, third)}) == 1
    for media, said in ((first, (url, {"n": 1})), (second, (other, {"n": 2})), (third, (None, {}))):
        for answer in (media, get(server, media)):
            assert (answer["embed"]["url"], answer["embed"]["metadata"]) == said
            assert answer["url"] == said[0]


def test_racing_creators_make_one_embed(server: Server) -> None:
    for _ in range(5):
        same = pair()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _, same=same: post(server, type="embed", **same), range(8)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["embed"]["id"] for answer in answers}) == 1
