"""Fixtures of all tests of previews: no packet leaves this machine; servers run on loopback."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from tests.previews import sites
from tests.previews.sites import Site


@pytest.fixture(autouse=True)
def nothing_leaves_this_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let sockets reach only loopback, and forbid name lookups; a test that tries either fails."""
    tried: list[Any] = []

    def guarded(name: str) -> None:
        original = getattr(socket.socket, name)

        def guard(self: socket.socket, *arguments: Any) -> Any:
            address = arguments[-1]
            if self.family != socket.AF_UNIX and not ip_address(address[0]).is_loopback:
                tried.append((name, address))
                raise ConnectionRefusedError(f"a test wanted to reach {address}")
            return original(self, *arguments)

        monkeypatch.setattr(socket.socket, name, guard)

    for name in ("connect", "connect_ex", "sendto"):
        guarded(name)
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        monkeypatch.setattr(socket, name, _numeric_only(getattr(socket, name), tried))
    yield
    assert tried == []


def _numeric_only(original: Any, tried: list[Any]) -> Any:
    def guard(host: str | bytes | None, *arguments: Any, **options: Any) -> Any:
        try:
            ip_address(host.decode() if isinstance(host, bytes) else host or "127.0.0.1")
        except ValueError:
            tried.append(("lookup", host))
            raise socket.gaierror(socket.EAI_NONAME, f"a test wanted to look up {host!r}") from None
        return original(host, *arguments, **options)

    return guard


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on loopback."""
    with sites.serving() as running:
        yield running
