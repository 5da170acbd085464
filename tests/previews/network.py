"""A fake Internet for tests: names come from a table, and connections never leave loopback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address

import httpcore

from scapi.previews import fetch
from scapi.previews.addresses import IPAddress

PUBLIC = "93.184.215.14"
"""A public address; connections of tests to it are redirected."""


class Resolver:
    """Answers from a table, and records the queries. A list of lists has one answer per query."""

    def __init__(self, names: Mapping[str, list[str] | list[list[str]]]) -> None:
        self.names = names
        self.asked: list[str] = []

    def __call__(self, host: str) -> list[IPAddress]:
        self.asked.append(host)
        found = self.names.get(host)
        if found is None:
            raise OSError(-2, "Name or service not known")
        if found and isinstance(found[0], list):
            found = found[min(self.asked.count(host), len(found)) - 1]
        return [ip_address(str(address)) for address in found]


class Dialler:
    """Opens connections only to loopback, and records every requested address."""

    def __init__(self, lead: Callable[[str, int], tuple[str, int] | None] = lambda *_: None) -> None:
        self.dialled: list[tuple[str, int]] = []
        self._lead = lead
        """The real target of a connection to a public address; None: no answer."""

    def __call__(self, address: str, port: int, timeout: float) -> httpcore.NetworkStream:
        self.dialled.append((address, port))
        real = (address, port) if ip_address(address).is_loopback else self._lead(address, port)
        if real is None:
            raise httpcore.ConnectError("nobody is there")
        return fetch.connect(*real, timeout)
