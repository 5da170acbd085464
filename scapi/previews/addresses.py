"""Decides which URLs and addresses the fetcher may access, without any I/O.

A URL is parsed here, once, as browsers do it (WHATWG URL Standard, by ada). The fetcher uses these parts and never
parses the URL again.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

import can_ada

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

MAX_URL = 2048
"""The most characters of a URL. Browsers and proxies begin to fail above that."""

DEFAULT_PORTS = {"http": 80, "https": 443}

# Names that never mean a public host: RFC 6761 and its registry, RFC 8375, RFC 9476, and ICANN's .internal.
PRIVATE_SUFFIXES = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa", "alt", "onion")

# Networks that Python's is_global accepts, or accepted before 3.11.10, but that no public page uses: from the IANA
# special-purpose address registries, and the forms that contain another address (6to4, Teredo).
_NEVER_PUBLIC = tuple(
    ip_network(block)
    for block in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LINE_BREAKS = str.maketrans("", "", "\t\r\n")
# The part of a URL up to its host by RFC 3986. Browsers also end the host at a backslash.
_AUTHORITY = re.compile(r"[^:/?#]*:[/\\]*([^/?#]*)")
_PLAIN = re.compile(r"https?://[^\s\\]+", re.IGNORECASE)


class Forbidden(Exception):
    """A URL or an address that the fetcher must not access."""


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a URL, in ASCII: what a connection and a request are made from. No fragment, no credentials."""

    scheme: str
    host: str
    port: int
    path: str
    """Path and query, quoted."""

    @classmethod
    def of(cls, url: str) -> Self:
        """Parse an absolute http or https URL. Raises Forbidden for anything else."""
        return cls(*_parts(url))

    @property
    def address(self) -> IPAddress | None:
        """The address, if the host is an address and not a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """Host and port as in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL, normalised."""
        return f"{self.scheme}://{self.authority}{self.path}"

    def join(self, reference: str) -> str:
        """Resolve `reference`, found on a page at this URL, to an absolute URL. Raises Forbidden."""
        text = reference.strip().translate(_LINE_BREAKS)
        if _UNSAFE.search(text):
            raise Forbidden("a URL has no control characters or halves of characters")
        try:
            joined = can_ada.parse(self.url) + text
            elsewhere = can_ada.parse(f"{self.scheme}://elsewhere.invalid/") + text
        except ValueError as error:
            raise Forbidden("not a URL") from error
        if joined.hostname == elsewhere.hostname:  # the reference contains the host
            _refuse_odd_address(joined.hostname, text)
        return joined.href


@dataclass(frozen=True, slots=True)
class Rules:
    """The allowed ports, and the hosts and networks that are allowed although they are not public."""

    ports: frozenset[int] = frozenset(DEFAULT_PORTS.values())
    hosts: frozenset[str] = frozenset()
    networks: tuple[IPNetwork, ...] = ()

    @classmethod
    def from_settings(cls, allow: Iterable[str], ports: Iterable[int]) -> Self:
        """Return the rules for `SCAPI_PREVIEW_ALLOW` and `SCAPI_PREVIEW_PORTS`. Raises ValueError."""
        hosts, networks = set(), []
        for entry in filter(None, (entry.strip() for entry in allow)):
            try:
                networks.append(ip_network(entry))
            except ValueError:
                try:
                    hosts.add(_only_host(entry))
                except Forbidden as error:
                    raise ValueError(f"{entry!r} is neither a host name nor a network") from error
        chosen = frozenset(ports)
        if not all(0 < port < 65536 for port in chosen):
            raise ValueError(f"not ports: {sorted(chosen)}")
        return cls(chosen, frozenset(hosts), tuple(networks))

    def parse(self, url: str) -> Target:
        """Parse `url`. Raises Forbidden if its text alone shows that it is not allowed."""
        target = Target.of(url)
        if target.port not in self.ports:
            raise Forbidden(f"port {target.port} is not one of those that may be used")
        address = target.address
        if address is not None:
            self.check([address], target.host)
        elif target.host not in self.hosts and _is_private_name(target.host):
            raise Forbidden("this is no public host name")
        return target

    def check(self, addresses: Iterable[IPAddress], host: str) -> None:
        """Raise Forbidden unless all of these addresses of `host` are allowed."""
        if host not in self.hosts and not all(self._may_reach(address) for address in addresses):
            raise Forbidden("not all of its addresses are public")

    def _may_reach(self, address: IPAddress) -> bool:
        meant = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
        return is_public(address) or any(meant in network for network in self.networks)


def unwrapped(address: IPAddress) -> IPAddress:
    """Return the IPv4 address inside an IPv4-mapped or NAT64 (RFC 6052) address; any other address unchanged."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: IPAddress) -> bool:
    """Return whether anyone on the Internet can reach `address`, so that fetching from it reveals nothing internal."""
    meant = unwrapped(address)
    if isinstance(meant, IPv6Address) and meant not in _GLOBAL_UNICAST:
        return False
    if meant.is_multicast or any(meant in network for network in _NEVER_PUBLIC):
        return False
    return meant.is_global


