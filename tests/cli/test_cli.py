"""The command line on a small random model: outputs, exit statuses, and files that are never half
written.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from engine.api import Finished
from seed_lsp.cli import edit, programs
from seed_lsp.cli.parser import build_parser, main, parse
from seed_lsp.errors import UnknownDocumentError
from seed_lsp.features.refactor.action import NewFile
from seed_lsp.session.engine_client import EngineClient

SOURCE = "def f(a):\n    total = a + 1\n    return total\n"
FIELDS = {
    "text",
    "diff",
    "finish_reason",
    "mode",
    "new_tokens",
    "forwards",
    "tokens_per_forward",
    "prefill_seconds",
    "decode_seconds",
    "peak_memory_bytes",
    "model",
    "device",
    "dtype",
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def answer(monkeypatch: pytest.MonkeyPatch, text: str, *, reason="stop") -> list:
    """Let the engine answer with `text`; returns the requests that it was sent."""
    sent: list = []

    async def run(_client, request, _on_event):
        sent.append(request)
        return Finished(1, text, reason, "verified", 9, 3, 20, 0, 0.1, 0.2, 1, request.model, "cpu", "float32")

    monkeypatch.setattr(EngineClient, "run", run)
    return sent


@pytest.mark.slow
def test_complete_runs_the_real_engine(file: Path, tiny_folder: Path, capsys: pytest.CaptureFixture[str]):
    """Server, worker and sampler without an editor; one JSON object with what it cost."""
    arguments = ["complete", str(file), "--line", "3", "--column", "5", "--model", str(tiny_folder), "--max-tokens", "8", "--json"]
    assert main(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    assert report.keys() >= FIELDS
    assert (report["device"], report["mode"], report["new_tokens"] <= 8) == ("cpu", "verified", True)


def test_edit_prints_a_diff_that_git_applies(file: Path, monkeypatch, capsys):
    sent = answer(monkeypatch, SOURCE.replace("total", "result"))
    assert main(["edit", str(file), "--lines", "1:3", "--instruction", "Rename.", "--mode", "autoregressive", "--seed", "4"]) == 0
    diff = capsys.readouterr().out
    assert diff.startswith("--- a/a.py\n+++ b/a.py\n@@ ")
    assert file.read_text() == SOURCE, "without --write the file stays"
    assert (sent[0].sampling.mode, sent[0].sampling.seed, sent[0].region) == ("autoregressive", 4, SOURCE)
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", "apply", "-"], input=diff, text=True, check=True)
    assert file.read_text() == SOURCE.replace("total", "result")


def test_edit_writes_in_one_step_and_keeps_permissions(file: Path, monkeypatch):
    answer(monkeypatch, SOURCE.replace("total", "result"))
    file.chmod(0o755)
    assert main(["edit", str(file), "--lines", "2", "--instruction", "Rename a to b, which is clearer.", "--write"]) == 1, (
        "the answer is for other lines"
    )
    assert main(["edit", str(file), "--lines", "1:3", "--instruction", "Give total a clearer name, such as result.", "--write"]) == 0
    assert file.read_text() == SOURCE.replace("total", "result")
    assert file.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in file.parent.iterdir()] == ["a.py"]


def test_a_new_file_comes_whole_and_never_over_another(file: Path, monkeypatch, capsys):
    """What an action makes is written with `--write` alone, and a file that is there is kept."""
    answer(monkeypatch, "```python\nimport pytest\n\nfrom a import f\n\n\ndef test_f():\n    assert f(1) == 2\n")
    command = ["edit", str(file), "--lines", "1:3", "--action", "generate-tests"]
    made = file.parent / "tests" / "test_a.py"
    assert main(command) == 0
    assert "+def test_f():" in capsys.readouterr().out
    assert not made.exists()
    assert main([*command, "--write"]) == 0
    assert made.read_text(encoding="utf-8").endswith("from a import f\n\n\ndef test_f():\n    assert f(1) == 2\n")
    assert [path.name for path in made.parent.iterdir()] == ["test_a.py"]
    with pytest.raises(UnknownDocumentError, match="exist"):
        edit._write(file, {}, NewFile(made, "another"))
    assert "another" not in made.read_text(encoding="utf-8")
    assert [path.name for path in made.parent.iterdir()] == ["test_a.py"]
    assert file.read_text() == SOURCE


def test_another_file_is_added_to_with_all_that_it_has(file: Path, monkeypatch, capsys):
    """Tests go into the module's file of tests, and not if that changes while they are made."""
    answer(monkeypatch, "```python\nimport pytest\n\nfrom a import f\n\n\ndef test_f():\n    assert f(1) == 2\n")
    command = ["edit", str(file), "--lines", "1:3", "--action", "generate-tests", "--write"]
    tests = file.with_name("test_a.py")
    old = "from a import f\n\n\ndef test_f():\n    assert f(2)  # ü\n"
    tests.write_text(old, encoding="utf-8")
    tests.chmod(0o640)
    assert main(command) == 0
    assert tests.read_text(encoding="utf-8") == old + "\n\ndef test_f2():\n    assert f(1) == 2\n"
    assert tests.stat().st_mode & 0o777 == 0o640
    assert "+def test_f2():" in capsys.readouterr().out
    assert file.read_text() == SOURCE
    assert sorted(path.name for path in file.parent.iterdir()) == ["a.py", "test_a.py"]


