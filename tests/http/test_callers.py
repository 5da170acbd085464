"""The identity of a client whose address is named by proxies."""

from collections.abc import Callable

import pytest
from flask import Flask, request

from scapi.http import callers


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:5678", "192.0.2.7"),
        ("192.0.2.7:", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:5678", "2001:db8::7"),
        ('"[2001:db8::7]:5678"', "2001:db8::7"),
        ("[2001:db8::7]:", "2001:db8::7"),
        ("[2001:db8::7]:0", "2001:db8::7"),
        ("[2001:db8::7]:port", None),
        ("[2001:db8::7]5678", None),
        ("[2001:db8::7]:5678:1", None),
        ("[fe80::7%eth0]:5678", "fe80::7"),
        ("fe80::7%eth0", "fe80::7"),
        ("unknown", None),
        ("_hidden", None),
        ("192.0.2.700", None),
        ("192.0.2.7:port", None),
        ("", None),
    ],
)
def test_addresses_as_proxies_write_them(written: str, address: str | None) -> None:
    found = callers.address_in(written)
    assert (found and str(found)) == address


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("198.51.100.1, 192.0.2.7:5678", "192.0.2.7"),
        ("192.0.2.7, unknown", "10.0.0.1"),
        ("a" * 200, "10.0.0.1"),
        (None, "10.0.0.1"),
    ],
)
def test_what_cannot_be_read_makes_no_new_client(
    make_app: Callable[..., Flask], header: str | None, address: str
) -> None:
    app = make_app(SCAPI_TRUSTED_PROXIES=1)
    app.add_url_rule("/me", view_func=lambda: request.remote_addr or "")
    headers = {} if header is None else {"X-Forwarded-For": header}
    answer = app.test_client().get("/me", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.1"})
    assert answer.text == address
