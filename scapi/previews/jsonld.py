"""The JSON-LD of a page as objects; common mistakes in its JSON are tolerated."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

MAX_VALUES = 50
"""The most values to read of one script. Valid JSON has one."""

_DECODER = json.JSONDecoder(strict=False)  # some pages have raw control characters in strings
# Either a string, which stays (without a closing quote it ends at the end, to avoid quadratic time), or leftovers of
# XML, HTML and JavaScript around and between values.
_TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\]|\\.)*"?)'
    r"|(?://\s{0,9}|/\*\s{0,9})?(?:<!\[CDATA\[|\]\]>|<!--|-->)(?:\s{0,9}\*/)?"
    r"|//[^\n]*|/\*(?:.*?\*/|.*)|,(?=\s*[,}\]])|;",
    re.DOTALL,
)
_BAD_ESCAPE = re.compile(r"\\(?![\"\\/bfnrtu])(.)|(\\.)", re.DOTALL)


def objects(scripts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the objects of JSON-LD scripts; none for broken scripts."""
    for script in scripts:
        for found in _values(script):
            yield from _flat(found)


def _flat(found: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects in lists and `@graph`s, in order."""
    waiting = [found]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += reversed(value)
        elif isinstance(value, dict):
            yield value
            waiting.append(value.get("@graph"))


def _values(script: str) -> list[Any]:
    try:
        return [_DECODER.decode(script)]
    except (ValueError, RecursionError):
        pass
    if '"' not in script and "&quot;" in script:
        script = html.unescape(script)
    return list(_tolerated(_TOKEN.sub(_tidied, script)))


def _tidied(token: re.Match[str]) -> str:
    text = token["text"]
    if text is None:
        return " "
    return _BAD_ESCAPE.sub(lambda found: found[2] or found[1], text) if "\\" in text else text


def _tolerated(text: str) -> Iterator[Any]:
    """Yield the values in `text` one after another, up to the first broken one."""
    at = 0
    for _ in range(MAX_VALUES):
        at += len(text[at:]) - len(text[at:].lstrip(", \t\r\n\ufeff"))
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield value
