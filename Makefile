# Everything below works from a clean clone on a Debian machine; `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.core
ALL := $(VENV)/.all
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install demo test test-slow lint bench docs clean

help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile

install: $(ALL)  ## make .venv with every extra that needs no GPU

$(CORE): pyproject.toml scripts/ensure_python
	@scripts/ensure_python "$(PYTHON)"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	@touch $(CORE)

$(ALL): $(CORE)
	$(BIN)/pip install --quiet --editable '.[nonlinear,bench,dev]'
	@touch $(ALL)

demo: $(CORE)  ## solve three word problems and re-check their certificates
	@$(BIN)/python examples/demo.py

test: install  ## all tests but the slow ones
	@scripts/ensure_sandbox
	@scripts/ensure_postgres
	$(BIN)/pytest -n auto --dist worksteal -m "not slow"

test-slow: install  ## the tests that take minutes
	@scripts/ensure_sandbox
	@scripts/ensure_postgres
	$(BIN)/pytest -m slow

lint: install  ## formatting, style, types, layering
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install  ## every benchmark in its quick form
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script --quick || exit 1; done

docs: install  ## regenerate docs/schema and the command-line help in the docs
	$(BIN)/python scripts/make_docs.py

clean:  ## remove what the other targets made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
