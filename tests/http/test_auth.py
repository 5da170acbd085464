"""Bearer tokens."""

import base64
import hmac
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask import Flask

from scapi.http import auth
from scapi.refusals import Refused
from tests import files, running
from tests.client import COMPLETE, refusal, send_chunk, upload
from tests.conftest import token
from tests.running import SECRET, Server

NOW = datetime.now(UTC)
CLAIMS: dict[str, Any] = {
    "user_id": 7,
    "token_type": "access",
    "iat": NOW,
    "exp": NOW + timedelta(hours=1),
    "jti": "a1b2",
}


HEADER = {"alg": "HS256", "typ": "JWT"}
SIMPLE = {**CLAIMS, "iat": 0, "exp": 9_999_999_999}


def made(*without: str, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """Return a token with other claims than a valid one."""
    chosen = {name: value for name, value in {**CLAIMS, **claims}.items() if name not in without}
    return jwt.encode(chosen, secret, algorithm)


def unsigned() -> str:
    """Return a token with `alg: none`."""
    return by_hand(HEADER | {"alg": "none"}, SIMPLE).rpartition(".")[0] + "."


def by_hand(header: object, payload: object, secret: str = SECRET) -> str:
    """Return a token with any header and payload (bytes stay unchanged), signed by HMAC with SHA-256."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    digest = hmac.digest(secret.encode(), signed, "sha256")
    return (signed + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


def test_a_valid_token_says_who_is_asking() -> None:
    assert auth.read_token(made(), SECRET).id == 7
    assert auth.read_token(made(jti=12, ext_id="x"), SECRET).id == 7
    assert auth.read_token(made(user_id="7"), SECRET).id == 7
    assert auth.read_token(made(aud="another service", iss="anyone"), SECRET).id == 7
    assert auth.read_token(auth.make_token(9, SECRET, timedelta(hours=1)), SECRET).id == 9


@pytest.mark.parametrize("seconds", [-20, 20])
def test_clocks_may_differ_by_half_a_minute(seconds: int) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    assert auth.read_token(made(iat=moment, nbf=moment, exp=moment + timedelta(hours=1)), SECRET).id == 7
    if seconds < 0:
        assert auth.read_token(made(exp=moment), SECRET).id == 7


def test_two_secrets_hold_while_one_is_changed() -> None:
    both, other = f"{'n' * 32} {'o' * 32}", "x" * 32
    assert auth.read_token(made(secret="n" * 32), both).id == 7
    assert auth.read_token(made(secret="o" * 32), both).id == 7
    assert auth.read_token(auth.make_token(7, both, timedelta(hours=1)), "n" * 32).id == 7
    with pytest.raises(Refused):
        auth.read_token(made(secret=other), both)
    with pytest.raises(Refused):
        auth.read_token(made("exp", secret="n" * 32), both)


@pytest.mark.parametrize(
    ("claims", "good"),
    [
        ({"aud": "scapi", "iss": "us"}, True),
        ({"aud": ["other", "scapi"], "iss": "us"}, True),
        ({"aud": "other", "iss": "us"}, False),
        ({"aud": "scapi", "iss": "them"}, False),
        ({"iss": "us"}, False),
        ({"aud": "scapi"}, False),
        ({"aud": 7, "iss": "us"}, False),
    ],
)
def test_audience_and_issuer_where_they_are_set(claims: dict[str, Any], good: bool) -> None:
    options: dict[str, Any] = {"audiences": ("scapi", "second"), "issuer": "us"}
    if good:
        assert auth.read_token(made(**claims), SECRET, **options).id == 7
    else:
        with pytest.raises(Refused):
            auth.read_token(made(**claims), SECRET, **options)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("expired", "the token is not valid: it has expired"),
        ("another secret", "the token is not valid: its signature is wrong"),
        ("HS512", "the token is not valid: its algorithm (alg) is not accepted"),
        ("without exp", "the token is not valid: the claim exp is missing"),
        ("not valid yet", "the token is not valid: it is not valid yet (nbf, iat)"),
        ("garbage", "the token is not valid: it cannot be read"),
        ("claims without end", "the token is not valid: it cannot be read"),
    ],
)
def test_a_refusal_says_plainly_what_is_wrong(bad: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        auth.read_token(BAD[bad], SECRET)
    assert refused.value.message == said


BAD = {
    "expired": made(exp=NOW - timedelta(seconds=60)),
    "not valid yet": made(nbf=NOW + timedelta(minutes=50)),
    "made in the future": made(iat=NOW + timedelta(minutes=50)),
    "another secret": made(secret="another secret, as long as the one that the tests share: 64 bytes or more"),
    "HS512": made(algorithm="HS512"),
    "unsigned": unsigned(),
    "refresh": made(token_type="refresh"),
    "user_id is text": made(user_id="seven"),
    "user_id has a sign": made(user_id="+7"),
    "user_id has a zero before it": made(user_id="07"),
    "user_id is in other digits": made(user_id="٧"),
    "user_id is digits, too large": made(user_id=str(2**63)),
    "user_id is nested": made(user_id={"id": 7}),
    "user_id is a bool": made(user_id=True),
    "user_id is negative": made(user_id=-1),
    "user_id is too large": made(user_id=2**63),
    "jti is a list": made(jti=[1]),
    "user_id is beyond JSON": made(user_id=10**400),
    "user_id is a float": made(user_id=7.0),
    "user_id is a list": made(user_id=[7]),
    "user_id is null": made(user_id=None),
    "expires never": by_hand(HEADER, SIMPLE | {"exp": float("inf")}),
    "RS256 with the secret": by_hand(HEADER | {"alg": "RS256"}, SIMPLE),
    "a key that the header brings": by_hand(HEADER | {"jwk": {"kty": "oct", "k": "YWFh"}}, SIMPLE, "aaa"),
    "a list of algorithms": by_hand(HEADER | {"alg": ["HS256"]}, SIMPLE),
    "a header without end": by_hand(b"[" * 10_000, SIMPLE, "any"),
    "claims without end": by_hand(HEADER, b"[" * 10_000),
    "garbage": "a.b.c",
    **{f"without {claim}": made(claim) for claim in CLAIMS},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_other_tokens_are_refused(bad: str) -> None:
    with pytest.raises(Refused) as refused:
        auth.read_token(bad, SECRET)
    assert refused.value.code == "invalid_token"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Token abc", "", f"Bearer {unsigned()}"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v2/media/1/"),
        ("POST", COMPLETE),
        ("GET", "/api/v2/openapi.json"),
        ("GET", "/media/x/y"),
        ("GET", "/nowhere"),
    ],
)
def test_a_bad_token_is_401_everywhere(server: Server, method: str, path: str, header: str) -> None:
    answer = server.request(method, path, headers={"Authorization": header})
    refusal(answer, 401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_the_scheme_is_case_insensitive(server: Server) -> None:
    header = {"Authorization": f"bearer {made()}"}
    assert server.request("GET", "/api/v2/openapi.json", headers=header).status_code == 200


def test_anonymous_writes_can_be_turned_off(new_database: Callable[[str], str], tmp_path: Path) -> None:
    photo = files.jpeg()
    with running.scapi(
        tmp_path, workers=1, SCAPI_ANONYMOUS_WRITES="false", SCAPI_DATABASE_URL=new_database("sqlite")
    ) as server:
        refusal(send_chunk(server, photo), 401, "anonymous")
        fields = {"upload_id": "0" * 32, "md5": "0" * 32}
        refusal(server.request("POST", COMPLETE, json=fields), 401, "anonymous")
        assert upload(server, photo, headers=token(7))["type"] == "image"


def test_the_command_makes_a_token_that_works(server: Server) -> None:
    printed = server.scapi("token", "create", "--user", "7").strip()
    assert auth.read_token(printed, SECRET).id == 7


@pytest.mark.parametrize(("secret", "message"), [("", "SCAPI_JWT_SECRET is not set"), ("short", "at least 32")])
def test_without_a_secret_scapi_does_not_start(make_app: Callable[..., Flask], secret: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        make_app(SCAPI_JWT_SECRET=secret)


def test_a_token_for_longer_than_dates_reach(server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scapi", "token", "create", "--user", "7", "--hours", "999999999"],
        cwd=running.ROOT,
        env=running.environment(**server.settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "999999999 is not in the range" in done.stderr
    assert "Traceback" not in done.stderr
