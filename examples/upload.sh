#!/usr/bin/env bash
# README's first upload as a script, of any photo: examples/upload.sh photo.jpg (API=... for another address)
set -euo pipefail
PHOTO=$(realpath -e "${1:?which photo?}")
FOLDER=$(mktemp -d)
trap 'rm -r "$FOLDER"' EXIT
ln -s "$PHOTO" "$FOLDER/photo.jpg"
cd "$FOLDER"

API=${API:-http://127.0.0.1:8000/api/v2}
field() { python3 -c "import json, sys; it = json.load(sys.stdin); print(it['$1'] if '$1' in it else sys.exit(it['message']))"; }

UPLOAD=$(curl -sS -F image=@photo.jpg $API/media/upload/chunk/ | field upload_id)
MD5=$(md5sum < photo.jpg | cut -c1-32)
curl -sS -F upload_id=$UPLOAD -F type=image -F md5=$MD5 $API/media/upload/complete/ | field image

SIZE=$(wc -c < photo.jpg) START=0 UPLOAD=
split -b 200K photo.jpg chunk.
for CHUNK in chunk.*; do
  END=$((START + $(wc -c < $CHUNK) - 1))
  UPLOAD=$(curl -sS -H "Content-Range: bytes $START-$END/$SIZE" -F "image=@$CHUNK;filename=photo.jpg" \
    -F "upload_id=$UPLOAD" $API/media/upload/chunk/ | field upload_id) || break
  START=$((END + 1))
done
rm chunk.*
curl -sS -F upload_id=$UPLOAD -F type=image -F md5=$MD5 $API/media/upload/complete/
