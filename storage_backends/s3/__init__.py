"""Uploads in a bucket of an S3-compatible store."""

try:
    import boto3  # noqa: F401  # asked for here, where its absence can be explained
except ImportError as missing:
    raise ImportError("storage in S3 needs boto3: pip install 'scapi[s3]'") from missing

from storage_backends.s3.backend import S3Backend

__all__ = ["S3Backend"]