def written(url: str) -> str:
    """Return the form in which a client's URL is stored: unchanged, unless only a browser would understand it."""
    url = url.strip()
    return url if _PLAIN.fullmatch(url) else str(_parsed(url).href)


def _parsed(url: str) -> can_ada.URL:
    url = url.strip(" \t\r\n")
    if len(url) > MAX_URL:
        raise Forbidden(f"a URL has at most {MAX_URL} characters")
    if _UNSAFE.search(url):
        raise Forbidden("a URL has no control characters or halves of characters")
    authority = _AUTHORITY.match(url)
    if authority and "@" in authority[1]:  # a program that parses it differently from browsers may see another host
        raise Forbidden("a URL with a user name or password is not accepted")
    try:
        parsed = can_ada.parse(url)
    except ValueError as error:
        raise Forbidden("not a URL") from error
    _refuse_odd_address(parsed.hostname, url)
    return parsed


def _refuse_odd_address(host: str, text: str) -> None:
    """Refuse 0x7f.1, 0177.0.0.1 and 2130706433: these forms are used only to hide an address."""
    if _NUMBER.fullmatch(host.rpartition(".")[2]) and host not in text:
        raise Forbidden("an IPv4 address has four decimal numbers")


def _parts(url: str) -> tuple[str, str, int, str]:
    parsed = _parsed(url)
    scheme = parsed.protocol.removesuffix(":")
    if scheme not in DEFAULT_PORTS:
        raise Forbidden("only http and https URLs can be used")
    port = int(parsed.port) if parsed.port else DEFAULT_PORTS[scheme]
    return scheme, _host(parsed.hostname), port, parsed.pathname + parsed.search


def _host(name: str) -> str:
    """Return the host as browsers do, without last dot and brackets. Raises Forbidden if it is not a valid host."""
    if name.startswith("["):
        return str(IPv6Address(name[1:-1]))
    host = name.removesuffix(".")
    if not _HOST.fullmatch(host):
        raise Forbidden("not a host name")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return str(IPv4Address(host))
        except ValueError as error:
            raise Forbidden("not an address") from error
    return host


def _only_host(name: str) -> str:
    """Normalise a host name alone, without a URL, as browsers do. Raises Forbidden."""
    parsed = _parsed(f"http://{name}")
    if parsed.href != f"http://{parsed.hostname}/":
        raise Forbidden("more than a host name")
    return _host(parsed.hostname)


def _is_private_name(host: str) -> bool:
    """Return whether only an internal resolver can know `host`: a single label, or a name in a special-use domain."""
    return "." not in host or any(host == suffix or host.endswith(f".{suffix}") for suffix in PRIVATE_SUFFIXES)
