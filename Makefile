# `make help` lists what can be made; each target prepares what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNS := $(VENV)/.runs
READY := $(VENV)/.ready
# Engines that are given are shared: tests then take turns. Stories come first, on a broker where nobody else made topics.
WORKERS ?= $(if $(YIMEN_DATABASE_URL)$(YIMEN_KAFKA_SERVERS),0,2)
# Compiled modules are kept: a run starts hundreds of processes, and compiling takes half of the time of a start.
unexport PYTHONDONTWRITEBYTECODE
COMPILE := $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	--python-version 3.11
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile

.DEFAULT_GOAL := help
.PHONY: help demo up test check screenshots steady nightly bench contracts format lock

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

define install
test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
$(PIP) --require-hashes -r $<
$(PIP) --no-deps --no-build-isolation -e .
endef

# What only runs the product waits for less than what proves it.
$(RUNS): requirements/run.txt pyproject.toml
	$(install)
	touch $@

$(READY): requirements/develop.txt pyproject.toml
	$(install)
	touch $(RUNS) $@

check: $(READY) ## lint, types, import rules, unit and contract tests (under two minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/pytest tests/unit tests/contract --numprocesses $(WORKERS)

demo: $(RUNS) ## a simulated city for two months, then the check of everything
	$(BIN)/yimen demo

up: $(RUNS) ## run everything here until Ctrl-C; the data lives in .yimen
	$(BIN)/yimen up

test: $(READY) ## the whole proof, on the best engines that this machine has
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/python -m tests.programs
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

screenshots: $(READY) ## pictures of every page, for people to look at; build/screenshots
	$(BIN)/python -m tests.programs
	$(BIN)/pytest tests/browser/screens.py

steady: $(READY) ## races, faults and stories, TIMES=50 each, to find what fails now and then; takes hours (ONLY=FILE for one)
	$(BIN)/pytest $(or $(ONLY),tests/faults tests/acceptance) --count $(or $(TIMES),50) --numprocesses $(WORKERS) --dist loadfile

nightly: $(READY) ## twenty thousand examples of each property and lives of each state machine; takes hours
	YIMEN_HYPOTHESIS=nightly $(BIN)/pytest tests/unit tests/integration/*/test_document.py --numprocesses 2

bench: $(READY) ## measure speeds and memory against yardsticks; build/bench.json (QUICK=1 for a small run)
	$(BIN)/python -m tests.benchmarks

contracts: $(READY) ## render schemas, AsyncAPI, examples and reference pages
	$(BIN)/python -m contracts.render
	$(BIN)/python -m console.render

format: $(READY) ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY) ## compile requirements/ again, with hashes and without addresses
	$(BIN)/pip install --quiet uv
	$(COMPILE) --extra install --extra local pyproject.toml -o requirements/run.txt
	$(COMPILE) --extra install --extra local --extra test --extra check pyproject.toml -o requirements/develop.txt
	$(COMPILE) --extra install pyproject.toml -o requirements/image.txt
	$(COMPILE) --group pyproject.toml:sbom -o requirements/sbom.txt
