"""Bearer tokens: who is asking. The format is the one that the API's real service documents (HS256 JWT)."""

import os
import secrets
import tempfile
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from flask import Flask, current_app, g, request

from scapi.refusals import Refused
from scapi.watching import BLUEPRINT as WATCHING

ALGORITHM = "HS256"
TOKEN_TYPE = "access"  # noqa: S105 - a name, no secret
MIN_SECRET_BYTES = 32  # RFC 7518, section 3.2: a key of at least the hash's size
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
    return current_user_id() if current_app.config["SCAPI_ANONYMOUS_WRITES"] else require_user().id


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


def secret_in(data_dir: Path) -> str:
    """Return the secret kept in `data_dir`, made there if this is the first run."""
    file = data_dir / "jwt-secret"
    if not file.exists():
        data_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(dir=data_dir)  # for its owner only
        made = Path(name)
        with os.fdopen(fd, "w") as output:
            output.write(secrets.token_hex(MIN_SECRET_BYTES))
        try:
            file.hardlink_to(made)  # of several processes that start at once, one wins and the others read its secret
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return file.read_text().strip()


def _identify() -> None:
    header = request.headers.get("Authorization")
    if header is None or request.method == "OPTIONS" or request.blueprint == WATCHING:
        return
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused("invalid_token", "the Authorization header must be: Bearer <token>")
    g.user = read_token(token.strip(), current_app.config["SCAPI_JWT_SECRET"])
