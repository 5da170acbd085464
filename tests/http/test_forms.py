"""Multipart forms, in any pieces in which the network delivers them."""

from io import BytesIO
from typing import Any

import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest, ClientDisconnected, RequestEntityTooLarge

from scapi.http import forms, incoming

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'.encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
LIMIT = 10_000


class Wire(BytesIO):
    """Delivers bytes in pieces of given sizes, then the rest; raises `error` at the end, if there is one."""

    def __init__(self, data: bytes, cuts: list[int], error: Exception | None = None) -> None:
        super().__init__(data)
        self._cuts = iter(cuts)
        self._error = error

    def read(self, size: int | None = -1) -> bytes:
        most = next(self._cuts, LIMIT)
        data = super().read(min(most, size) if size and size > 0 else most)
        if not data and size and self._error:
            raise self._error
        return data


def request(wire: Wire, length: int | None, **environ: Any) -> Request:
    """Return a request whose body comes over the wire; `length` None: in chunked encoding."""
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    made = Request({"wsgi.input": wire, "CONTENT_TYPE": content_type, "REQUEST_METHOD": "POST", **environ})
    if length is None:
        made.environ["wsgi.input_terminated"] = True
    else:
        made.environ["CONTENT_LENGTH"] = str(length)
    made.max_content_length = LIMIT
    return made


cuts = st.lists(st.integers(1, 300), max_size=30)
# text that looks like a boundary, or its beginning, is the hardest case
contents = st.lists(
    st.one_of(st.binary(max_size=200), st.sampled_from([b"\r\n", b"\r", b"\r\n--", TAIL[:-5], HEAD[:30], b"--"])),
    max_size=8,
).map(b"".join)


@given(content=contents.filter(lambda content: TAIL[:-4] not in content), cuts=cuts, chunked=st.booleans())
def test_a_file_comes_out_as_it_went_in(content: bytes, cuts: list[int], chunked: bool) -> None:
    field = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="upload_id"\r\n\r\nünïcode\r\n'.encode()
    body = field + HEAD + content + TAIL
    form = forms.read(request(Wire(body, cuts), None if chunked else len(body)))
    assert form.fields == {"upload_id": "ünïcode"}
    (file,) = form.files
    assert file.filename == "a.jpg"
    assert file.content.stream().read() == content
    assert file.content.size == len(content)
    assert file.content.head(12) == content[:12]


@given(content=st.binary(min_size=1, max_size=2000), cuts=cuts)
def test_the_blocks_of_a_body_are_the_body(content: bytes, cuts: list[int]) -> None:
    assert b"".join(incoming.blocks(request(Wire(content, cuts), len(content)))) == content


def test_a_body_ends_where_its_length_says() -> None:
    assert b"".join(incoming.blocks(request(Wire(b"body and the next request", []), 4))) == b"body"


def test_a_body_of_no_length_is_empty_unless_the_server_ends_it() -> None:
    without = request(Wire(b"data", []), 0)
    del without.environ["CONTENT_LENGTH"]
    assert list(incoming.blocks(without)) == []


@pytest.mark.parametrize("length", [LIMIT + 1, None])
def test_a_body_that_is_too_large(length: int | None) -> None:
    with pytest.raises(RequestEntityTooLarge):
        list(incoming.blocks(request(Wire(bytes(LIMIT + 1), []), length)))


@pytest.mark.parametrize("error", [None, TimeoutError("timed out"), ConnectionResetError()])
def test_a_client_that_goes_away_or_falls_silent(error: Exception | None) -> None:
    with pytest.raises(ClientDisconnected):
        list(incoming.blocks(request(Wire(b"half", [], error), 8)))


def test_a_name_in_the_form_of_another_standard() -> None:
    head = HEAD.replace(b'filename="a.jpg"', b"filename*=utf-8''h%C3%A4user.jpg")
    body = head + b"data" + TAIL
    assert forms.read(request(Wire(body, []), len(body))).files[0].filename == "häuser.jpg"


@pytest.mark.parametrize("body", [b"", b"no form", HEAD, HEAD + b"data", HEAD + b"data" + TAIL[:-4]])
def test_a_form_that_is_none_or_is_cut_off(body: bytes) -> None:
    with pytest.raises(BadRequest, match="the multipart form cannot be read"):
        forms.read(request(Wire(body, []), len(body)))


def test_the_first_of_two_fields_counts() -> None:
    fields = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="n"\r\n\r\n{text}\r\n' for text in ("one", "two")]
    body = "".join(fields).encode() + TAIL[2:]
    assert forms.read(request(Wire(body, []), len(body))).fields == {"n": "one"}


def test_too_many_parts_and_too_large_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    field = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="n"\r\n\r\n12345678\r\n'.encode()
    body = field * 3 + TAIL[2:]
    forms.read(request(Wire(body, []), len(body)))
    monkeypatch.setattr(forms, "MAX_PARTS", 2)
    with pytest.raises(RequestEntityTooLarge):
        forms.read(request(Wire(body, []), len(body)))
    monkeypatch.undo()
    monkeypatch.setattr(forms, "MAX_FIELDS", 23)
    with pytest.raises(RequestEntityTooLarge):
        forms.read(request(Wire(body, []), len(body)))
