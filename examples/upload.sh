#!/usr/bin/env bash
# README's first upload as a script, for any photo or PDF: examples/upload.sh photo.jpg (API=... for another server)
set -euo pipefail
FILE=${1:?which file?}
FOLDER=$(mktemp -d)
trap 'rm -r "$FOLDER"' EXIT
ln -s "$(cd "$(dirname "$FILE")" && pwd)/$(basename "$FILE")" "$FOLDER/photo.jpg"
cd "$FOLDER"

API=${API:-http://127.0.0.1:8000/api/v2}
field() { python3 -c "import json, sys; it = json.load(sys.stdin); print(it['$1'] if '$1' in it else sys.exit(it['message']))"; }
send() {
  SIZE=$(($(wc -c < "$1"))) START=0 UPLOAD=
  while [ $START -lt $SIZE ]; do
    dd if="$1" of=chunk bs=204800 skip=$((START / 204800)) count=1 2> /dev/null
    END=$((START + $(wc -c < chunk) - 1))
    UPLOAD=$(curl -sS -H "Content-Range: bytes $START-$END/$SIZE" -F "image=@chunk;filename=${1##*/}" \
      -F "upload_id=$UPLOAD" $API/media/upload/chunk/ | field upload_id) || return
    START=$((END + 1))
  done
  MD5=$(openssl md5 -r "$1" | cut -c1-32)
  curl -sS -F upload_id=$UPLOAD -F md5=$MD5 $API/media/upload/complete/ | field url
}

send photo.jpg
