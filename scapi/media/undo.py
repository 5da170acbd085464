"""Delete tokens: a client that creates a media without a login gets one, once, and can delete the media with it."""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from scapi.media.models import Media
from scapi.settings import settings

HEADER = "Scapi-Delete-Token"


def token_of(media: Media) -> str | None:
    """Return the delete token, an HMAC of the media's hash_code with the server's key; None if a user created it."""
    if media.creator_id is not None:
        return None
    digest = hmac.digest(settings.server_key.encode(), b"delete:" + media.hash_code.bytes, hashlib.sha256)
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def fits(media: Media, token: str) -> bool:
    """Return whether `token` is the delete token of this media. Compares in constant time."""
    expected = token_of(media)
    return expected is not None and hmac.compare_digest(expected.encode(), token.encode())
