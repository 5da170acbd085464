"""Tokens of an OpenID Connect provider, beside those of scapi's own secret."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from flask import Flask
from flask.testing import FlaskClient

from scapi.settings import ConfigurationError
from tests import files
from tests.conftest import token
from tests.http import providers
from tests.http.providers import AUDIENCE, ISSUER, KEYS, bearer, signed, user
from tests.running import SECRET

MEDIA = "/api/v2/media/"
PHOTO = files.jpeg()
LINK = {"type": "embed", "embed_type": "song", "embed_id": "oidc"}


def by_hand(header: dict[str, Any], secret: bytes = b"") -> str:
    """Return a token with any header, signed by HMAC with SHA-256, or not signed."""
    parts = [json.dumps(part).encode() for part in (header, providers.claims())]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    digest = hmac.digest(secret, text, hashlib.sha256) if secret else b""
    return (text + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


PEM = (
    KEYS["RS256"].public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)
OTHER = providers.jwk("other", "RS256", providers.OTHER_RSA)

FORGED = {
    "HS256 with the public key": by_hand({"alg": "HS256", "kid": "RS256"}, PEM),
    "HS256 with our secret in the name of the provider": by_hand({"alg": "HS256"}, SECRET.encode()),
    "alg none": by_hand({"alg": "none", "kid": "RS256"}),
    "alg None": by_hand({"alg": "None", "kid": "RS256"}),
    "alg is a list": by_hand({"alg": ["RS256"], "kid": "RS256"}),
    "no alg": by_hand({"kid": "RS256"}),
    "another key": signed(key=providers.OTHER_RSA),
    "the key of another algorithm": signed("ES256", "RS256"),
    "an unknown key": signed(kid="unknown"),
    "kid is a number": by_hand({"alg": "RS256", "kid": 7}),
    "kid is a path": signed(kid="../../../../dev/null"),
    "a key that the header brings": signed(key=providers.OTHER_RSA, header={"jwk": OTHER}),
    "a URL that the header names": signed(key=providers.OTHER_RSA, header={"jku": "http://127.0.0.1:1/", "x5u": "x"}),
    "RS512": jwt.encode(providers.claims(), KEYS["RS256"], "RS512", headers={"kid": "RS256"}),
    "PS256": jwt.encode(providers.claims(), KEYS["RS256"], "PS256", headers={"kid": "RS256"}),
    "another issuer": signed(iss="https://login.example.org/realms/other"),
    "the issuer with a slash": signed(iss=f"{ISSUER}/"),
    "another audience": signed(aud="another application"),
    "other audiences": signed(aud=["another", "application"]),
    "expired": signed(exp=1),
    "not valid yet": signed(nbf=9_999_999_999),
    "sub is empty": signed(sub=""),
    "sub is too long": signed(sub="x" * 256),
    "sub has a NUL": signed(sub="a\0b"),
    "garbage": "a.b.c",
    **{f"without {name}": signed(**dict[str, Any]({name: None})) for name in ("iss", "aud", "exp", "sub")},
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_forged_tokens_open_nothing(client: FlaskClient) -> None:
    answers = {what: client.get(MEDIA, headers=bearer(forged)) for what, forged in FORGED.items()}
    assert {what: answer.status_code for what, answer in answers.items()} == dict.fromkeys(FORGED, 401)
    assert {answer.get_json()["errors"][0]["code"] for answer in answers.values()} == {"invalid_token"}


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_algorithm_is_taken(client: FlaskClient, algorithm: str) -> None:
    assert client.get(MEDIA, headers=bearer(signed(algorithm))).status_code == 200
    assert client.get(MEDIA, headers=bearer(signed(algorithm, aud=["other", AUDIENCE]))).status_code == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("claim", "claims", "is_admin"),
    [
        ("is_admin", {"is_admin": True}, True),
        ("is_admin", {"is_admin": "true"}, False),
        ("is_admin", {"is_admin": 1}, False),
        ("https://example.org/roles=admin", {"https://example.org/roles": ["admin"]}, True),
        ("https://example.org/roles=admin", {"https://example.org/roles": "admin"}, True),
        ("https://example.org/roles=admin", {"https://example.org/roles": "no admin"}, False),
        ("app.role=admin", {"app": {"role": "admin"}}, True),
        ("app.role=admin", {"app": "admin"}, False),
        ("role=", {"role": ""}, True),
    ],
)
def test_who_is_an_admin(
    make_app: Callable[..., Flask], settings: dict[str, Any], claim: str, claims: dict[str, Any], is_admin: bool
) -> None:
    client = make_app(**settings, SCAPI_JWT_ADMIN_CLAIM=claim, SCAPI_TAG_WRITERS="admins").test_client()
    answer = client.post("/api/v2/tag/", json={"name": "one"}, headers=user("anna", **claims))
    assert answer.status_code == (201 if is_admin else 403)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_another_claim_may_name_the_user(make_app: Callable[..., Flask], settings: dict[str, Any]) -> None:
    client = make_app(**settings, SCAPI_JWT_USER_CLAIM="user.number").test_client()
    assert client.get(MEDIA, headers=user("anna", user={"number": 12})).status_code == 200
    assert client.get(MEDIA, headers=user("anna")).status_code == 401


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_keys_it_is_503_and_our_own_tokens_work(
    make_app: Callable[..., Flask], settings: dict[str, Any]
) -> None:
    client = make_app(**settings | {"SCAPI_JWT_JWKS": "http://127.0.0.1:1/jwks"}).test_client()
    answer = client.get(MEDIA, headers=user("anna"))
    assert (answer.status_code, answer.get_json()["errors"][0]["code"]) == (503, "keys_unavailable")
    assert answer.headers["Retry-After"]
    assert client.get(MEDIA, headers=token(7)).status_code == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_a_secret_of_ours_no_token_of_ours_is_taken(
    make_app: Callable[..., Flask], settings: dict[str, Any]
) -> None:
    client = make_app(**settings, SCAPI_JWT_SECRET="", SCAPI_SERVER_KEY="k" * 32).test_client()
    assert client.get(MEDIA, headers=user("anna")).status_code == 200
    empty = by_hand({"alg": "HS256"}, b"\0")
    assert [client.get(MEDIA, headers=headers).status_code for headers in (token(7), bearer(empty))] == [401, 401]


@pytest.mark.parametrize("missing", ["SCAPI_JWT_ISSUER", "SCAPI_JWT_AUDIENCE", "SCAPI_JWT_JWKS"])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_settings_that_cannot_work(make_app: Callable[..., Flask], settings: dict[str, Any], missing: str) -> None:
    wrong = {missing: "http://login.example.org/" if missing == "SCAPI_JWT_JWKS" else ""}
    with pytest.raises(ConfigurationError, match=missing):
        make_app(**settings | wrong)
