"""Fetching from a site on loopback."""

from scapi.previews.addresses import Rules
from scapi.previews.deadlines import Deadline
from scapi.previews.fetch import Fetched, Fetcher, Wanted
from tests.previews.network import Dialler, Resolver
from tests.previews.sites import Site

HTML = Wanted("text/html", ("text/html",), 50_000)


def fetcher(site: Site, names: dict[str, list[str]] | None = None, **more: object) -> Fetcher:
    """A fetcher that may use the site's port of loopback."""
    rules = Rules.from_settings(["127.0.0.1"], [site.port, 80, 443])
    return Fetcher(rules, Resolver(names or {}), Dialler(), **more)  # type: ignore[arg-type]


def get(site: Site, url: str, wanted: Wanted = HTML, seconds: float = 5) -> Fetched:
    """Fetch `url` from the site."""
    return fetcher(site).get(url, wanted, Deadline.after(seconds))
