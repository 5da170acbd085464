"""Which URL a card links to: the one that was posted, or a better one for the same page, which the page names."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote

from scapi.previews.addresses import DEFAULT_PORTS, MAX_URL, Forbidden, Target

_MISTAKES = frozenset(("null", "undefined", "none", "nan", "false", "true", "[object object]"))
"""What a script writes where it has no URL."""

_INDEX = re.compile(r"/(?:index|default|home)(?:\.[a-z]{2,5})?$", re.IGNORECASE)
_LOGIN = re.compile(
    r"[/_.-](?:log[_-]?(?:in|on)|sign[_-]?(?:in|on|up)|register|auth|authenticate|authorize|sso|consent|captcha|error|404|403)"
    r"(?:$|[/_.-])",
    re.IGNORECASE,
)
# Parameters that say how somebody came to a page, not what it is.
_TRACKING = re.compile(
    r"utm_.*|mtm_.*|pk_.*|hsa_.*|[a-z]{1,3}clid|_ga|_gl|igshid|igsh|mc_[ce]id|mkt_tok|ref|ref_src|referrer|source|src|"
    r"share|shared|sharing|feature|si|cmpid|campaign|smid|spm|xtor|at_.*|__twitter_impression|amp",
    re.IGNORECASE,
)


def kept(posted: str, declared: Iterable[str]) -> str:
    """Return the first of the `declared` URLs that means the page that was `posted`, with its fragment; else `posted`.

    It is on the same host and port (http may become https), and neither a page above the posted one nor a login page.
    """
    fragment = posted.partition("#")[2]
    if fragment.startswith(("!", "/")):  # what comes after it is the page
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
    """Return the path without the name of an index and slashes at its end, and the query."""
    path, _, query = target.path.partition("?")
    return _INDEX.sub("", path.rstrip("/")), query
