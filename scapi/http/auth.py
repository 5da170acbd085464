"""Bearer tokens: who is asking. The format is the one that the API's real service documents (HS256 JWT)."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
from flask import Flask, g, request

from scapi.refusals import Refused
from scapi.settings import settings

WATCHING = "watching"
"""Name of the blueprint of the operator's endpoints: no user asks them, and no user's token is looked at there."""

ALGORITHM = "HS256"
TOKEN_TYPE = "access"  # noqa: S105 - a name, no secret
MAX_USER_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class User:
    """Whoever holds a valid token."""

    id: int
    is_admin: bool = False


def register(app: Flask) -> None:
    """Check the bearer token of every request before anything else happens: a bad one is 401 everywhere.

    The operator's endpoints look at none, or at one of their own.
    """
    app.before_request(_identify)


def current_user() -> User | None:
    """Return who is asking, None for an anonymous request."""
    user: User | None = g.get("user")
    return user


def current_user_id() -> int | None:
    """Return the id of who is asking, None for an anonymous request."""
    user = current_user()
    return user.id if user else None


def require_user() -> User:
    """Return who is asking. Raises Refused (401) for an anonymous request."""
    user = current_user()
    if user is None:
        raise Refused("anonymous", "this needs a bearer token in the Authorization header")
    return user


def require_admin() -> User:
    """Return who is asking. Raises Refused: 401 for an anonymous request, 403 for somebody who is no admin."""
    user = require_user()
    if not user.is_admin:
        raise Refused("not_admin", "only an admin may do that")
    return user


def require_writer() -> int | None:
    """Return the id of who may upload and create media, None where nobody needs to be known.

    Raises Refused (401) for an anonymous request when `SCAPI_ANONYMOUS_WRITES` is off.
    """
    return current_user_id() if settings.anonymous_writes else require_user().id


def make_token(user_id: int, secret: str, lifetime: timedelta, *, admin: bool = False) -> str:
    """Return a bearer token for `user_id`, perhaps an admin, that is valid from now on for `lifetime`."""
    now = datetime.now(UTC)
    claims = {
        "user_id": user_id,
        "token_type": TOKEN_TYPE,
        "iat": now,
        "exp": now + lifetime,
        "jti": uuid.uuid4().hex,
        **({"is_admin": True} if admin else {}),
    }
    return jwt.encode(claims, secret, ALGORITHM)


def read_token(token: str, secret: str) -> User:
    """Return the user that `token` speaks for. Raises Refused (401)."""
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            # the real service writes jti as a string or a number; PyJWT would insist on a string
            options={"require": ["exp", "iat", "jti", "user_id", "token_type"], "verify_jti": False},
        )
    except jwt.ExpiredSignatureError as error:
        raise Refused("invalid_token", "the token has expired") from error
    except jwt.InvalidTokenError as error:
        raise Refused("invalid_token", f"the token is not valid: {error}") from error
    user_id = claims["user_id"]
    if claims["token_type"] != TOKEN_TYPE:
        raise Refused("invalid_token", 'the token is not valid: token_type must be "access"')
    if type(user_id) is not int or not 0 <= user_id <= MAX_USER_ID:
        raise Refused("invalid_token", "the token is not valid: user_id must be an integer")
    if type(claims["jti"]) not in (str, int):
        raise Refused("invalid_token", "the token is not valid: jti must be a string or an integer")
    return User(user_id, is_admin=claims.get("is_admin") is True)


def _identify() -> None:
    header = request.headers.get("Authorization")
    if header is None or request.method == "OPTIONS" or request.blueprint == WATCHING:
        return
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused("invalid_token", "the Authorization header must be: Bearer <token>")
    g.user = read_token(token.strip(), settings.jwt_secret)
