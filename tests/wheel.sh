#!/usr/bin/env bash
# Tests the wheel as a user gets it: it is installed into a new environment, away from the checkout, and completes a line there.
# The model comes from the cache that `seed-lsp model fetch qwen2.5-coder-0.5b` fills.
#
#   tests/wheel.sh WHEEL
set -euo pipefail

MODEL=qwen2.5-coder-0.5b
wheel=$(realpath "$1")
unset PYTHONPATH VIRTUAL_ENV
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
say() { echo "wheel: $*"; }

"${PYTHON:-python3}" -m venv environment
bin=$folder/environment/bin
say "installing $(basename "$wheel"), $(du -h --apparent-size "$wheel" | cut -f1)"
"$bin/python" -m pip install --quiet --disable-pip-version-check "$wheel"
"$bin/python" -m pip check
say "the environment takes $(du -sh environment | cut -f1)"

# A wheel of a platform without the compiled kernels would run three times as slow, and nobody would know why.
"$bin/python" - << 'CHECK'
import importlib.metadata
import importlib.util

files = importlib.metadata.distribution("seed-lsp").files
packages = {file.parts[0] for file in files if file.parts[0] != ".." and not file.parts[0].endswith(".dist-info")}
assert packages == {"seed_lsp", "engine"}, f"the wheel brings {sorted(packages)}, not seed_lsp and engine alone"
assert importlib.util.find_spec("benchmarks") is None, "the checkout's benchmarks can be imported"
assert any(file.name.startswith("_kernels.") for file in files), "the wheel was built without the kernels; a C++ compiler builds them"
CHECK

printf 'def area(width, height):\n    """The area of a rectangle."""\n    return ' > shapes.py
"$bin/seed-lsp" --version
"$bin/seed-lsp" doctor --model "$MODEL"
text=$("$bin/seed-lsp" complete shapes.py --line 3 --column 12 --model "$MODEL")
[ -n "$text" ] || { say "the completion is empty"; exit 1; }
say "completed: return $text"
