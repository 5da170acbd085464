"""Search over HTTP, and its query plans."""

import pytest
from flask import Flask

from scapi.database import db
from tests.running import Server
from tests.tags.making import TAGS, create, insert_tags, plan, statements, unique


def finds(server: Server, term: str, tag_id: int) -> bool:
    """Return whether the term finds the tag: on the list and by its id."""
    listed = server.request("GET", TAGS, params={"search": term, "limit": 100}).json()
    single = server.request("GET", f"{TAGS}{tag_id}/", params={"search": term}).status_code == 200
    on_list = tag_id in [tag["id"] for tag in listed["results"]]
    assert on_list == single
    return on_list


TEXTS = [
    ("Grand Café", ["café", "CAFE", "and c", "é", "fe", "Grand Café", "  grand\tcafe "]),
    ("İstanbul ILICA", ["istanbul", "ISTANBUL", "ıstanbul", "ilica", "ılıca", "tan"]),
    ("Große Straße", ["strasse", "STRASSE", "straße", "grosse s", "ß"]),
    ("ΟΔΥΣΣΕΎΣ", ["οδυσσευς", "Οδυσσεύσ", "δυσ", "ύς", "υ"]),
    ("اَلْعَرَبِيَّة", ["العربية", "عرب", "عَرَب"]),
    ("Москва Ёлка", ["МОСКВА", "елка", "ск"]),
    ("東京タワー", ["東京タ", "京タ", "ﾀﾜｰ", "東"]),
    ("हिन्दी", ["हिन्दी", "न्द"]),
    ("party 🎉🎊🥳 time", ["🎉🎊🥳", "🎉", "🎊🥳 t", "y 🎉"]),
    ("👩‍👩‍👧 family ❤️", ["👩‍👩‍👧", "👩👩👧", "❤", "❤️"]),
    ("100% a_b", ["100%", "0% a", "a_b", "%", "_", "% a_"]),
    ("""quo"te 'n' \\back /slash""", ['o"t', '"', "'n'", "\\ba", "\\", "/sl", "/"]),
    ("AND OR NOT col:x* ^y (z)", ["and or", "NOT col", "col:x", "x*", "^y (", "(z)"]),
    ("𝕌𝕟𝕚code ﬁ", ["unicode", "fi"]),
]


@pytest.mark.parametrize(("text", "terms"), TEXTS)
def test_any_part_is_found(server: Server, text: str, terms: list[str]) -> None:
    by_name = create(server, name=f"{text} {unique('')[-8:]}")["id"]
    by_description = create(server, description=f"before {text} after")["id"]
    for term in terms:
        for tag_id in (by_name, by_description):
            assert finds(server, term, tag_id), term


def test_wildcards_are_ordinary_characters(server: Server) -> None:
    tag = create(server, name=unique("abc xyz").replace("-", ""))
    for term in ("a%c", "a_c", "%", "_", "abc%", "a*c", "abc xyz*", "c?x", "^abc"):
        assert not finds(server, term, tag["id"]), term


def test_name_and_description_are_two_texts(server: Server) -> None:
    tag = create(server, name=f"{unique()} end", description="start here")
    for term in ("end start", "endstart", "nds", "ds"):
        assert not finds(server, term, tag["id"]), term


def test_all_trigrams_but_not_in_a_row(server: Server) -> None:
    tag = create(server, description="abcd bcde cdef")
    assert finds(server, "abcd", tag["id"])
    assert not finds(server, "abcde", tag["id"])


@pytest.mark.parametrize("term", ["", " ", "\u0301", "\u200d"])
def test_nothing_to_look_for_finds_all(server: Server, term: str) -> None:
    assert finds(server, term, create(server)["id"])


def test_the_index_follows_changes(server: Server) -> None:
    tag = create(server, name=unique("oldname"), description="olddescription")
    path = f"{TAGS}{tag['id']}/"
    server.request("PATCH", path, json={"name": unique("newname")})
    assert [finds(server, term, tag["id"]) for term in ("oldname", "newname", "olddesc")] == [False, True, True]
    server.request("PATCH", path, json={"description": "newdescription"})
    assert [finds(server, term, tag["id"]) for term in ("olddesc", "newdesc", "newname")] == [False, True, True]
    server.request("PATCH", path, json={"description": None, "color": "#123"})
    assert [finds(server, term, tag["id"]) for term in ("newdesc", "newname")] == [False, True]
    server.request("DELETE", path)
    assert not finds(server, "newname", tag["id"])


def test_plans_use_the_index(own_app: Flask, database: str) -> None:
    insert_tags(own_app, [{"name": f"tag {n:05}", "description": f"{n:x} " * 20} for n in range(3000)])
    insert_tags(own_app, [{"name": "needle in the haystack"}])
    index = {"sqlite": "tags_search VIRTUAL TABLE INDEX", "postgresql": "Bitmap Index Scan on tags_search"}[database]
    client = own_app.test_client()
    with statements(own_app) as sent:
        assert client.get(TAGS, query_string={"search": "needle"}).get_json()["count"] == 1
    assert len(sent) == 2
    for statement in sent:
        assert index in plan(own_app, *statement)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ({"offset": 2500}, "ix_tags_newest"),
        ({"offset": 1000, "active": "true", "type": "user"}, "ix_tags_newest"),
        ({"offset": 2500, "ordering": "name"}, "ix_tags_folded_name_id"),
        ({"offset": 2500, "ordering": "-name"}, "ix_tags_folded_name_id"),
    ],
)
def test_an_offset_goes_over_the_index_alone(
    own_app: Flask, database: str, query: dict[str, object], index: str
) -> None:
    insert_tags(own_app, [{"name": f"tag {n:05}", "description": "long " * 50} for n in range(3000)])
    with own_app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("ANALYZE")
    with statements(own_app) as sent:
        assert own_app.test_client().get(TAGS, query_string=query).status_code == 200
    only = {"sqlite": "COVERING INDEX", "postgresql": "Index Only Scan"}[database]
    assert any(only in line and index in line for line in plan(own_app, *sent[1]).splitlines())
