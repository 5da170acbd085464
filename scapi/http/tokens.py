"""Checks that all bearer tokens share: they are JWTs (RFC 7519), and a refusal says what is wrong."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jwt

from scapi.refusals import Refused

LEEWAY = 30
"""Seconds that the clock of the token's issuer may be ahead or behind."""


def decoded(decode: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the claims that `decode` returns. Raises Refused (401) with a plain message for PyJWT's error."""
    try:
        return decode()
    except jwt.MissingRequiredClaimError as error:
        raise invalid(f"the claim {error.claim} is missing") from error
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        texts = (text for kind, text in _TEXTS.items() if isinstance(error, kind))
        raise invalid(next(texts, "it cannot be read")) from error


def invalid(why: str) -> Refused:
    """Return the refusal of a token."""
    return Refused("invalid_token", f"the token is not valid: {why}")


def checks(required: Sequence[str], *, audience: bool) -> Any:
    """Return the options of PyJWT. It accepts jti only as text, but the original service also writes a number."""
    return {"require": list(required), "verify_jti": False, "verify_sub": False, "verify_aud": audience}


_TEXTS: Mapping[type[Exception], str] = {
    jwt.ExpiredSignatureError: "it has expired",
    jwt.ImmatureSignatureError: "it is not valid yet (nbf, iat)",
    jwt.InvalidIssuedAtError: "iat must be a time",
    jwt.InvalidAudienceError: "its audience (aud) is not this service",
    jwt.InvalidIssuerError: "its issuer (iss) is not the expected one",
    jwt.InvalidAlgorithmError: "its algorithm (alg) is not accepted",
    jwt.InvalidSignatureError: "its signature is wrong",
}
"""Subclasses come before their base classes."""
