"""oEmbed (oembed.com, version 1.0): finds the provider for a URL, and parses its answer.

The public list of providers comes with micawber as data, so that no request is needed for it.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from scapi.previews import oembed_answers, players
from scapi.previews.addresses import Forbidden, Target
from scapi.previews.fetch import Fetched, Wanted
from scapi.previews.texts import pixels, seconds, unescaped

if TYPE_CHECKING:
    from micawber import ProviderRegistry

TYPES = ("photo", "video", "link", "rich")

WANTED = Wanted("application/json, text/xml;q=0.8, */*;q=0.5", ("application/", "text/"), 256 * 1024)

MAX_SIZE = {"maxwidth": 1280, "maxheight": 720}
"""The largest size to request for a player, in pixels."""


@dataclass(frozen=True, slots=True)
class OEmbed:
    """A checked oEmbed answer; `url` is the photo's file or the player's URL."""

    type: str
    title: str | None
    description: str | None
    image: str | None
    image_width: int | None
    image_height: int | None
    url: str | None
    width: int | None
    height: int | None
    duration: int | None
    html: str | None


@dataclass(frozen=True, slots=True)
class Providers:
    """The known providers."""

    registry: "ProviderRegistry"
    """Finds the endpoint of a URL."""

    hosts: Mapping[str, frozenset[str]]
    """The hosts of each provider, by the host of its endpoint."""

    @classmethod
    def from_list(cls, providers: Iterable[Mapping[str, Any]], registry: "ProviderRegistry") -> Self:
        """Read a list in the format of oembed.com."""
        hosts: dict[str, set[str]] = defaultdict(set)
        for provider in providers:
            endpoints = provider["endpoints"]
            own = {players.host_of(provider["provider_url"])}
            for endpoint in endpoints:
                own |= {players.host_of(url) for url in (endpoint["url"], *endpoint.get("schemes", ()))}
            # a host that is only a top-level domain would allow all hosts below it
            own = {host for host in own if "." in host}
            for endpoint in endpoints:
                hosts[players.host_of(endpoint["url"])] |= own
        return cls(registry, {endpoint: frozenset(own) for endpoint, own in hosts.items()})

    def endpoint(self, target: Target) -> str | None:
        """Return the endpoint URL for `target`; None if no known provider has one."""
        secure = target.url.replace("http://", "https://", 1)
        bare = secure.replace("https://www.", "https://", 1)
        # many providers list their URLs with http only, but accept https
        for url, listed in (
            (target.url, target.url),
            (secure, secure),
            (bare, bare),
            *((u, _plain(u)) for u in (secure, bare)),
        ):
            provider = self.registry.provider_for_url(listed)
            if provider:
                return with_query(provider.endpoint, {"url": url, "format": "json", **MAX_SIZE})
        return None

    def read(self, answer: Fetched) -> OEmbed | None:
        """Parse an answer; None if it is not oEmbed. A frame is kept only if a known provider sent its own."""
        fields = oembed_answers.fields(answer) if answer.complete else {}
        kind = str(fields.get("type")).strip().lower()
        if kind not in TYPES:
            return None
        player = players.find(fields.get("html"), self.hosts.get(_without_www(answer.target.host), frozenset()))
        photo = _url(fields.get("url"), answer.target) if kind == "photo" else None
        shown = "" if photo else "thumbnail_"
        title, description = oembed_answers.texts(fields)
        return OEmbed(
            type=kind,
            title=title,
            description=description,
            image=photo or _url(fields.get("thumbnail_url"), answer.target),
            image_width=pixels(fields.get(f"{shown}width")),
            image_height=pixels(fields.get(f"{shown}height")),
            url=photo or (player.url if player else None),
            width=pixels(fields.get("width")) or (player.width if player else None),
            height=pixels(fields.get("height")) or (player.height if player else None),
            duration=seconds(fields.get("duration")),
            html=player.html if player else None,
        )


@cache
def known_providers() -> Providers:
    """Return the providers of oembed.com's list as micawber ships it."""
    # imported at the first use: it imports parsers of HTML and a client of Redis, which most processes do not need
    import micawber.providers

    published = json.loads(Path(micawber.providers.PROVIDERS_FILE).read_text())
    return Providers.from_list(published, micawber.bootstrap_oembed())


def with_query(endpoint: str, fields: Mapping[str, Any]) -> str:
    """Return the URL of a request to `endpoint`."""
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(fields)}"


def _without_www(host: str) -> str:
    return host.removeprefix("www.")


def _plain(url: str) -> str:
    return url.replace("https://", "http://", 1)


def _url(value: object, base: Target) -> str | None:
    """Return a URL in an answer from `base` as an absolute URL."""
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        return base.join(unescaped(value))
    except Forbidden:
        return None
