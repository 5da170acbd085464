"""Signatures of webhooks, and the accepted keys."""

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from scapi.events import signing


def secret(length: int) -> str:
    return "whsec_" + base64.b64encode(bytes(range(length))).decode()


@pytest.mark.parametrize("length", [24, 25, 63, 64])
def test_keys_of_the_right_length(length: int) -> None:
    assert signing.keys(secret(length)) == [bytes(range(length))]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (secret(23), "24 to 64 bytes"),
        (secret(65), "24 to 64 bytes"),
        (secret(24).removeprefix("whsec_"), "it must be whsec_"),
        (secret(24).removeprefix("w"), "not base64"),
        ("whsec_é", "."),
        ("whsec_" + "a" * 33, "not base64"),
    ],
)
def test_keys_that_are_none(wrong: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        signing.keys(wrong)


def test_several_keys_make_several_signatures() -> None:
    both = f"{secret(24)} {secret(32)}"
    assert signing.keys(both) == [bytes(range(24)), bytes(range(32))]
    assert signing.keys("") == []
    headers = signing.headers("msg_1", 1_700_000_000, b'{"a": 1}', both)
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == "1700000000"
    signatures = headers["webhook-signature"].split(" ")
    assert len(signatures) == len(set(signatures)) == 2
    for one, signature in zip(both.split(), signatures, strict=True):
        library = Webhook(one)
        version, _, digest = signature.partition(",")
        assert version == "v1"
        assert library.sign("msg_1", datetime.fromtimestamp(1_700_000_000, UTC), '{"a": 1}') == f"v1,{digest}"
