"""The user of a request, by its bearer token."""

import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from flask import Flask, Response, current_app, g, request

from scapi.http import cors, oidc, tokens
from scapi.http.users import UNKNOWN, UserName, Users
from scapi.refusals import Refused
from scapi.settings import Settings, settings
from scapi.settings.first_run import secrets_in

WATCHING = "watching"
"""The name of the blueprint of the operator's endpoints, which ignore users' tokens."""

ALGORITHM = "HS256"
TOKEN_TYPE = "access"  # noqa: S105 - a name, no secret
MAX_USER_ID = 2**63 - 1

REQUIRED = ("exp", "iat", "jti", "user_id", "token_type")
"""The required claims of scapi's own tokens, as documented by the API's original service."""

_DIGITS = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class User:
    """A user with a valid token."""

    id: int
    is_admin: bool = False
    name: UserName | None = None
    """The name of a user of the login provider; None for own users, whose name is the id."""


def register(app: Flask, settings: Settings) -> None:
    """Check the bearer token of every request first: an invalid one is 401 everywhere.

    The operator's endpoints check no token, or their own. Raises ConfigurationError.
    """
    app.extensions["scapi.users"] = Users()
    app.extensions["scapi.oidc"] = oidc.provider_of(settings)
    app.before_request(_identify)


def current_user() -> User | None:
    """Return the user of the request; None for an anonymous request."""
    user: User | None = g.get("user")
    return user


def current_user_id() -> int | None:
    """Return the id of the request's user; None for an anonymous request."""
    user = current_user()
    return user.id if user else None


def current_user_name() -> UserName | None:
    """Return the name of the request's user in the API; None for an anonymous request."""
    user = current_user()
    return None if user is None else user.name or user.id


def users() -> Users:
    """Return the users of this application."""
    found: Users = current_app.extensions["scapi.users"]
    return found


def name_of(user_id: int | None) -> UserName | None:
    """Return the name of a user in the API."""
    return users().name_of(user_id)


def require_user() -> User:
    """Return the user of the request. Raises Refused (401) for an anonymous request."""
    user = current_user()
    if user is None:
        raise Refused("anonymous", "this needs a bearer token in the Authorization header")
    return user


def require_admin() -> User:
    """Return the user of the request, an admin. Raises Refused: 401 for an anonymous request, 403 for other users."""
    user = require_user()
    if not user.is_admin:
        raise Refused("not_admin", "only an admin may do that")
    return user


def require_writer() -> int | None:
    """Return the id of the user who uploads or creates media; None for an anonymous request.

    Raises Refused (401) for an anonymous request when `SCAPI_ANONYMOUS_WRITES` is off.
    """
    return current_user_id() if settings.anonymous_writes else require_user().id


def make_token(user_id: int, secret: str, lifetime: timedelta, *, admin: bool = False, **more: str) -> str:
    """Return an own token for `user_id`, optionally an admin, that is valid from now on for `lifetime`."""
    now = datetime.now(UTC)
    claims = {
        "user_id": user_id,
        "token_type": TOKEN_TYPE,
        "iat": now,
        "exp": now + lifetime,
        "jti": uuid.uuid4().hex,
        **({"is_admin": True} if admin else {}),
        **more,
    }
    return jwt.encode(claims, secrets_in(secret)[0], ALGORITHM)


def read_token(token: str, secret: str, *, audiences: Sequence[str] = (), issuer: str = "", not_from: str = "") -> User:
    """Return the user of an own token. `secret` may be two secrets during a change. Raises Refused (401).

    Tokens of the issuer `not_from` are never accepted as own tokens. Without a secret there are no own tokens.
    """
    if not secret:
        raise tokens.invalid("its algorithm (alg) is not accepted")
    required = [*REQUIRED, *(["aud"] if audiences else []), *(["iss"] if issuer else [])]
    options: dict[str, Any] = {
        "algorithms": [ALGORITHM],
        "leeway": tokens.LEEWAY,
        "audience": list(audiences) or None,
        "issuer": issuer or None,
        "options": tokens.checks(required, audience=bool(audiences)),
    }
    claims = tokens.decoded(lambda: _signed_by_one_of(token, secrets_in(secret), options))
    if not_from and claims.get("iss") == not_from:
        raise tokens.invalid("tokens of this issuer (iss) are not signed like that")
    if claims["token_type"] != TOKEN_TYPE:
        raise tokens.invalid('token_type must be "access"')
    if type(claims["jti"]) not in (str, int):
        raise tokens.invalid("jti must be text or an integer")
    return User(_user_id(claims["user_id"]), is_admin=claims.get("is_admin") is True)


def _signed_by_one_of(token: str, secrets: Sequence[str], options: Mapping[str, Any]) -> Mapping[str, Any]:
    for secret in secrets[:-1]:
        with suppress(jwt.InvalidSignatureError):
            return jwt.decode(token, secret, **options)
    return jwt.decode(token, secrets[-1], **options)


def _user_id(claim: object) -> int:
    """Return a user's id, a number or its digits. Raises Refused (401)."""
    if isinstance(claim, str) and _DIGITS.fullmatch(claim):
        claim = int(claim)
    if type(claim) is not int or not 0 <= claim <= MAX_USER_ID:
        raise tokens.invalid("user_id must be an integer")
    return claim


def _identify() -> Response | None:
    if request.method == "OPTIONS":
        return cors.preflight()
    header = request.headers.get("Authorization")
    if header is None or request.blueprint == WATCHING:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused("invalid_token", "the Authorization header must be: Bearer <token>")
    g.user = _user_of(token.strip())
    return None


def _user_of(token: str) -> User:
    """Return the user of a token. Own tokens use HS256, the provider's use its keys. Raises Refused."""
    provider: oidc.Provider | None = current_app.extensions["scapi.oidc"]
    if provider is None:
        audiences, issuer = settings.jwt_audience, settings.jwt_issuer
        return read_token(token, settings.jwt_secret, audiences=audiences, issuer=issuer)
    header = tokens.decoded(lambda: jwt.get_unverified_header(token))
    if header.get("alg") not in oidc.ALGORITHMS:
        return read_token(token, settings.jwt_secret, not_from=provider.issuer)
    name, is_admin = provider.read(token, header)
    found = users().find(name) if settings.read_only else users().id_of(name)
    return User(UNKNOWN if found is None else found, is_admin=is_admin, name=name)