def test_a_file_that_changed_meanwhile_is_not_overwritten(file: Path, monkeypatch, capsys):
    async def run(_client, request, _on_event):
        await asyncio.to_thread(file.write_text, "# someone else's work\n")
        return Finished(1, re.sub(r"\ba\b", "b", SOURCE), "stop", "verified", 9, 3, 20, 0, 0.1, 0.2, 1, "m", "cpu", "float32")

    monkeypatch.setattr(EngineClient, "run", run)
    assert main(["edit", str(file), "--lines", "1:3", "--instruction", "Rename a to b, which is clearer.", "--write"]) == 1
    assert file.read_text() == "# someone else's work\n"
    assert "changed while" in capsys.readouterr().err


def test_the_instruction_may_come_from_standard_input(file: Path, monkeypatch):
    sent = answer(monkeypatch, re.sub(r"\ba\b", "b", SOURCE))
    monkeypatch.setattr(sys, "stdin", io.StringIO("Rename a to b, which is clearer."))
    assert main(["edit", str(file), "--lines", "1:3"]) == 0
    assert sent[0].instruction == "Rename a to b, which is clearer."


def test_mentions_are_left_by_a_new_name_alone(file: Path, capsys):
    """Where only the signature changes, documentation that names the function is right, and none of
    the places to look at.
    """
    file.write_text('def area(w, h):\n    """The area."""\n    return w * h\n\n\nprint(area(1, 2))\n')
    place = ["rename", str(file), "--line", "1", "--column", "5"]
    assert main([*place, "--signature", "(h, w)"]) == 0
    assert "mention:" not in capsys.readouterr().err
    assert main([*place, "size"]) == 0
    assert "a.py:2:12 (mention: in a docstring)" in capsys.readouterr().err


