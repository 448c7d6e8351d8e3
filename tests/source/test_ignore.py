"""Ignore files mean what they mean to git, are cheap whatever they hold, and fail safely."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from seed_lsp.session.settings import parse_settings
from seed_lsp.source import ignore
from seed_lsp.source.exclusions import Exclusions
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.ignore import Rules, UnusablePatternError, is_left_out, parse_pattern

UNUSABLE = ["!", "/", "!/", "//", "\\", "a\\", "[", "[a", "[!", "[^", "[]", "[a-", "[[:alpha:]", "[[:letters:]]", "x" * 5000]
PIECES = [
    *"abx.-]![^\\*?/# ",
    "**",
    "***",
    "/**/",
    "**/",
    "[a-c]",
    "[!a]",
    "[^b]",
    "[]a]",
    "[b-a]",
    "[a\\]]",
    "[[:alpha:]]",
    "[[:foo:]]",
    "[[:",
    "\\ ",
]
NAMES = [*"abx-]!#[\\* ", "ab", ".x"]


def leaves_out(lines: str, path: str) -> bool:
    return is_left_out(path, [("", Rules.of_file(lines.encode()))])


@pytest.mark.parametrize("seed", range(25))
def test_lines_mean_what_they_mean_to_git(tmp_path: Path, seed: int):
    """Random patterns exclude the same random paths as git does."""
    chance = random.Random(seed)
    lines = ["".join(chance.choices(PIECES, k=chance.randint(1, 7))) for _ in range(4)]
    paths = {"/".join("".join(chance.choices(NAMES, k=chance.randint(1, 3))) for _ in range(chance.randint(1, 4))) for _ in range(60)}
    (tmp_path / ".gitignore").write_text("\n".join(lines), encoding="utf-8")
    subprocess.run(["git", "init", "-q"], check=True, cwd=tmp_path)
    command = ["git", "check-ignore", "--no-index", "-z", "--stdin"]
    asked = subprocess.run(command, input="\0".join(sorted(paths)), text=True, capture_output=True, cwd=tmp_path, check=False)
    assert asked.returncode < 2, asked.stderr
    expected = set(asked.stdout.split("\0")) - {""}
    assert {path for path in paths if leaves_out("\n".join(lines), path)} == expected, lines


@pytest.mark.parametrize(
    ("lines", "path", "expected"),
    [
        ("build/\n!build/keep.py", "build/keep.py", True),
        ("build/*\n!build/keep.py", "build/keep.py", False),
        ("build/*\n!build/keep.py", "build/a/keep.py", True),
        ("a.py\n!a.py\na.py", "sub/a.py", True),
        ("/a.py", "sub/a.py", False),
        ("sub/**/a.py", "sub/a.py", True),
        ("sub/**/a.py", "sub/x/y/a.py", True),
        ("**/x/**/a.py", "y/x/z/a.py", True),
        ("sub/**", "sub", False),
        ("\ufeffa.py", "a.py", True),
        ("a.py\r\nb.py\r\n", "a.py", True),
        ("a.py   ", "a.py", True),
        ("a\\ ", "a ", True),
        ("\\#a\n\\!b", "!b", True),
        ("a\x0cb", "b", False),
        ("größe*", "größe.py", True),
    ],
)
def test_rules_of_gitignore(lines: str, path: str, *, expected: bool):
    """The rules of the gitignore manual hold."""
    assert leaves_out(lines, path) is expected


def test_names_that_are_no_text_are_compared_byte_by_byte():
    """A file whose name is no UTF-8 can be kept from the model."""
    assert is_left_out(os.fsdecode(b"caf\xe9.py"), [("", Rules.of_file(b"caf\xe9.*\n"))])


@pytest.mark.parametrize("line", UNUSABLE)
def test_a_line_that_matches_nothing_leaves_the_others_as_they_are(line: str):
    """An unusable line is reported, and the other lines still hold."""
    with pytest.raises(UnusablePatternError):
        parse_pattern(line)
    rules = Rules(["a.py", line, "b.py"])
    assert rules.flaws.keys() == {2}
    assert [is_left_out(path, [("", rules)]) for path in ("a.py", "b.py", "c.py", line[:9])] == [True, True, False, False]


@pytest.mark.parametrize("line", ["", "   ", "# text", "#!"])
def test_blank_lines_and_comments_say_nothing(line: str):
    """Blank lines and comments exclude nothing."""
    assert parse_pattern(line) is None


@pytest.mark.parametrize(
    "line",
    [
        "*a" * 30 + "c",
        "*a" * 2000 + "c",
        "?*" * 2000 + "c",
        "[a-b]*" * 600 + "c",
        "**/a/" * 700 + "c",
        "a/**/" * 700 + "*a*a*c",
        "**/*a*a/" * 400 + "c",
        "*a*/" * 1000 + "c",
        "**/" * 1300 + "c",
        "(a+)+" * 500 + "*$",
    ],
)
@pytest.mark.parametrize("path", ["a" * 4000 + "b", "a/" * 2000 + "b", ("a" * 200 + "/") * 20 + "b"])
@pytest.mark.slow
def test_no_pattern_takes_long(line: str, path: str):
    """A cloned repository must not be able to stop the server.

    The time grows with the lengths, and not with a power of the number of stars.
    """
    rules = Rules([line])
    began = time.process_time()
    assert rules.verdict(path, is_folder=False) is None
    assert time.process_time() - began < 1


def test_a_file_full_of_patterns_is_read_in_time(tmp_path: Path):
    """The largest file with the most expensive patterns is read within seconds."""
    stars = "\n".join("*a" * 1000 + f"{number}" for number in range(ignore.MAX_STARS // 1000))
    brackets = "\n".join("[ab]?" * 100 + f"{number}" for number in range(170))
    began = time.process_time()
    Rules.of_file(f"{stars}\n{brackets}".encode())
    assert time.process_time() - began < 5


def test_a_hostile_repository_is_searched(tmp_path: Path):
    """Patterns that once froze the search are harmless, also with a name that nearly matches."""
    (tmp_path / ".gitignore").write_text("*a" * 30 + "c\n!\n\\\n[z-a]\nout.py\n")
    (tmp_path / ("a" * 100 + "b.py")).write_text("name")
    (tmp_path / "out.py").write_text("name")
    files = WorkspaceFiles(tmp_path)
    files.refresh()
    assert [path.name for path in files.containing("name")] == ["a" * 100 + "b.py"]


@pytest.mark.parametrize("name", [".gitignore", ".seedignore"])
@pytest.mark.parametrize("line", UNUSABLE)
def test_the_other_lines_still_keep_files_from_the_model(tmp_path: Path, name: str, line: str):
    """An unusable line switches off no other line, and in our own file the user is told of it."""
    told: list[str] = []
    (tmp_path / name).write_text(f"{line}\nprivate.py\n")
    exclusions = Exclusions(tell=told.append)
    assert exclusions.excludes(tmp_path / "private.py", tmp_path)
    assert not exclusions.excludes(tmp_path / "a.py", tmp_path)
    assert exclusions.excludes(tmp_path / ".env", tmp_path)
    assert [text.startswith("line 1 of ") for text in set(told)] == ([True] if name == ".seedignore" else [])


@pytest.mark.parametrize("name", [".gitignore", ".seedignore"])
@pytest.mark.parametrize("trouble", ["unreadable", "too large", "too dear"])
def test_rules_that_cannot_be_known_let_nothing_through(tmp_path: Path, name: str, trouble: str, monkeypatch: pytest.MonkeyPatch):
    """If rules cannot be read, all files below their folder are kept from the model.

    The user is told, and files beside the folder are not affected.
    """
    sub = tmp_path / "sub"
    sub.mkdir()
    (sub / name).write_text({"unreadable": "other.py\n", "too large": "# text\n" * ignore.MAX_BYTES, "too dear": "*a" * 9000}[trouble])
    if trouble == "unreadable":
        monkeypatch.setattr(ignore, "read_regular", denied)
    told: list[str] = []
    exclusions = Exclusions(tell=told.append)
    assert exclusions.excludes(sub / "a.py", tmp_path)
    assert exclusions.excludes(sub / "deep" / "a.py", tmp_path)
    assert not exclusions.excludes(tmp_path / "a.py", tmp_path)
    assert all(f"{sub / name} cannot be read" in text for text in told)
    assert told


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_an_ignore_file_that_is_no_file_says_nothing(tmp_path: Path, kind: str):
    """An ignore file that is a folder, a pipe or a device does not block, and is not read."""
    path = tmp_path / ".gitignore"
    {"folder": path.mkdir, "pipe": lambda: os.mkfifo(path), "device": lambda: path.symlink_to("/dev/zero")}[kind]()
    (tmp_path / "a.py").write_text("name")
    assert not Exclusions().excludes(tmp_path / "a.py", tmp_path)
    files = WorkspaceFiles(tmp_path)
    files.refresh()
    assert files.holds(tmp_path / "a.py")


def test_one_kind_of_ignore_file_does_not_let_in_what_the_other_keeps_out(tmp_path: Path):
    """A `.gitignore` cannot undo the user's `.seedignore`.

    Nor can a file in an excluded folder undo the folder's exclusion.
    """
    (tmp_path / "sub").mkdir()
    (tmp_path / ".seedignore").write_text("a.py\nsub/\n")
    (tmp_path / ".gitignore").write_text("!a.py\n!sub/\n")
    (tmp_path / "sub" / ".seedignore").write_text("!b.py\n")
    (tmp_path / "sub" / ".gitignore").write_text("!b.py\n")
    assert Exclusions().excludes(tmp_path / "a.py", tmp_path)
    assert Exclusions().excludes(tmp_path / "sub" / "b.py", tmp_path)


@pytest.mark.parametrize("entry", [*UNUSABLE[:-1], "#secret", 3, None, ["*.py"]])
def test_an_unusable_entry_of_the_settings_is_told_and_the_others_hold(entry: object):
    """The user believes that the entry keeps something from the model."""
    settings, problems = parse_settings({"exclude": ["private/", entry, "*.sql"]})
    assert settings.exclude == ("private/", "*.sql")
    [problem] = problems
    assert problem.startswith("seed.exclude: ")
    assert repr(entry) in problem
    exclusions = Exclusions(settings.exclude)
    assert exclusions.excludes(Path("/w/private/a.py"), Path("/w"))
    assert exclusions.excludes(Path("/w/.env"), Path("/w"))
    assert not exclusions.excludes(Path("/w/a.py"), Path("/w"))


def test_an_ignore_file_in_another_encoding_is_told(tmp_path: Path):
    """Lines in UTF-16, as some shells write them, match nothing, so the user has to be told."""
    told: list[str] = []
    (tmp_path / ".seedignore").write_text("private.py\n", encoding="utf-16")
    assert not Exclusions(tell=told.append).excludes(tmp_path / "a.py", tmp_path)
    assert any("save the file as UTF-8" in words for words in told)


def test_a_range_that_is_written_backwards_is_told_and_means_what_it_means_to_git(tmp_path: Path):
    """The user is told of a backward range, which matches as it does in git."""
    settings, problems = parse_settings({"exclude": ["[z-a].py"]})
    assert settings.exclude == ("[z-a].py",)
    assert ["z-a ends before it begins" in problem for problem in problems] == [True]
    told: list[str] = []
    (tmp_path / ".seedignore").write_text("x\n[z-a].py\n")
    assert Exclusions(tell=told.append).excludes(tmp_path / "z.py", tmp_path)
    assert told
    assert told[0].startswith(f"line 2 of {tmp_path / '.seedignore'}")


def denied(path: Path, _most: int) -> bytes:
    raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
