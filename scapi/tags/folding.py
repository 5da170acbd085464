"""Folds texts for search and uniqueness: letters that people read as the same become the same string."""

import unicodedata

SPECIAL = str.maketrans(
    {
        "ı": "i",  # Turkish; its partner İ loses the dot as an accent
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ł": "l",
        "ŧ": "t",
        "æ": "ae",
        "œ": "oe",
        "ـ": None,  # Arabic kashida, which only stretches a word
    }
)
"""Lower-case letters that readers see as accented letters, but that Unicode does not decompose."""


def fold(text: str) -> str:
    """Return `text` without case, accents and invisible characters, each run of white space as one space.

    It may be empty, and it may be longer than `text`: ß becomes ss.
    """
    folded = _without_accents(_without_accents(text).casefold()).translate(SPECIAL)
    return " ".join(unicodedata.normalize("NFC", folded).split())


def caseless(text: str) -> str:
    """Return `text` without case but with its accents: equal for two names that differ in case only."""
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFC", folded)


def _without_accents(text: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKD", text) if not _ignored(character))


def _ignored(character: str) -> bool:
    """Return whether search ignores this character: accents, vowel points, joiners, variation selectors.

    Marks of other combining classes (Indic and Thai vowels, the Japanese voicing marks) make another letter.
    """
    combining = unicodedata.combining(character)
    if combining:
        return 10 <= combining <= 36 or combining >= 200
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"
