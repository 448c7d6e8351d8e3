# The commands of the README. Each sets up what it needs; only Python 3.10 or later, git and make are expected.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed

.PHONY: demo test test-fast lint speed clean

demo: $(SETUP)
	$(BIN)/seed-lsp model fetch qwen2.5-coder-1.5b
	$(BIN)/seed-lsp demo

# All tests; those of a real model use the 0.5B, for time.
test: $(SETUP)
	$(BIN)/seed-lsp model fetch qwen2.5-coder-0.5b
	$(BIN)/python -m pytest

# Without the tests that need a model's file.
test-fast: $(SETUP)
	$(BIN)/python -m pytest -m "not model and not slow"

lint: $(SETUP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# The figures of docs/LOG.md: every comparison in one run on this machine.
speed: $(SETUP)
	$(BIN)/seed-lsp model fetch qwen2.5-coder-1.5b
	$(BIN)/seed-lsp demo --json

$(SETUP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
