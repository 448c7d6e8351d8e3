"""The command line on files, names and numbers that are not what they should be: refused in words,
never hanging, never a trace.
"""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.api import EditRequest, InvalidRequestError, SamplingOptions
from seed_lsp.cli import parser
from seed_lsp.cli.parser import main

SOURCE = "value = 1\n"
PLACE = ["--line", "1", "--column", "1"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with `a.py`, and a folder beside it with `other.py`."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "other.py").write_text(SOURCE)
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    (project / "a.py").write_text(SOURCE)
    monkeypatch.chdir(project)
    return project


def commands(file: str) -> list[list[str]]:
    return [
        ["rename", file, "total", *PLACE],
        ["rename", file, "total", *PLACE, "--write"],
        ["complete", file, *PLACE],
        ["edit", file, "--lines", "1", "--instruction", "x"],
        ["edit", file, "--lines", "1", "--instruction", "x", "--write"],
    ]


ODD: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "loop": lambda path: path.symlink_to(path),
    "dangling link": lambda path: path.symlink_to("nothing"),
    "device": lambda path: path.symlink_to("/dev/zero"),
    "socket": lambda path: socket.socket(socket.AF_UNIX).bind(path.name),
    "holes": lambda path: (path.touch(), os.truncate(path, 1 << 40)),
    "missing": lambda _path: None,
}


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("command", range(5))
def test_what_is_no_text_file_is_refused_at_once(project: Path, kind: str, command: int, capsys: pytest.CaptureFixture[str]):
    """A pipe has no writer, a device no end, a file of a terabyte no room."""
    ODD[kind](project / "odd.py")
    assert main(commands("odd.py")[command]) == 1
    assert "cannot read odd.py: " in capsys.readouterr().err


def test_an_odd_name_in_the_project_does_not_stop_a_rename(project: Path, capsys: pytest.CaptureFixture[str]):
    """Line breaks, quotes, and bytes that are no text: their files are part of the project like all
    others.
    """
    names = ["line\nbreak.py", 'quo"te.py', os.fsdecode(b"caf\xe9.py"), "a blank.py"]
    for name in names:
        (project / name).write_text("from a import value\n")
    subprocess.run(["git", "init", "-q"], check=True)
    assert main(commands("a.py")[0]) == 0
    diff = capsys.readouterr().out
    assert main(commands("a.py")[1]) == 0
    written = {path.name: path.read_text() for path in project.glob("*.py")}
    assert written == {"a.py": "total = 1\n"} | dict.fromkeys(names, "from a import total\n")
    subprocess.run(["git", "apply", "-R", "-"], input=diff.encode("utf-8"), check=True)
    assert (project / names[0]).read_text() == "from a import value\n"


def test_a_file_with_an_odd_name_can_be_renamed_in(project: Path, capsys: pytest.CaptureFixture[str]):
    (project / "a.py").rename(project / "x\ny.py")
    assert main([*commands("x\ny.py")[1], "--json"]) == 0
    assert '"a/x\\ny.py"' in json.loads(capsys.readouterr().out)["diff"]
    assert (project / "x\ny.py").read_text() == "total = 1\n"


@pytest.mark.parametrize("command", [0, 1, 4])
@pytest.mark.parametrize("way", ["a link", "a link to a link", "a folder that is a link"])
def test_a_link_out_of_the_project_is_not_followed(project: Path, way: str, command: int, capsys: pytest.CaptureFixture[str]):
    """What is named lies in this project, what would change in another: the user may not think of
    that.
    """
    other = project.parent / "outside" / "other.py"
    name = "folder/other.py" if way == "a folder that is a link" else "link.py"
    (project / "folder").symlink_to(other.parent)
    (project / "first.py").symlink_to(other)
    (project / "link.py").symlink_to("first.py" if way == "a link to a link" else other)
    assert main(commands(name)[command]) == 1
    assert "lies outside the workspace" in capsys.readouterr().err
    assert other.read_text() == SOURCE


def test_a_link_within_the_project_is_followed_and_told(project: Path, capsys: pytest.CaptureFixture[str]):
    (project / "link.py").symlink_to("a.py")
    assert main(commands("link.py")[1]) == 0
    assert f"link.py is a link to {project / 'a.py'}" in capsys.readouterr().err
    assert (project / "a.py").read_text() == "total = 1\n"
    assert (project / "link.py").is_symlink()


def test_a_project_behind_a_link_is_a_project(project: Path):
    """Many people's folders of code are links to another disk."""
    link = project.parent / "code"
    link.symlink_to(project)
    assert main(["rename", str(link / "a.py"), "total", *PLACE, "--write"]) == 0
    assert main(["rename", str(link / "a.py"), "again", *PLACE, "--write", "--root", str(link)]) == 0
    assert (project / "a.py").read_text() == "again = 1\n"


NUMBERS = ["nan", "-nan", "inf", "-inf", "-1", "1e-320", "1e308", "-0.5"]


@pytest.mark.parametrize("temperature", NUMBERS)
def test_a_temperature_that_is_none_is_refused(project: Path, temperature: str, capsys: pytest.CaptureFixture[str]):
    """With NaN the model never came to an end."""
    assert main(["complete", "a.py", *PLACE, f"--temperature={temperature}"]) == 1
    assert "temperature is" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["autoregressive", "diffusion"])
