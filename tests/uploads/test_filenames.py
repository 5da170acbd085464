"""File names made safe to show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scapi.uploads.filenames import MAX_LENGTH, clean, stem


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\fakepath\\photo.jpg", "photo.jpg"),
        ("..", ""),
        ("", ""),
        (None, ""),
        ("a\x00b\r\nc\x1b[31m.jpg", "abc[31m.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("caf\u0065\u0301.png", "café.png"),
        ("👩\u200d👩\u200d👧.png", "👩\u200d👩\u200d👧.png"),
        ("صورة.jpg", "صورة.jpg"),
        ("  spaced.pdf  ", "spaced.pdf"),
        ("x" * 300 + ".jpeg", "x" * (MAX_LENGTH - 5) + ".jpeg"),
        ("y" * 300, "y" * MAX_LENGTH),
    ],
)
def test_names(sent: str | None, shown: str) -> None:
    assert clean(sent) == shown


@given(st.text(max_size=400))
def test_nothing_hidden_is_left(name: str) -> None:
    shown = clean(name)
    assert len(shown) <= MAX_LENGTH
    assert "/" not in shown
    assert "\\" not in shown
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("photo.jpg", "photo"),
        ("PHOTO.JPG", "PHOTO"),
        ("a.b.c.jpeg", "a.b.c"),
        ("scan.pdf", "scan"),
        ("IMG_1.HEIC", "IMG_1"),
        ("Dr. Who", "Dr. Who"),
        ("Dr.Who", "Dr.Who"),
        ("Report v1.2", "Report v1.2"),
        ("Photo 2026.11.26", "Photo 2026.11.26"),
        ("IMG.0001", "IMG.0001"),
        ("Mr. Smith.jpg", "Mr. Smith"),
        ("J.R.R. Tolkien", "J.R.R. Tolkien"),
        (".jpg", ""),
        ("...", "..."),
        ("", ""),
    ],
)
def test_a_title_loses_a_real_extension_only(name: str, title: str) -> None:
    assert stem(name) == title


@pytest.mark.parametrize("length", [254, 255, 256, 400])
def test_the_longest_name(length: int) -> None:
    name = "x" * (length - 4) + ".jpg"
    assert clean(name) == "x" * (min(length, 255) - 4) + ".jpg"


@pytest.mark.parametrize(("extension", "is_kept"), [(9, True), (10, True), (11, False)])
def test_the_longest_extension_that_is_kept(extension: int, is_kept: bool) -> None:
    name = "x" * 300 + "." + "y" * extension
    assert clean(name) == ("x" * (254 - extension) + "." + "y" * extension if is_kept else "x" * 255)
    assert clean("." + "y" * 300) == ("." + "y" * 300)[:255]
    assert clean("x" * 300 + ".") == "x" * 254 + "."