def test_no_change_is_no_failure(file: Path, monkeypatch, capsys):
    answer(monkeypatch, SOURCE)
    assert main(["edit", str(file), "--lines", "1:3", "--instruction", "x", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["diff"] == ""
    assert "no change" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["edit", "missing.py", "--lines", "1:2", "--instruction", "x"], "cannot read missing.py"),
        (["edit", "a.py", "--lines", "1:99", "--instruction", "x"], "there is no line 99"),
        (["edit", "a.py", "--lines", "1:2", "--instruction", ""], "instruction is empty"),
        (["complete", "a.py", "--line", "9", "--column", "1"], "there is no line 9"),
        (["complete", "a.py", "--line", "1", "--column", "99"], "there is no column 99"),
        (["complete", "a.py", "--line", "1", "--column", "1", "--temperature", "-1"], "temperature"),
        (["complete", "a.py", "--line", "1", "--column", "1", "--model", "gpt"], "unknown model 'gpt'"),
        (["model", "path", "gpt"], "unknown model 'gpt'"),
    ],
)
def test_failures_have_status_1_and_a_reason(file: Path, arguments, message, capsys):
    assert main(arguments) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["edit", "a.py"],
        ["edit", "a.py", "--lines", "3:1"],
        ["edit", "a.py", "--lines", "x"],
        ["complete", "a.py", "--line", "0"],
    ],
)
def test_wrong_usage_has_status_2(file: Path, arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_file_that_is_no_text(file: Path, capsys):
    file.write_bytes(b"caf\xe9\n")
    assert main(["edit", str(file), "--lines", "1", "--instruction", "x"]) == 1
    assert "not UTF-8" in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_that_is_not_here(file: Path, tmp_path: Path, monkeypatch, capsys):
    """The refusal crosses the process boundary with its remedy."""
    monkeypatch.setenv("SEED_LSP_CACHE", str(tmp_path / "cache"))
    assert main(["complete", str(file), "--line", "1", "--column", "1"]) == 1
    assert "seed-lsp model fetch qwen2.5-coder-1.5b" in capsys.readouterr().err
    assert main(["doctor"]) == 1
    assert "cannot be loaded" in capsys.readouterr().out
    assert main(["model", "list"]) == 0
    assert "not fetched" in capsys.readouterr().out


@pytest.mark.slow
def test_eval_checks_a_set_and_says_where_one_is_missing(tmp_path: Path):
    """The command line hands its options on: the status tells whether references pass and broken
    answers fail.
    """
    task = {"id": "a", "kind": "infill", "prefix": "x = ", "suffix": "\n", "reference": "1", "tests": "assert x == 1"}
    (tmp_path / "humaneval.jsonl").write_text(json.dumps(task) + "\n", encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "seed_lsp", "eval", "humaneval", "--check", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == {"task": "humaneval", "tasks": 1, "references_that_fail": [], "broken_answers_that_pass": []}
    run = subprocess.run(
        [sys.executable, "-m", "seed_lsp", "eval", "mbpp", "--data", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "mbpp_sanitized.jsonl" in run.stderr


@pytest.mark.slow
def test_train_refuses_a_configuration_that_is_none(tmp_path: Path):
    path = tmp_path / "run.toml"
    path.write_text("[run]\nmodel = 1\n", encoding="utf-8")
    run = subprocess.run([sys.executable, "-m", "seed_lsp", "train", str(path)], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "seed-lsp: run:" in run.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a process is ended there without being asked")
def test_a_program_of_the_engine_ends_with_the_command_that_started_it():
    """A training that goes on behind a stopped `seed-lsp train` would write into the folder of the
    next one.
    """
    code = "from seed_lsp.cli import programs; raise SystemExit(programs._run('http.server', ['0', '--bind', '127.0.0.1']))"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as command:
        port = int(command.stdout.readline().split(" port ")[1].split()[0])
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            pass
        command.terminate()
        assert command.wait(timeout=10) != 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10).close()


def test_rename_prints_a_diff_and_writes_only_where_asked(file: Path, capsys: pytest.CaptureFixture[str]):
    """Every file is told, with lines and columns from 1, and each site with its tier and reason."""
    Path("pyproject.toml").touch()
    Path("b.py").write_text("from a import f\n\nf(a=1)  # f\n", encoding="utf-8")
    arguments = ["rename", str(file), "g", "--line", "1", "--column", "5", "--json"]
    assert main(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    assert "+from a import g\n \n-f(a=1)  # f\n+g(a=1)  # f\n" in report["diff"]
    assert report["counts"] == {"exact": 3, "override": 0, "possible": 0, "mention": 1}
    where = {"file": "b.py", "line": 3, "column": 1, "length": 1, "tier": "exact", "reason": "refers to it", "applied": True}
    assert where in report["sites"]
    assert file.read_text() == SOURCE
    assert main([*arguments, "--write", "--also", "mention"]) == 0
    assert file.read_text() == SOURCE.replace("def f", "def g")
    assert Path("b.py").read_text() == "from a import g\n\ng(a=1)  # g\n"


RENAME = [["FILE"], ["--line", "1"], ["--column=5"], ["NAME"], ["--also", "possible", "mention"], ["--write"]]


@pytest.mark.parametrize("order", list(itertools.permutations(range(len(RENAME))))[::7])
def test_options_and_names_in_any_order(order: tuple[int, ...]):
    """FILE stands before NAME; all else is where the user puts it."""
    words = [word for i in order for word in RENAME[i]]
    at = sorted((words.index("FILE"), words.index("NAME")))
    words[at[0]], words[at[1]] = "a.py", "total"
    options = build_parser().parse_args(["rename", *words])
    assert (options.file, options.new_name, options.line, options.column) == (Path("a.py"), "total", 1, 5)
    assert (options.also, options.write) == (["possible", "mention"], True)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["rename", "--line", "1", "--column", "1", "a.py"], {"new_name": ""}),
        (
            ["rename", "--was", "a=b", "c=d", "a.py", "--line", "1", "--col", "1", "new"],
            {"new_name": "new", "was": [("a", "b"), ("c", "d")]},
        ),
        (["rename", "--line", "1", "a.py", "--column", "1", "--", "-x"], {"new_name": "-x"}),
        (["rename", "a.py", "--signature", "(a, b)", "--line", "1", "--column", "1"], {"signature": "(a, b)", "new_name": ""}),
        (
            ["bench", "--kinds", "edit", "completion", "speed"],
            {"program": "bench", "arguments": ["--kinds", "edit", "completion", "speed"]},
        ),
        (["complete", "--line", "2", "--column", "3", "--temperature", "0.5", "a.py"], {"file": Path("a.py"), "temperature": 0.5}),
        (["edit", "--lines", "1:2", "a.py", "--instruction", "Add a name."], {"instruction": "Add a name.", "file": Path("a.py")}),
        (["--verbose", "train", "a.toml"], {"verbose": True, "program": "train", "arguments": ["a.toml"]}),
        (["model", "fetch", "some"], {"action": "fetch", "name": "some"}),
        (["--verbose", "serve", "--stdio"], {"verbose": True}),
    ],
)
def test_each_command_takes_its_names_where_they_stand(words: list[str], found: dict[str, object]):
    """An option that takes several values leaves what is none of them to the names."""
    options = vars(parse(words))
    assert {name: options[name] for name in found} == found


@pytest.mark.parametrize("words", [["--rounds", "2", "memory", "--model", "m"], ["memory", "--rounds", "2", "--model", "m"]])
def test_a_benchmark_gets_its_options_wherever_its_name_stands(words: list[str], monkeypatch: pytest.MonkeyPatch):
    started: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(programs, "_run", lambda module, options, **_environment: started.append((module, options)) or 0)
    assert main(["bench", *words]) == 0
    assert started == [("benchmarks.memory", ["--rounds", "2", "--model", "m"])]


def test_a_benchmark_that_is_not_there_is_refused_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys):
    """The installed package holds none, and says where they are."""
    assert main(["bench", "weight"]) == 1
    assert "measures speed, latency, blocks, memory" in capsys.readouterr().err
    monkeypatch.setattr(programs, "CHECKOUT", tmp_path)
    assert main(["bench", "speed"]) == 1
    assert "from a checkout" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["rename", "a.py", "b", "c", "--line", "1", "--column", "1"], ["rename", "a.py", "--line"], ["edit", "--no", "a.py"]]
)
def test_what_no_command_takes_is_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="2"):
        build_parser().parse_args(words)
    assert "usage: seed-lsp" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["rename", "a.py", "b", "--line", "x", "--column", "1"],
        ["complete", "a.py", "--line", "1", "--column", "1", "--seed", "1e3"],
        ["http", "--port", "9" * 5000],
    ],
)
def test_what_is_no_number_is_told_in_words(words: list[str], capsys: pytest.CaptureFixture[str]):
    """Without names of the program's inside."""
    with pytest.raises(SystemExit, match="2"):
        build_parser().parse_args(words)
    assert "is no whole number" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--line", "1", "--column", "1"], "keyword"),
        (["--line", "9", "--column", "1"], "no line 9"),
        (["--line", "1", "--column", "5", "--root", "x"], "outside"),
    ],
)
def test_rename_refuses_with_a_reason(file: Path, capsys: pytest.CaptureFixture[str], more: list[str], reason: str):
    Path("x").mkdir()
    assert main(["rename", str(file), "g", *more]) == 1
    assert reason in capsys.readouterr().err
    assert file.read_text() == SOURCE


@pytest.mark.slow
def test_nothing_of_the_folder_it_is_started_in_is_run(tiny_folder: Path, tmp_path: Path):
    """A workspace may hold modules with the names of ours, Python's and torch's: neither the engine
    process nor the doctor imports them.
    """
    for name in ("multiprocessing", "torch", "json", "engine", "seed_lsp", "numpy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"open({str(tmp_path / 'was_run')!r}, 'a').write({name!r})\n")
    source = tmp_path / "a.py"
    source.write_text("x = \n")
    program = Path(sysconfig.get_path("scripts")) / "seed-lsp"
    command = [program, "complete", source, "--line", "1", "--column", "5", "--model", tiny_folder, "--max-tokens", "2"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    subprocess.run([program, "doctor"], check=False, cwd=tmp_path, capture_output=True, timeout=60)
    assert not (tmp_path / "was_run").exists(), (tmp_path / "was_run").read_text()
