"""The answers of oEmbed providers (oembed.com, 2.3), in JSON or XML, and the links to them (section 4)."""

import json
import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from scapi.previews import charsets, html
from scapi.previews.fetch import Fetched
from scapi.previews.texts import MAX_DESCRIPTION, MAX_TITLE, clean

LINK_TYPES = ("application/json+oembed", "text/json+oembed", "application/xml+oembed", "text/xml+oembed")
"""Media types of links to an answer, the best first."""

RELATIONS = frozenset(("alternate", "alternative"))

MAX_LINK = 8000
"""The most characters to read of a Link header."""

MAX_FIELDS = 100

_LINK = re.compile(
    r"<([^<>]{1,2048})>((?:\s*;\s*[a-z*]{1,20}\s*=\s*(?:\"[^\"<>]{0,500}\"|[^\s\",;<>]{0,500}))*)", re.IGNORECASE
)
_PARAMETER = re.compile(r"([a-z*]{1,20})\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]*))", re.IGNORECASE)


def fields(answer: Fetched) -> Mapping[str, Any]:
    """Return the fields of an answer; empty if it is not oEmbed."""
    text = charsets.decode(answer.body, answer.charset).strip("\ufeff \t\r\n")
    if text.startswith("<"):
        return _from_xml(text)
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def texts(said: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return title and description of an answer. For a post without a title: its author and its text."""
    title, description = clean(said.get("title"), MAX_TITLE), clean(said.get("description"), MAX_DESCRIPTION)
    if title or str(said.get("type")).strip().lower() != "rich":
        return title, description
    return clean(said.get("author_name"), MAX_TITLE), description or _words(said.get("html"))


def linked(header: str) -> list[tuple[str, str]]:
    """Return media types and URLs of the oEmbed answers in a Link header (RFC 8288)."""
    found = []
    for url, parameters in _LINK.findall(header[:MAX_LINK]):
        named = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(parameters)}
        kind = html.media_type(named.get("type", ""))
        if kind in LINK_TYPES and not RELATIONS.isdisjoint(named.get("rel", "").lower().split()):
            found.append((kind, url))
    return found


def _words(markup: object) -> str | None:
    """Return the text of a post: its first paragraph, or all of it."""
    if not isinstance(markup, str):
        return None
    paragraphs = (element.text for element in html.elements(markup[: 20 * MAX_DESCRIPTION]) if element.tag == "p")
    return next(filter(None, (clean(text, MAX_DESCRIPTION) for text in paragraphs)), None) or clean(
        html.words(markup[: 20 * MAX_DESCRIPTION]), MAX_DESCRIPTION
    )


def _from_xml(text: str) -> dict[str, str]:
    """Return the texts of the elements in the root. Nothing is loaded, and no entity is replaced."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, remove_comments=True)
    body = re.sub(
        r"^<\?xml[^<>]{0,200}\?>", "", text
    )  # it is decoded already: its encoding declaration no longer applies
    try:
        root = etree.fromstring(body.encode("utf-8", "replace"), parser)
    except etree.LxmlError:
        return {}
    if root is None or etree.QName(root).localname != "oembed":
        return {}
    return {etree.QName(child).localname: child.text or "" for child in root[:MAX_FIELDS] if isinstance(child.tag, str)}
