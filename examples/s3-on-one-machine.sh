#!/usr/bin/env bash
# Runs scapi with a complete S3 set-up on this machine: SeaweedFS, a real object store. `make run-s3` runs it.
# Data is stored in var-s3 (or SCAPI_DATA_DIR). SeaweedFS listens on S3_PORT (8333) and the three ports after it, and on
# each of these + 10000, on loopback only. Everything stops with Ctrl-C or SIGTERM, or when a part of it stops.
set -euo pipefail
cd "$(dirname "$0")/.."

# a separate folder, because files do not move to another storage by themselves
export SCAPI_DATA_DIR=${SCAPI_DATA_DIR:-var-s3}
S3_PORT=${S3_PORT:-8333}
STORE=$SCAPI_DATA_DIR/store
mkdir -p "$STORE"

# a key pair for this machine only, created at the first run
[ -f "$STORE/secret" ] || (umask 077 && .venv/bin/python -c 'import secrets; print(secrets.token_hex(20))' > "$STORE/secret")
export AWS_ACCESS_KEY_ID=scapi AWS_SECRET_ACCESS_KEY
AWS_SECRET_ACCESS_KEY=$(cat "$STORE/secret")
(umask 077 && cat > "$STORE/identities.json" <<EOF
{"identities": [{"name": "scapi", "actions": ["Admin", "Read", "Write", "List"],
  "credentials": [{"accessKey": "$AWS_ACCESS_KEY_ID", "secretKey": "$AWS_SECRET_ACCESS_KEY"}]}]}
EOF
)

# With setpriv (Linux), the store ends even if this script is killed; scapi's processes watch their parents themselves.
TIED=()
if command -v setpriv > /dev/null; then TIED=(setpriv --pdeathsig TERM); fi
WEED='' SCAPI=''

is_running() { [ -n "$1" ] && kill -0 "$1" 2> /dev/null; }

stop() {
  trap '' INT TERM
  echo "stopping"
  for process in $SCAPI $WEED; do
    kill -TERM "$process" 2> /dev/null || continue
    for _ in $(seq 100); do is_running "$process" || break; sleep 0.1; done
    kill -KILL "$process" 2> /dev/null || true  # the store would wait for idle connections; acknowledged data is in its files
  done
  wait
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "starting SeaweedFS on port $S3_PORT; its log is $STORE/weed.log"
${TIED[@]+"${TIED[@]}"} .venv/bin/weed server -dir="$STORE" -ip=127.0.0.1 -ip.bind=127.0.0.1 -master.telemetry=false \
  -master.electionTimeout=1s -volume.max=32 -volume.preStopSeconds=0 -filer -s3 -s3.port.iceberg=0 -s3.port.lance=0 \
  -s3.config="$STORE/identities.json" -s3.port="$S3_PORT" -volume.port=$((S3_PORT + 1)) \
  -filer.port=$((S3_PORT + 2)) -master.port=$((S3_PORT + 3)) > "$STORE/weed.log" 2>&1 &
WEED=$!

export SCAPI_STORAGE=s3 SCAPI_S3_BUCKET=scapi SCAPI_S3_ENDPOINT_URL=http://127.0.0.1:$S3_PORT
export SCAPI_S3_REGION=us-east-1 SCAPI_S3_ADDRESSING_STYLE=path
for _ in $(seq 300); do # the store needs a few seconds until it can be written
  if ! is_running $WEED; then
    echo "SeaweedFS has stopped:" && tail -n 5 "$STORE/weed.log" && exit 1
  fi
  .venv/bin/python examples/make_bucket.py && break
  sleep 0.2
done

.venv/bin/scapi serve &
SCAPI=$!
while is_running $WEED && is_running $SCAPI; do
  sleep 0.5 &
  wait $! # a signal ends this at once; it would wait for a command in the foreground
done
is_running $WEED || echo "SeaweedFS has stopped; its log is $STORE/weed.log"
exit 1
