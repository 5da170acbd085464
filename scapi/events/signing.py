"""Signs webhooks: Standard Webhooks 1.0.0, symmetric signatures (v1)."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
MIN_KEY, MAX_KEY = 24, 64
"""Bytes of a key (Standard Webhooks, signature scheme)."""


def keys(secret: str) -> list[bytes]:
    """Return the keys in `secret`: `whsec_...`, separated by spaces. Raises ValueError for anything else."""
    return [_key(part) for part in secret.split()]


def headers(event_id: str, timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    """Return the headers of an attempt at `timestamp` (seconds since 1970): id, time, one signature per key."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    digests = [hmac.digest(key, signed, hashlib.sha256) for key in keys(secret)]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
    }


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("it is not base64") from error
    if not text.startswith(PREFIX) or not MIN_KEY <= len(key) <= MAX_KEY:
        raise ValueError(f"it must be {PREFIX} and {MIN_KEY} to {MAX_KEY} bytes in base64")
    return key
