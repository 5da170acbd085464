"""Creates the bucket of scapi's settings if it does not exist; exits with 1 while the store does not answer."""

import os
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

THERE = ("BucketAlreadyOwnedByYou", "BucketAlreadyExists")

client = boto3.client(
    "s3",
    endpoint_url=os.environ["SCAPI_S3_ENDPOINT_URL"],
    region_name=os.environ["SCAPI_S3_REGION"],
    config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1}),
)
bucket = os.environ["SCAPI_S3_BUCKET"]
try:
    client.create_bucket(Bucket=bucket)
except ClientError as error:
    if error.response["Error"]["Code"] not in THERE:
        sys.exit(1)
except BotoCoreError:
    sys.exit(1)
try:
    client.put_object(Bucket=bucket, Key=".ready", Body=b"")
    client.delete_object(Bucket=bucket, Key=".ready")
except (BotoCoreError, ClientError):
    sys.exit(1)
