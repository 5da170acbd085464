"""Finds the encoding of a page: from its headers, its `<meta>`, and its bytes.

Browsers believe the header, and search for `<meta>` in the first 1024 bytes (HTML Standard, 13.2.3.2). A person sees at
once if that is wrong, so the bytes are checked too.
"""

import re
from collections.abc import Iterator

import chardet
import webencodings
from chardet import EncodingEra
from webencodings import UTF8, Encoding

MAX_SAMPLE = 64 * 1024
"""The most bytes from which an unknown encoding is guessed."""

GOOD_PER_BAD = 2
"""With at least this many right characters per wrong one, a text counts as UTF-8 with mistakes."""

FEW = 10
"""Fewer bytes beyond ASCII than this prove nothing if they are also rare: Western texts have few."""

_WESTERN = "windows-1252"
_HIGH = bytes(range(0x80, 0x100))
_META = re.compile(rb"<meta[^<>]{1,300}?charset\s{0,9}=[\s\"']{0,9}([a-zA-Z0-9_:.-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"\s{0,9}<\?xml[^<>]{1,200}?encoding\s{0,9}=\s{0,9}[\"']([a-zA-Z0-9_:.-]{2,40})", re.IGNORECASE)
_BEYOND_ASCII = re.compile("[^\x00-\x7f\ufffd]")
_MULTIBYTE = ("gbk", "gb18030", "big5", "euc-jp", "shift_jis", "euc-kr")
_ESCAPE = b"\x1b$"
"""Starts non-ASCII characters in ISO-2022-JP, whose bytes are all ASCII."""

_ERAS = EncodingEra.MODERN_WEB | EncodingEra.LEGACY_ISO
_LABELS = {"cp932": "shift_jis", "cp949": "euc-kr", "cp874": "windows-874"}
"""Names in chardet that differ from the Encoding Standard."""


def decode(body: bytes, charset: str | None) -> str:
    """Return the text of a page or an answer; `charset` is that of its header."""
    marked = webencodings.decode(body[:4], _WESTERN)[1]
    if marked.name != _WESTERN:  # a byte order mark
        return webencodings.decode(body, marked)[0]
    declared = list(_declared(body, charset))
    text = webencodings.decode(body, UTF8)[0]
    good, bad = len(_BEYOND_ASCII.findall(text)), text[:-1].count("\ufffd")  # the last character may be cut off
    is_utf8 = good > 0 and good >= GOOD_PER_BAD * bad
    for encoding in declared:
        if encoding is UTF8 and (is_utf8 or bad == 0):
            return text
        # in a single-byte encoding every byte is a character: such a name proves nothing if the bytes are valid UTF-8
        if encoding is not UTF8 and not (is_utf8 and encoding.name not in _MULTIBYTE) and _fits(body, encoding):
            return webencodings.decode(body, encoding)[0]
    if is_utf8 or (bad == 0 and _ESCAPE not in body):
        return text
    return webencodings.decode(body, _detected(body))[0]


def _declared(body: bytes, charset: str | None) -> Iterator[Encoding]:
    """Yield the encodings that the server and the page declare."""
    said = webencodings.lookup(charset) if charset else None
    if said and (not said.name.startswith("utf-16") or b"\0" in body):
        yield said
    for label in (*_META.findall(_without_comments(body)), *_XML.findall(body[:300])):
        encoding = webencodings.lookup(label.decode())
        if encoding:  # a text that was read as ASCII cannot be UTF-16
            yield UTF8 if encoding.name.startswith("utf-16") else encoding
            return


def _without_comments(body: bytes) -> bytes:
    """Return `body` without its comments: a `<meta>` in a comment does not count."""
    kept, at = [], 0
    while (start := body.find(b"<!--", at)) >= 0 and (end := body.find(b"-->", start)) >= 0:
        kept.append(body[at:start])
        at = end + 3
    return b"".join((*kept, body[at:]))


def _fits(body: bytes, encoding: Encoding) -> bool:
    """Return whether `body` has almost no errors in this encoding."""
    text = webencodings.decode(body, encoding)[0]
    return text[:-1].count("\ufffd") * 20 <= len(_BEYOND_ASCII.findall(text))


def _detected(body: bytes) -> Encoding | str:
    """Return the encoding that `body` seems to be in."""
    sample = body[:MAX_SAMPLE]
    if _ESCAPE not in body:  # markup is ASCII and shows nothing
        sample = b" ".join(part for part in re.split(rb"[<>]", body[: 4 * MAX_SAMPLE]) if not part.isascii())
        telling = len(sample) - len(sample.translate(None, _HIGH))
        if telling < FEW and 5 * telling < len(sample):
            return _WESTERN
    found = (chardet.detect(sample[:MAX_SAMPLE], encoding_era=_ERAS)["encoding"] or _WESTERN).lower()
    return webencodings.lookup(_LABELS.get(found, found)) or _WESTERN
