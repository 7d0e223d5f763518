# The project's commands. Each sees to its own set-up and is quick when that is done.
#
#   make demo   [ARGS="--port 8081"]      the demonstration city
#   make test   [ARGS="tests/unit -x"]    the tests
#   make lint   make bench   make soak [SOAK_SECONDS=600]   make clean
#
# PYTHON=python3.12 chooses the interpreter of .venv (python3 unless told).

ARGS ?=
SOAK_SECONDS ?= 300
SOAK_SPARE := 480

BIN := .venv/bin
NPM_STAMP := node_modules/.installed

export PYTHON

.NOTPARALLEL:
.PHONY: help demo test lint bench soak clean setup-run setup-dev setup-test

help:
	@sed -n '/^#/!q; s/^# \{0,1\}//p' Makefile

# ---- what they are for

demo: setup-run
	@exec $(BIN)/hall demo $(ARGS)

bench: setup-run
	@exec $(BIN)/hall bench $(ARGS)

# Files in their own order: the browser's journeys, the longest, come first and end first.
test: setup-dev setup-test $(NPM_STAMP)
	@exec $(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup-dev $(NPM_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy scripts/smoke-demo
	$(BIN)/mypy scripts/screenshots
	$(BIN)/lint-imports
	node_modules/.bin/tsc --project tsconfig.json
	node scripts/check-es2017.mjs

# Ends by itself after SOAK_SECONDS, which the tests read from the environment;
# timeout is for the case that they do not.
soak: setup-dev setup-test
	SOAK_SECONDS=$(SOAK_SECONDS) timeout --foreground --kill-after=60 \
		$$(($(SOAK_SECONDS) + $(SOAK_SPARE))) $(BIN)/pytest tests/soak $(ARGS)

clean:
	rm -rf .venv node_modules build dist out evaluation_devices/hall_evaluation/web/vendor
	rm -f cameras/hall_cameras/presence/models/*.tflite
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- set-up

setup-run:
	@scripts/setup-venv run
	@scripts/setup-system run
	@scripts/setup-charts
	@scripts/setup-presence

setup-dev:
	@scripts/setup-venv dev

setup-test:
	@scripts/setup-system test

$(NPM_STAMP): package.json package-lock.json
	@scripts/setup-system lint
	@echo "npm: installing the chart library and what checks the pages" >&2
	@npm ci --silent
	@scripts/setup-charts
	@scripts/setup-presence
	@scripts/setup-chromium70
	@touch $@
