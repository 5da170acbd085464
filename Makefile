# scapi's commands. `make help` lists them.

PYTHON ?= python3
PORT ?= 8000
KILLS ?= 600
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
EXAMPLES ?= 50
SEED ?= 1
BIN = .venv/bin

# setup.cfg has the allowed versions; requirements.lock has the used ones, also of build tools
# (setuptools warns about an editable package in its own folder; here that is intended)
PIP_INSTALL = PIP_CONSTRAINT=requirements.lock PYTHONWARNINGS=ignore $(BIN)/pip install --quiet
EXTRAS = oidc,postgresql,s3,redis,heic

PAGE = scapi/page/static/index.html
PAGE_SOURCES = $(wildcard web/*.html web/*.ts web/*.json web/src/* web/src/components/* web/src/styles/* web/uploader/*.json web/uploader/src/*)

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: run
run: install page-or-not ## set up and serve on http://127.0.0.1:8000 (PORT=... for another)
	@PORT=$(PORT) exec $(BIN)/scapi serve

.PHONY: run-s3
run-s3: .venv/installed-for-development page-or-not ## the same on S3, with an object store on this machine
	@PORT=$(PORT) exec examples/s3-on-one-machine.sh

.PHONY: image
image: ## build the container image and start it, with docker, podman or buildah (PORT=...)
	deploy/image.sh build
	@PORT=$(PORT) exec deploy/image.sh run

.PHONY: test-image
test-image: .venv/installed-for-development ## build the image and test it (skipped if no tool can build it)
	SCAPI_TEST_IMAGE=1 $(BIN)/pytest tests/deploy/test_image.py

.PHONY: install
install: .venv/installed ## make .venv with what scapi needs to run

.PHONY: page
page: $(PAGE) ## build the page at / (needs npm)

.PHONY: page-or-not
page-or-not:
	@command -v npm >/dev/null && $(MAKE) --silent page || echo "The page at / is not built: npm is missing."

QUICK = tests/formats tests/settings tests/storage_backends/local tests/events/test_signing.py \
  tests/http/test_byte_ranges.py tests/http/test_cursors.py tests/http/test_ordering.py tests/http/test_texts.py \
  tests/previews/test_addresses.py tests/previews/test_canonical.py tests/previews/test_charsets.py \
  tests/previews/test_choosing.py tests/previews/test_texts.py tests/storage_backends/test_keys.py \
  tests/tags/test_folding.py tests/tus/test_headers.py tests/uploads/test_digests.py tests/uploads/test_filenames.py \
  tests/uploads/test_md5.py tests/uploads/test_rules.py

.PHONY: test
test: .venv/installed-for-development page-or-not ## set up and run all tests, as many at a time as there are cores (JOBS=...)
	$(BIN)/pytest --numprocesses $(JOBS) --dist worksteal $(addprefix --ignore=,$(QUICK))
	$(BIN)/pytest --quiet --numprocesses $(JOBS) --cov --cov-report term:skip-covered $(QUICK)

.PHONY: quick
quick: .venv/installed-for-development ## run the tests that need no server and no browser, in less than a minute
	$(BIN)/pytest --quiet --numprocesses $(JOBS) $(QUICK)

.PHONY: torture
torture: .venv/installed-for-development ## kill and race for longer (KILLS=...)
	SCAPI_TEST_KILLS=$(KILLS) SCAPI_TEST_BROKEN=2000 SCAPI_TEST_COMPLETES=200 SCAPI_TEST_LATENCY=1 SCAPI_TEST_SILENCE=25 SCAPI_TEST_DELAYS='0.1 0.4 1' $(BIN)/pytest --capture=no tests/faults
	SCAPI_TEST_MEDIA=500 SCAPI_TEST_CUTS=200 $(BIN)/pytest --capture=no tests/e2e/test_moving.py tests/e2e/test_any_cuts.py
	SCAPI_TEST_STORAGE=seaweed $(BIN)/pytest tests/tus tests/resumable -k postgresql

.PHONY: bench
bench: .venv/installed-for-benchmarks benchmarks/peers/tus/node_modules/.installed ## compare scapi's speed with alternatives (needs npm, and 20 minutes of an idle machine)
	$(BIN)/python -m benchmarks.throughput
	$(BIN)/python -m benchmarks.whole_jobs
	$(BIN)/python -m benchmarks.completing
	$(BIN)/python -m benchmarks.network --rtt 100 --sizes 50
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.s3_traffic

.PHONY: fuzz
fuzz: .venv/installed-for-development ## send more random requests (EXAMPLES=..., SEED=...)
	SCAPI_TEST_EXAMPLES=$(EXAMPLES) SCAPI_TEST_SEED=$(SEED) $(BIN)/pytest --capture=no tests/fuzz

.PHONY: mutants
mutants: .venv/installed-for-mutants ## change one thing at a time in pure modules; their tests must fail (20 minutes)
	JOBS=$(JOBS) $(BIN)/python -m tests.mutants $(MODULES)

.PHONY: lint
lint: lint-style lint-types $(if $(shell command -v npm),lint-page) ## check style and types

.PHONY: lint-style
lint-style: .venv/installed-for-development
	@mkdir -p build
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache > build/imports.txt 2>&1 || { cat build/imports.txt; exit 1; }

.PHONY: lint-types
lint-types: .venv/installed-for-development
	$(BIN)/mypy

.PHONY: lint-page
lint-page: web/node_modules/.installed
	npm --prefix web run --silent check

.PHONY: docs
docs: .venv/installed-for-docs ## build the documentation: build/docs/index.html
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --nitpicky -d build/doctrees docs build/docs

.PHONY: screenshots
screenshots: .venv/installed-for-development $(PAGE) ## make the pictures of the page for README
	$(BIN)/python -m tests.page.screenshots

.PHONY: lock
lock: .venv/installed-for-development ## write requirements.lock again from setup.cfg
	$(BIN)/pip-compile --quiet --all-extras --all-build-deps --allow-unsafe --strip-extras --no-emit-options \
	  --no-header --upgrade --output-file requirements.lock setup.cfg

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/installed: requirements.lock setup.cfg pyproject.toml | .venv/bin/python
	$(PIP_INSTALL) --editable '.[$(EXTRAS)]'
	@touch $@

# building the documentation needs neither databases nor browsers
.venv/installed-for-docs: requirements.lock setup.cfg | .venv/bin/python
	$(PIP_INSTALL) --editable '.[docs]'
	@touch $@

.venv/installed-for-development: .venv/installed
	$(PIP_INSTALL) --editable '.[$(EXTRAS),docs,test,lint]'
	@touch $@

.venv/installed-for-benchmarks: .venv/installed-for-development
	$(PIP_INSTALL) --editable '.[$(EXTRAS),docs,test,lint,bench]'
	@touch $@

.venv/installed-for-mutants: .venv/installed-for-development
	$(PIP_INSTALL) --editable '.[$(EXTRAS),docs,test,lint,mutants]'
	@touch $@

%/node_modules/.installed: %/package.json %/package-lock.json
	cd $* && npm ci --no-progress --loglevel=error
	@touch $@

$(PAGE): $(PAGE_SOURCES) web/node_modules/.installed
	npm --prefix web run --silent build -- --logLevel warn
