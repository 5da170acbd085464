"""Tokens of an OpenID Connect provider: checks signature, issuer and audience, and reads the claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import jwt

from scapi.database import can_be_kept
from scapi.http import jwks, tokens
from scapi.http.jwks import Keys
from scapi.http.users import MAX_NAME, PREFIX
from scapi.settings import ConfigurationError, Settings

ALGORITHMS = tuple(jwks.ALGORITHMS.values())


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider in the settings, whose tokens are accepted."""

    keys: Keys
    issuer: str
    audiences: tuple[str, ...]
    user_claim: str
    admin_claim: str

    def read(self, token: str, header: Mapping[str, Any]) -> tuple[str, bool]:
        """Return the name of the token's user, and whether the user is an admin. Raises Refused (401, 503).

        Only `alg` and `kid` of the header are used: a key, or a URL of one, inside a token is ignored.
        """
        kid = header.get("kid")
        key = self.keys.find(kid if isinstance(kid, str) else None, header["alg"])
        claims = tokens.decoded(
            lambda: jwt.decode(
                token,
                key.public,
                algorithms=[key.algorithm],
                audience=list(self.audiences),
                issuer=self.issuer,
                leeway=tokens.LEEWAY,
                options=tokens.checks(["exp", "iss", "aud"], audience=True),
            )
        )
        return PREFIX + self._user(claims), self._is_admin(claims)

    def _user(self, claims: Mapping[str, Any]) -> str:
        user = _claim(claims, self.user_claim)
        name = str(user) if type(user) is int else user
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not can_be_kept(name):
            raise tokens.invalid(f"the claim {self.user_claim} must be text of 1 to {MAX_NAME} characters")
        return name

    def _is_admin(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the claim is true, or is or contains the value in the setting."""
        if not self.admin_claim:
            return False
        name, named, wanted = self.admin_claim.rpartition("=")
        if not named:
            return _claim(claims, self.admin_claim) is True
        value = _claim(claims, name)
        return wanted in value if isinstance(value, list) else value == wanted


def provider_of(settings: Settings) -> Provider | None:
    """Return the provider in the settings, if there is one. Raises ConfigurationError."""
    if not settings.jwt_jwks:
        return None
    for name, value in (("SCAPI_JWT_ISSUER", settings.jwt_issuer), ("SCAPI_JWT_AUDIENCE", settings.jwt_audience)):
        if not value:
            raise ConfigurationError(
                f"{name} is not set, and SCAPI_JWT_JWKS is: any token of that provider would be accepted"
            )
    if find_spec("cryptography") is None:
        raise ConfigurationError("SCAPI_JWT_JWKS needs the package cryptography: pip install 'scapi[oidc]'")
    try:
        keys = Keys(jwks.loader(settings.jwt_jwks))
    except ValueError as error:
        raise ConfigurationError(f"SCAPI_JWT_JWKS: {error}") from error
    return Provider(keys, settings.jwt_issuer, settings.jwt_audience, settings.jwt_user_claim, settings.jwt_admin_claim)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return the claim `name`, which may be inside others: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
