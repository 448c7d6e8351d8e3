"""Evaluation sets by their public names, from a hub on this machine.

It answers as the real one does: rows as its data sets have them, as Parquet.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pytest
from pyarrow import parquet

from engine.evaluation.hub import SOURCES
from engine.evaluation.tasks import Task

HUMANEVAL = {
    "task_id": "HumanEval/0",
    "prompt": 'def double(x):\n    """Twice x."""\n',
    "canonical_solution": "    return 2 * x\n",
    "test": "\n\ndef check(candidate):\n    assert candidate(2) == 4\n",
    "entry_point": "double",
}
MBPP = {
    "task_id": 2,
    "prompt": "Write a function to double a number.",
    "code": "def double(x):\n    return 2 * x",
    "test_imports": ["import math"],
    "test_list": ["assert double(2) == 4", "assert math.isclose(double(2.5), 5)"],
}
ROWS: dict[str, dict[str, Any]] = {
    "humaneval": HUMANEVAL,
    "humaneval-plus": {**HUMANEVAL, "test": HUMANEVAL["test"] + "\ncheck(double)\n"},
    "mbpp": MBPP,
    "mbpp-plus": {**MBPP, "test": "import math\nassert all(double(i) == i + i for i in range(9))"},
    "infill-single-line": {
        **HUMANEVAL,
        "prompt": HUMANEVAL["prompt"] + "    y = x",
        "canonical_solution": " + x\n",
        "suffix": "    return y\n",
    },
    "canitedit": {
        "full_name": "1_double",
        "before": "def double(x):\n    return x\n",
        "after": "def double(x):\n    return 2 * x\n",
        "tests": "assert double(2) == 4",
        "instruction_descriptive": "Make `double` return twice its argument.",
        "instruction_lazy": "Double it.",
    },
    "humanevalfix": {
        "task_id": "Python/0",
        "declaration": "def double(x):\n",
        "buggy_solution": "    return 3 * x\n",
        "canonical_solution": "    return 2 * x\n",
        "entry_point": "double",
        "test": "def check(double):\n    assert double(2) == 4\n\ncheck(double)",
    },
}


@pytest.fixture
def hub() -> Iterator[str]:
    """Serves each set's file where the hub keeps its conversions."""
    files = {}
    for name, row in ROWS.items():
        source = SOURCES[name]
        for split in source.splits:
            out = io.BytesIO()
            parquet.write_table(pa.Table.from_pylist([row]), out)
            files[f"/datasets/{source.repo}/resolve/refs/convert/parquet/{source.config}/{split}/0000.parquet"] = out.getvalue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files.get(unquote(self.path))
            self.send_response(200 if data else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.send_header("ETag", f'"{abs(hash(data)):040x}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.end_headers()
            if data and self.command == "GET":
                self.wfile.write(data)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_a_set_of_the_hub_is_judged_by_its_references(name: str, hub: str, tmp_path: Path):
    """The harness's own check over what came from the hub: references pass, broken answers fail."""
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-m", "engine.evaluation.harness", name, "--check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["references_that_fail"] == report["broken_answers_that_pass"] == []
    assert report["tasks"] == len(SOURCES[name].splits) * (2 if name == "canitedit" else 1)


@pytest.mark.slow
def test_a_hub_that_cannot_be_reached_is_named(tmp_path: Path):
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-m", "engine.evaluation.harness", "humaneval", "--check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "humaneval is not to be had from the hub (openai/openai_humaneval" in done.stderr
    assert "--data" in done.stderr


def test_what_the_model_is_shown_of_a_larger_set():
    """For MBPP+ the model is shown the tests of the smaller set, and not those that judge it."""
    small, large = (next(SOURCES[name].tasks(ROWS[name])) for name in ("mbpp", "mbpp-plus"))
    assert small["tests"].startswith("import math\nassert double(2) == 4")
    assert large["base_tests"].startswith("assert double(2) == 4")
    assert "range(9)" in Task("x", "instruct", large).program("def double(x):\n    return 2 * x")
