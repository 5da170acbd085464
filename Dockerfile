# scapi under gunicorn: not as root; writes only SCAPI_DATA_DIR and /tmp.
#   docker build -t scapi . && docker run --read-only --tmpfs /tmp -v scapi:/var/lib/scapi -p 127.0.0.1:8000:8000 scapi
# It upgrades the schema before it serves, one container at a time. compose.yaml has several, with all other services.

FROM node:22-bookworm-slim AS page
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
COPY web/uploader/package.json uploader/
RUN npm ci
COPY web ./
# writes ../scapi/page/static
RUN npm run build

# The Python that all tests run on.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
ENV PIP_CONSTRAINT=/src/requirements.lock PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock setup.cfg pyproject.toml README.md LICENSE ./
# The dependencies, in a separate layer: without the packages' code, this installs only metadata and dependencies.
# hadolint ignore=DL3013  # the versions are those of PIP_CONSTRAINT
RUN python -m venv --without-pip /opt/scapi \
 && pip --python /opt/scapi/bin/python install '.[oidc,postgresql,s3,redis,heic]'
COPY storage_backends storage_backends
COPY gunicorn.conf.py ./
COPY scapi scapi
COPY --from=page /src/scapi/page/static scapi/page/static
RUN pip --python /opt/scapi/bin/python install --no-deps --force-reinstall .

FROM python:3.11-slim-bookworm
# Fonts for PDFs that do not embed theirs: without these, previews lack Chinese, Japanese, Korean, Cyrillic and more.
# hadolint ignore=DL3008  # the versions are those of the image's release
RUN apt-get update \
 && apt-get install --yes --no-install-recommends fonts-dejavu-core fonts-wqy-microhei \
 && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 scapi \
 && useradd --system --uid 10001 --gid scapi --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin scapi \
 && install --directory --owner=scapi --group=scapi --mode=0750 /var/lib/scapi
WORKDIR /srv/scapi
COPY --from=build /opt/scapi /opt/scapi
COPY wsgi.py config.py gunicorn.conf.py ./
COPY examples/make_bucket.py examples/
ENV PATH=/opt/scapi/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SCAPI_DATA_DIR=/var/lib/scapi
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["sh", "-c", "scapi database upgrade && exec gunicorn --bind 0.0.0.0:8000 wsgi:app"]
