"""Chooses the URL that a card links to: the posted one, or a better URL of the same page that the page declares."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote

from scapi.previews.addresses import DEFAULT_PORTS, MAX_URL, Forbidden, Target

_MISTAKES = frozenset(("null", "undefined", "none", "nan", "false", "true", "[object object]"))
"""Text that scripts write instead of a URL."""

_INDEX = re.compile(r"/(?:index|default|home)(?:\.[a-z]{2,5})?$", re.IGNORECASE)
_LOGIN = re.compile(
    r"[/_.-](?:log[_-]?(?:in|on)|sign[_-]?(?:in|on|up)|register|auth|authenticate|authorize|sso|consent|captcha|error|404|403)"
    r"(?:$|[/_.-])",
    re.IGNORECASE,
)
# Parameters that say how a visitor came to the page. They do not identify it.
_TRACKING = re.compile(
    r"utm_.*|mtm_.*|pk_.*|hsa_.*|[a-z]{1,3}clid|_ga|_gl|igshid|igsh|mc_[ce]id|mkt_tok|ref|ref_src|referrer|source|src|"
    r"share|shared|sharing|feature|si|cmpid|campaign|smid|spm|xtor|at_.*|__twitter_impression|amp",
    re.IGNORECASE,
)


def kept(posted: str, declared: Iterable[str]) -> str:
    """Return the first `declared` URL of the `posted` page, with the fragment of `posted`; or else `posted`.

    A declared URL counts if it has the same host and port (http may become https), and is not a parent of the posted
    page or a login page.
    """
    fragment = posted.partition("#")[2]
    if fragment.startswith(("!", "/")):  # the rest of the fragment identifies the page
        return posted
    target = Target.of(posted)
    for url in declared:
        try:
            other = Target.of(url)
        except Forbidden:
            continue
        found = f"{other.url}#{fragment}" if fragment else other.url
        if len(found) <= MAX_URL and _is_same_place(other, target) and _is_same_page(other, target):
            return found
    return posted


def _is_same_place(other: Target, posted: Target) -> bool:
    if other.host != posted.host:
        return False
    if other.scheme == posted.scheme:
        return other.port == posted.port
    default = posted.port == DEFAULT_PORTS[posted.scheme] and other.port == DEFAULT_PORTS[other.scheme]
    return default and other.scheme == "https"


def _is_same_page(other: Target, posted: Target) -> bool:
    path, query = _path(other)
    posted_path, posted_query = _path(posted)
    if unquote(path).rpartition("/")[2].lower() in _MISTAKES - {unquote(posted_path).rpartition("/")[2].lower()}:
        return False
    if _LOGIN.search(path) and not _LOGIN.search(posted_path):
        return False
    if posted_path.startswith(f"{path}/"):
        return False
    meant = [name for name, _ in parse_qsl(posted_query, keep_blank_values=True) if not _TRACKING.fullmatch(name)]
    return bool(path != posted_path or query or not meant)


def _path(target: Target) -> tuple[str, str]:
    """Return the path, without an index file and slashes at its end, and the query."""
    path, _, query = target.path.partition("?")
    return _INDEX.sub("", path.rstrip("/")), query
