"""The query parameter `ordering`: none, one, several or all of the fields, each once."""

import pytest
from marshmallow import ValidationError

from scapi.http.paging import Ordering
from scapi.tags.models import Tag

COLUMNS = {"id": Tag.id, "name": Tag.name, "type": Tag.type}


def order(text: str) -> list[tuple[str, bool]]:
    found = Ordering(COLUMNS, default="-name").deserialize(text)
    assert found.text == text
    return [(column.key, descends) for column, descends in found.columns]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name", [("name", False), ("id", False)]),
        ("-name", [("name", True), ("id", True)]),
        ("name,-type", [("name", False), ("type", True), ("id", True)]),
        ("-name, type", [("name", True), ("type", False), ("id", False)]),
        ("id", [("id", False)]),
        ("-id,name", [("id", True), ("name", False)]),
        ("name,type,-id", [("name", False), ("type", False), ("id", True)]),
        ("-type,-id,name", [("type", True), ("id", True), ("name", False)]),
    ],
)
def test_any_of_the_fields_and_all_of_them(text: str, expected: list[tuple[str, bool]]) -> None:
    assert order(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected names of these fields, separated by commas: id, name, type"),
        ("name,", "expected names"),
        ("other", "expected names"),
        ("--name", "expected names"),
        ("name,type,id,other", "expected names"),
        ("name,-name", "named once"),
        ("name,type,id,id", "named once"),
    ],
)
def test_other_texts(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        order(text)
