"""Which texts search treats as equal, and which not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scapi.tags.folding import caseless, fold

SAME = [
    ("ÉTÉ", "ete"),
    ("naïve", "NAIVE"),
    ("I", "ı"),
    ("İstanbul", "istanbul"),
    ("ISPARTA", "ısparta"),
    ("Straße", "STRASSE"),
    ("ẞ", "ss"),
    ("ΟΔΟΣ", "οδός"),
    ("οδος", "οδοσ"),
    ("ᾳ", "α"),
    ("مُحَمَّد", "محمد"),
    ("أحمد", "احمد"),
    ("محـــمد", "محمد"),
    ("שָׁלוֹם", "שלום"),
    ("Ёлка", "елка"),
    ("Łódź", "lodz"),
    ("Søren", "soren"),
    ("Æsop", "aesop"),
    ("ﬁne", "fine"),
    ("Ｔｏｋｙｏ", "tokyo"),
    ("❤️", "❤"),
    ("hy\u00adphen", "hyphen"),
    ("a \t\n b", "A b"),
]

DIFFERENT = [("か", "が"), ("한", "하"), ("कु", "क"), ("ກຸ", "ກ"), ("👍", "👎"), ("a%", "a_"), ("ab", "a b")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_letters(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_other_letters(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("mark", "combining", "is_kept"),
    [
        ("\u094d", 9, True),  # Devanagari virama
        ("\u05b0", 10, False),  # Hebrew sheva
        ("\u05b1", 11, False),
        ("\u0670", 35, False),  # Arabic superscript alef
        ("\u0711", 36, False),  # Syriac superscript alaph
        ("\u0c55", 84, True),  # Telugu length mark: the next class that there is
        ("\u0f74", 132, True),  # Tibetan vowel: the last one below 200
        ("\u0321", 202, False),  # the first one above
        ("\u0345", 240, False),
    ],
)
def test_marks_at_the_bounds_of_their_classes(mark: str, combining: int, is_kept: bool) -> None:
    assert unicodedata.combining(mark) == combining
    assert (fold(f"x{mark}") != "x") == is_kept


@pytest.mark.parametrize(
    ("selector", "is_kept"),
    [("\ufdff", True), ("\ufe00", False), ("\ufe01", False), ("\ufe0f", False), ("\ufe10", True)],
)
def test_variation_selectors_and_their_neighbours(selector: str, is_kept: bool) -> None:
    assert (fold(f"x{selector}") != "x") == is_kept


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_how_a_character_is_encoded_makes_no_difference(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, text)) == fold(text)
        assert caseless(unicodedata.normalize(form, text)) == caseless(text)


def test_caseless_keeps_accents() -> None:
    assert caseless("Été") == caseless("ÉTÉ") != caseless("ete")
