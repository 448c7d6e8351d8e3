# The commands of the README. Each sets up what it needs; only Python 3.10 or later, git and make are expected.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed
MODELS := qwen2.5-coder-1.5b qwen2.5-coder-0.5b

.PHONY: demo test test-fast lint peers bench clean

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

# llama.cpp, which `seed-lsp bench speed` compares with: npm's node-llama-cpp, its prebuilt binary, no install script run.
peers:
	npm install --prefix .peers --ignore-scripts --no-audit --no-fund node-llama-cpp@3

# The figures of docs/benchmarks.md; some three quarters of an hour with nothing else running.
bench: $(SETUP) peers
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	for model in $(MODELS); do \
	  $(BIN)/seed-lsp model fetch $$model && \
	  $(BIN)/seed-lsp bench speed --model $$model && \
	  $(BIN)/seed-lsp bench blocks --model $$model --png docs/blocks-$$model.png && \
	  $(BIN)/seed-lsp bench latency --model $$model && \
	  $(BIN)/seed-lsp bench memory --model $$model || exit 1; \
	done

$(SETUP): pyproject.toml $(wildcard engine/native/*.cpp engine/native/*.h)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .peers build engine/native/*.so dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
