# Everything a fresh machine needs: Python 3.11 or later with pip and venv, and make.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
ARGS   ?=
LOCK    = uv pip compile pyproject.toml --extra local --universal --generate-hashes --python-version 3.11 \
          --no-header --no-annotate --quiet

.PHONY: help demo test check bench schema catalogue lock clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    the retreat of June 2025 on http://127.0.0.1:8000   (ARGS=--once: load, check, end)"
	@echo "make test    the whole test suite, against a PostgreSQL of its own"
	@echo "make check   formatting, lint, types, layers, the schema's contract"
	@echo "make bench   measure against the stock event-sourcing library"
	@echo "make schema catalogue   write schema.graphql, docs/events.md, rules.md and today.md"
	@echo "make lock    write both lock files anew, with uv: what runs, and what it is developed with"

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-build-isolation --no-deps -e .
	touch $@

$(VENV)/.tools: requirements-dev.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

demo: $(VENV)/.installed
	$(BIN)/compact demo $(ARGS)

# Two at a time, a file each; the hash seed gives both the same order of tests.
test: $(VENV)/.tools
	PYTHONHASHSEED=0 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

check: $(VENV)/.tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/compact schema --check api/compact_api/schema.graphql

bench: $(VENV)/.installed
	$(BIN)/compact bench $(ARGS)

schema: $(VENV)/.installed
	$(BIN)/compact schema > api/compact_api/schema.graphql

catalogue: $(VENV)/.installed
	$(BIN)/compact catalogue > docs/events.md
	$(BIN)/compact catalogue --rules > docs/rules.md
	$(BIN)/compact catalogue --today > docs/today.md

lock:
	$(LOCK) --group build --output-file requirements.lock
	$(LOCK) --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis out
