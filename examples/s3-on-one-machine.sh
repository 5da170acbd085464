#!/usr/bin/env bash
# scapi on a whole S3 set-up on this machine: SeaweedFS, a real object store, with its data in var/s3.
# `make run-s3` runs it. Both servers stop with Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."

S3_PORT=${S3_PORT:-8333}
DATA=${SCAPI_DATA_DIR:-var}/s3
mkdir -p "$DATA"

# a key pair for this machine only, made at first run
if [ ! -f "$DATA/secret" ]; then
  (umask 077 && .venv/bin/python -c 'import secrets; print(secrets.token_hex(20))' > "$DATA/secret")
fi
export AWS_ACCESS_KEY_ID=scapi AWS_SECRET_ACCESS_KEY
AWS_SECRET_ACCESS_KEY=$(cat "$DATA/secret")
(umask 077 && cat > "$DATA/identities.json" <<EOF
{"identities": [{"name": "scapi", "actions": ["Admin", "Read", "Write", "List"],
  "credentials": [{"accessKey": "$AWS_ACCESS_KEY_ID", "secretKey": "$AWS_SECRET_ACCESS_KEY"}]}]}
EOF
)

.venv/bin/weed server -dir="$DATA" -ip=127.0.0.1 -ip.bind=127.0.0.1 -master.telemetry=false \
  -volume.max=32 -volume.preStopSeconds=0 -filer -s3 -s3.port="$S3_PORT" -s3.port.iceberg=0 -s3.port.lance=0 \
  -s3.config="$DATA/identities.json" > "$DATA/weed.log" 2>&1 &
WEED=$!
trap 'kill $WEED; wait $WEED || true' EXIT

export SCAPI_STORAGE=s3 SCAPI_S3_BUCKET=scapi SCAPI_S3_ENDPOINT_URL=http://127.0.0.1:$S3_PORT
export SCAPI_S3_REGION=us-east-1 SCAPI_S3_ADDRESSING_STYLE=path
.venv/bin/python - <<'EOF'
import os
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

end = time.monotonic() + 60
while True:  # the store takes a few seconds until it can be written
    try:
        client = boto3.client("s3", endpoint_url=os.environ["SCAPI_S3_ENDPOINT_URL"], region_name="us-east-1")
        client.create_bucket(Bucket="scapi")
        break
    except ClientError as error:
        if error.response["Error"]["Code"] in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            break
    except BotoCoreError:
        pass
    if time.monotonic() > end:
        raise SystemExit("SeaweedFS is not ready after a minute; its log is weed.log in the data folder")
    time.sleep(0.2)
EOF

.venv/bin/flask db upgrade
.venv/bin/gunicorn wsgi:app
