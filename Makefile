# `make help` lists what can be made; each target prepares what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo up test check bench contracts format lock

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

$(READY): requirements/develop.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/develop.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

check: $(READY) ## lint, types, import rules, unit and contract tests (under two minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/pytest tests/unit tests/contract

demo: $(READY) ## a simulated city for two months, then the check of everything
	$(BIN)/yimen demo

up: $(READY) ## run everything here until Ctrl-C; the data lives in .yimen
	$(BIN)/yimen up

test: $(READY) ## the whole proof, on the best engines that this machine has
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/pytest

bench: $(READY) ## measure speeds and memory against yardsticks; build/bench.json (QUICK=1 for a small run)
	$(BIN)/python -m tests.benchmarks

contracts: $(READY) ## render schemas, AsyncAPI, examples and reference pages
	$(BIN)/python -m contracts.render
	$(BIN)/python -m services.console.render

format: $(READY) ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY) ## compile requirements/ again, with hashes and without addresses
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --python-version 3.11 --extra test --extra check pyproject.toml -o requirements/develop.txt
