"""Checks the configuration of a bucket: its CORS, its lifecycle rules, and its server's clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from storage_backends.base import Diagnosis

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

MOST_SKEW = 60
"""The most seconds of clock difference. S3 refuses requests with a difference of 15 minutes."""


def diagnose(client: S3Client, bucket: str, prefix: str) -> Iterator[Diagnosis]:
    """Yield findings about a bucket. Raises botocore's errors if it cannot be reached."""
    yield _clock(client, bucket)
    yield _cors(client, bucket)
    yield _lifecycle(client, bucket, prefix)


def _clock(client: S3Client, bucket: str) -> Diagnosis:
    headers = client.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPHeaders"]
    if "date" not in headers:
        return Diagnosis("clock", "the server does not send its time")
    skew = abs((parsedate_to_datetime(headers["date"]) - datetime.now(UTC)).total_seconds())
    if skew <= MOST_SKEW:
        return Diagnosis("clock", f"{skew:.0f} s from this machine's")
    return Diagnosis(
        "clock",
        f"{skew:.0f} s from this machine's",
        "S3 refuses requests with a difference of 15 minutes, and presigned URLs expire early or late",
        "timedatectl set-ntp true    # on both machines",
    )


def _cors(client: S3Client, bucket: str) -> Diagnosis:
    rules = _asked("CORS", lambda: client.get_bucket_cors(Bucket=bucket).get("CORSRules", []))
    if isinstance(rules, Diagnosis):
        return rules
    if any("GET" in rule.get("AllowedMethods", ()) for rule in rules):
        return Diagnosis("CORS", "scripts may load files")
    rule = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]}
    return Diagnosis(
        "CORS",
        "no rule lets scripts load files",
        "<img> works, but fetch() of a file ends at the redirect to the bucket",
        f"aws s3api put-bucket-cors --bucket {bucket} --cors-configuration '{_with('CORSRules', rules, rule)}'",
    )


def _lifecycle(client: S3Client, bucket: str, prefix: str) -> Diagnosis:
    rules = _asked("lifecycle", lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket).get("Rules", []))
    if isinstance(rules, Diagnosis):
        return rules
    if any("AbortIncompleteMultipartUpload" in rule and rule.get("Status") == "Enabled" for rule in rules):
        return Diagnosis("lifecycle", "unfinished multipart uploads end by themselves")
    rule = {
        "ID": "unfinished",
        "Status": "Enabled",
        "Filter": {"Prefix": prefix},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    return Diagnosis(
        "lifecycle",
        "no rule ends unfinished multipart uploads",
        "if the sweeper does not run, they cost money and are not visible in normal listings",
        f"aws s3api put-bucket-lifecycle-configuration --bucket {bucket} "
        f"--lifecycle-configuration '{_with('Rules', rules, rule)}'",
    )


def _with(name: str, rules: list[Any], rule: dict[str, Any]) -> str:
    """Return the configuration with one more rule: a new configuration replaces all existing rules."""
    return json.dumps({name: [*rules, rule]}, default=str, separators=(",", ":"))


def _asked(name: str, ask: Any) -> Any:
    """Return the server's answer: an empty list if nothing is set, a Diagnosis if the server gives no answer."""
    try:
        return ask()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code.startswith("NoSuch"):
            return []
        return Diagnosis(name, f"the server gives no answer ({code})")