def test_a_source_of_drafts_for_another_mode_is_refused(project: Path, mode: str, capsys: pytest.CaptureFixture[str]):
    """It would have no effect, and who compares the modes would not know."""
    assert main(["complete", "a.py", *PLACE, "--mode", mode, "--draft", "copy"]) == 1
    assert f"mode {mode} verifies no drafts; leave it out" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["temperature", "deadline_s", "min_chance", "max_new_tokens"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), -1])
def test_no_number_that_is_none_reaches_the_engine(name: str, value: float):
    with pytest.raises(InvalidRequestError, match=name):
        SamplingOptions(**{name: value})


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "x", "8012.5", "9" * 5000, "nan", ""])
def test_a_port_that_is_none_is_wrong_usage(port: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["http", f"--port={port}"])
    assert caught.value.code == 2
    assert "--port" in capsys.readouterr().err


@pytest.mark.parametrize("device", ["gpu", "", "cuda:x", "\udcff", "cpu\n"])
def test_a_device_that_there_is_not_is_wrong_usage(project: Path, device: str, capsys: pytest.CaptureFixture[str]):
    """The engine would start, and have no words for it."""
    with pytest.raises(SystemExit) as caught:
        main(["complete", "a.py", *PLACE, f"--device={device}"])
    assert caught.value.code == 2
    assert "cpu, cuda and mps" in capsys.readouterr().err


def test_a_port_in_use_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("SEED_LSP_TOKEN", "a-token")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["http", "--port", str(taken.getsockname()[1])]) == 1
    assert "name another with --port" in capsys.readouterr().err


def test_a_data_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.delenv("SEED_LSP_TOKEN", raising=False)
    (tmp_path / "file").touch()
    monkeypatch.setattr("seed_lsp.server.http_endpoint.token_path", lambda: tmp_path / "file" / "http-token")
    assert main(["http", "--port", "0"]) == 1
    assert "cannot keep a token" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["\udcff", "make it \ud800 short"])
def test_an_instruction_that_is_no_text_is_refused_before_a_model_is_loaded(project: Path, text: str, capsys: pytest.CaptureFixture[str]):
    assert main(["edit", "a.py", "--lines", "1", "--instruction", text]) == 1
    assert "no text" in capsys.readouterr().err


def test_standard_input_that_is_no_text_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9"), "utf-8"))
    assert main(["edit", "a.py", "--lines", "1"]) == 1
    assert "no UTF-8 text" in capsys.readouterr().err


def test_half_a_character_in_the_selection_is_not_lost_in_silence():
    """The model would write another character in its place."""
    with pytest.raises(InvalidRequestError, match="selection"):
        EditRequest(1, "m", SamplingOptions(), before="", region="x = '\ud800'\n", after="", instruction="x")


def test_a_failure_of_the_system_is_told_in_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def full(_options: object) -> None:
        raise OSError(28, os.strerror(28), "/somewhere/file")

    monkeypatch.setattr(parser, "_usage", full)
    assert main(["usage"]) == 1
    assert capsys.readouterr().err == "seed-lsp: /somewhere/file: No space left on device\n"


def test_who_reads_only_the_beginning_of_the_output_sees_no_trace(project: Path):
    """As `| head` does."""
    command = [sys.executable, "-m", "seed_lsp", *commands("a.py")[0]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        child.stdout.close()
        errors = child.stderr.read().decode()
    assert "Traceback" not in errors
    assert "Exception" not in errors
    assert child.returncode == 1


def test_a_signature_that_is_no_text_is_refused(project: Path, capsys: pytest.CaptureFixture[str]):
    (project / "a.py").write_text("def f(): ...\n")
    assert main(["rename", "a.py", "--line", "1", "--column", "5", "--signature", "(a='\udcff')", "--write"]) == 1
    assert "no UTF-8 text" in capsys.readouterr().err
    assert (project / "a.py").read_text() == "def f(): ...\n"


@pytest.mark.parametrize(
    "name", ["m.py", "conftest.py", "__init__.py", "pyproject.toml", "setup.cfg", ".gitignore", "m.pyi", "x.ipynb", "script"]
)
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_pipe_or_a_device_in_the_project_is_not_read(project: Path, name: str, kind: str, capsys: pytest.CaptureFixture[str]):
    """Whatever name it has, one that tools look for or one that is imported."""
    (project / "pyproject.toml").unlink()
    (project / ".git").mkdir()
    ODD[kind](project / name)
    (project / "b.py").write_text("import m\nfrom a import value\nm.value, value\n")
    assert main(["rename", "a.py", "total", *PLACE, "--write"]) == 0
    assert (project / "b.py").read_text() == "import m\nfrom a import total\nm.value, total\n"


@pytest.mark.parametrize("statistics", ["/dev/zero", "~nobody-has-this-name/statistics.json", "deep.json"])
def test_odd_counts_are_no_counts(project: Path, statistics: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    (project / "deep.json").write_text("[" * 100_000)
    monkeypatch.setenv("SEED_LSP_STATISTICS", statistics)
    assert main(["usage"]) == 0
    assert "Nothing counted yet" in capsys.readouterr().out
