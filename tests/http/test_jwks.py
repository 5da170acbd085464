"""The keys of a provider: fetched when needed, within limits, and cached."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scapi.http.jwks import MAX_AGE, MAX_BYTES, PAUSE, Keys, KeysFailure, fetch, loader, parse
from scapi.refusals import Refused
from tests.http import providers
from tests.http.providers import KEYS, Provider, jwk
from tests.servers import wait_until


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providers.serving() as provider:
        yield provider


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(provider: Provider, clock: Clock) -> Keys:
    return Keys(loader(provider.url), clock)


def refused(keys: Keys, kid: str | None, algorithm: str = "RS256") -> str:
    with pytest.raises(Refused) as refused:
        keys.find(kid, algorithm)
    return refused.value.code


@pytest.mark.parametrize("algorithm", KEYS)
def test_a_key_is_found_by_its_name_and_algorithm(keys: Keys, provider: Provider, algorithm: str) -> None:
    assert keys.find(algorithm, algorithm).algorithm == algorithm
    assert keys.find(None, algorithm) == keys.find(algorithm, algorithm)
    assert provider.asked == 1


def test_a_key_is_good_for_its_own_algorithm_only(keys: Keys) -> None:
    assert refused(keys, "RS256", "ES256") == "invalid_token"


def test_rotation(keys: Keys, provider: Provider, clock: Clock) -> None:
    keys.find("RS256", "RS256")
    provider.publish(jwk("new", "RS256", providers.OTHER_RSA))
    clock.now += PAUSE
    assert keys.find("new", "RS256")
    assert refused(keys, "RS256") == "invalid_token"  # the key was withdrawn


def test_unknown_names_cause_one_fetch_a_minute(keys: Keys, provider: Provider, clock: Clock) -> None:
    keys.find("RS256", "RS256")
    clock.now += PAUSE
    assert [refused(keys, f"unknown {number}") for number in range(20)] == ["invalid_token"] * 20
    assert provider.asked == 2
    clock.now += PAUSE
    assert refused(keys, "unknown") == "invalid_token"
    assert provider.asked == 3


def test_keys_are_fetched_again_after_an_hour_while_the_old_ones_serve(
    keys: Keys, provider: Provider, clock: Clock
) -> None:
    keys.find("RS256", "RS256")
    provider.publish(jwk("new", "RS256", providers.OTHER_RSA))
    clock.now += MAX_AGE + 1
    provider.hold.clear()
    assert keys.find("RS256", "RS256")  # no request waits
    provider.hold.set()
    wait_until(lambda: ("new", "RS256") in keys._keys, 30, "the new keys")


@pytest.mark.parametrize("what", ["away", "500", "redirect", "huge", "no JSON", "no keys", "a list", "deep"])
def test_whatever_the_provider_answers_the_last_good_keys_stay(
    keys: Keys, provider: Provider, clock: Clock, what: str
) -> None:
    assert keys.find("RS256", "RS256")
    good = provider.body
    broken(provider, what)
    clock.now += PAUSE
    assert refused(keys, "unknown") == "invalid_token"
    assert keys.find("RS256", "RS256")
    provider.status, provider.headers, provider.body = 200, {}, good
    clock.now += PAUSE
    assert keys.find("ES256", "ES256")


@pytest.mark.parametrize("what", ["500", "redirect", "huge", "no JSON", "no keys", "a list", "deep"])
def test_without_any_key_there_is_no_verdict(keys: Keys, provider: Provider, clock: Clock, what: str) -> None:
    good = provider.body
    broken(provider, what)
    assert refused(keys, "RS256") == "keys_unavailable"
    assert refused(keys, "RS256") == "keys_unavailable"
    assert provider.asked == 1
    provider.status, provider.headers, provider.body = 200, {}, good
    clock.now += PAUSE
    assert keys.find("RS256", "RS256")


def broken(provider: Provider, what: str) -> None:
    if what in ("500", "away"):
        provider.status = 500
    elif what == "redirect":
        provider.status, provider.headers = 302, {"Location": provider.url}
    elif what == "huge":
        padding = json.dumps({"keys": [jwk("RS256", "RS256")], "padding": "x" * MAX_BYTES})
        provider.body = padding.encode()
    else:
        bodies = {"no JSON": b"<html>", "no keys": b'{"keys": []}', "a list": b"[]", "deep": b"[" * 60_000}
        provider.body = bodies[what]


def test_a_slow_provider_is_given_up(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scapi.http.jwks.SECONDS", 0.2)
    provider.hold.clear()
    with pytest.raises(KeysFailure, match="Timeout"):
        fetch(provider.url)


def test_nobody_there() -> None:
    with pytest.raises(KeysFailure, match="ConnectError"):
        fetch("http://127.0.0.1:1/jwks")


def test_keys_that_are_not_for_signatures_of_ours() -> None:
    small = {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "small"}
    entries = [
        jwk("enc", "RS256", use="enc"),
        jwk("other", "RS256", alg="RS512"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"},
        {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "curve"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "point"},
        {"kty": ["RSA"], "kid": "list"},
        {"kty": "EC", "crv": ["P-256"], "x": "AA", "y": "AA", "kid": "list of curves"},
        jwk("wrap", "RS256", key_ops=["wrapKey"]),
        jwk("odd", "RS256", key_ops=7),
        small,
        "text",
        jwk("good", "ES256", x5u="https://evil.example/", jku="https://evil.example/"),
    ]
    assert [kid for kid, _ in parse(json.dumps({"keys": entries}).encode())] == ["good"]


def test_a_file(tmp_path: Path, provider: Provider, clock: Clock) -> None:
    file = tmp_path / "jwks.json"
    keys = Keys(loader(str(file)), clock)
    assert refused(keys, "RS256") == "keys_unavailable"
    file.write_bytes(provider.body)
    clock.now += PAUSE
    assert keys.find("RS256", "RS256")


@pytest.mark.parametrize(
    "source", ["http://login.example.org/jwks", "ftp://login.example.org/jwks", "http://10.0.0.1/"]
)
def test_sources_that_are_not_allowed(source: str) -> None:
    with pytest.raises(ValueError, match="expected an https URL"):
        loader(source)


@pytest.mark.parametrize(
    "source", ["https://login.example.org/jwks", "http://localhost:1/", "http://[::1]:1/", "a/file"]
)
def test_sources_that_are_allowed(source: str) -> None:
    assert callable(loader(source))
