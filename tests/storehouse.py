"""Everything in a server's storage, read without scapi."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import boto3

ROOMS = ("files", "parts")


def contents(settings: Mapping[str, str]) -> set[str]:
    """Return the names of all objects and unfinished multipart uploads in the storage that `settings` name."""
    if settings.get("SCAPI_STORAGE") == "s3":
        return _in_bucket(settings)
    data = Path(settings["SCAPI_DATA_DIR"])
    return {file.relative_to(data).as_posix() for room in ROOMS for file in (data / room).rglob("*") if file.is_file()}


def local_inventory(root: Path) -> list[str]:
    """Return the names of all files of a LocalBackend; published files by their keys."""
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return [path.relative_to(root).as_posix().removeprefix("files/") for path in found]


@cache
def _client(endpoint: str, region: str, key: str, secret: str) -> Any:
    session = boto3.session.Session(key, secret, region_name=region)
    return session.client("s3", endpoint_url=endpoint)


def _in_bucket(settings: Mapping[str, str]) -> set[str]:
    s3 = _client(
        settings["SCAPI_S3_ENDPOINT_URL"],
        settings["SCAPI_S3_REGION"],
        settings["AWS_ACCESS_KEY_ID"],
        settings["AWS_SECRET_ACCESS_KEY"],
    )
    bucket, prefix = settings["SCAPI_S3_BUCKET"], settings["SCAPI_S3_PREFIX"]
    objects = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    uploads = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    found = {item["Key"] for page in objects for item in page.get("Contents", [])}
    found |= {"multipart " + item["Key"] for page in uploads for item in page.get("Uploads", [])}
    return found
