"""The players of known providers: which frames a page may show, and the one form of their HTML."""

from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

from scapi.previews import html as parser
from scapi.previews.addresses import DEFAULT_PORTS, Forbidden, Rules
from scapi.previews.texts import MAX_TITLE, clean, pixels

MAX_HTML = 10_000
"""The most characters of a provider's HTML; real ones have a few hundred."""

# A player runs its scripts on its own origin, and may not navigate the page around it.
SANDBOX = "allow-forms allow-popups allow-popups-to-escape-sandbox allow-presentation allow-same-origin allow-scripts"
ALLOW = "autoplay; clipboard-write; encrypted-media; fullscreen; picture-in-picture"

_PUBLIC = Rules()


@dataclass(frozen=True, slots=True)
class Player:
    """A frame: its URL, and its size if the provider sent one."""

    url: str
    width: int | None
    height: int | None
    title: str | None

    @property
    def html(self) -> str:
        """An iframe with only checked attributes."""
        numbers = {"width": self.width, "height": self.height}
        sizes = {name: str(number) for name, number in numbers.items() if number}
        title = {"title": self.title} if self.title else {}
        attributes = {
            "src": self.url,
            **sizes,
            **title,
            "allow": ALLOW,
            "sandbox": SANDBOX,
            "referrerpolicy": "strict-origin-when-cross-origin",
            "loading": "lazy",
        }
        written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
        return f"<iframe {written} allowfullscreen></iframe>"


def find(html: object, hosts: frozenset[str]) -> Player | None:
    """Return the only frame in a provider's `html` if its URL is https and its host is one of `hosts` or below one."""
    if not isinstance(html, str) or len(html) > MAX_HTML:
        return None
    frames = [element for element in parser.elements(html) if element.tag == "iframe"]
    if len(frames) != 1:
        return None
    found = frames[0]
    source = found.get("src").strip()
    try:
        target = _PUBLIC.parse(f"https:{source}" if source.startswith("//") else source)
    except Forbidden:
        return None
    if target.scheme != "https" or target.port != DEFAULT_PORTS["https"] or not belongs(target.host, hosts):
        return None
    return Player(
        target.url, pixels(found.get("width")), pixels(found.get("height")), clean(found.get("title"), MAX_TITLE)
    )


def belongs(host: str, hosts: frozenset[str]) -> bool:
    """Return whether `host` is one of `hosts` or below one of them."""
    labels = host.split(".")
    return any(".".join(labels[start:]) in hosts for start in range(len(labels) - 1))


def host_of(url: str) -> str:
    """Return the host of a URL from a provider list without `www.` and wildcards; empty if it has none."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return host.removeprefix("www.").removeprefix("*.")
