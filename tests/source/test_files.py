"""The workspace's files, the word index, writing several files, and limits of resolving names."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.files import read_regular
from seed_lsp.errors import StaleDocumentError, UnknownDocumentError
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import MAX_BYTES, WorkspaceFiles, project_root, read_document
from seed_lsp.source.resolve import Resolver
from seed_lsp.source.writing import Replacement, write_files


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def found(files: WorkspaceFiles, word: str) -> list[str]:
    files.refresh()
    return [path.relative_to(files.root).as_posix() for path in files.containing(word)]


def test_the_index_follows_the_disk(tmp_path: Path):
    """New, changed and deleted files are known at the next question; a word is a whole name."""
    files = WorkspaceFiles(tmp_path)
    write(tmp_path, a_py="count = recount", b__c_py="größe.count()")
    assert found(files, "count") == ["a.py", "b/c.py"]
    assert found(files, "größe") == ["b/c.py"]
    assert found(files, "coun") == []
    write(tmp_path, a_py="nothing more")
    os.utime(tmp_path / "a.py", ns=(1, 1))
    assert found(files, "count") == ["b/c.py"]
    (tmp_path / "b/c.py").unlink()
    assert found(files, "count") == []
    assert len(files) == 1


def test_the_index_does_not_grow_with_changes(tmp_path: Path):
    """A file that is saved a thousand times takes no more memory than one."""
    files = WorkspaceFiles(tmp_path)
    for i in range(1300):
        write(tmp_path, a_py=f"x{i} = 1")
        os.utime(tmp_path / "a.py", ns=(i, i))
        files.refresh()
    assert found(files, "x1299") == ["a.py"]
    assert found(files, "x1298") == []
    assert sum(len(known.words) for known in files._known.values()) == 4 * len(["x1299", "1"])
    assert not files._mangled


def test_open_documents_come_first(tmp_path: Path):
    """A text in the editor counts in place of the one on disk, and keeps its version."""
    write(tmp_path, a_py="old = 1")
    files = WorkspaceFiles(tmp_path)
    path = files.root / "a.py"
    files.open = {path: Document(path.as_uri(), "new = 1", 3, "python")}
    assert found(files, "old") == []
    assert found(files, "new") == ["a.py"]
    with files.overlaid({path: "newer = 1"}):
        assert files.document(path).text == "newer = 1"
        assert files.document(path).version == 3
    assert files.document(path).text == "new = 1"


def test_what_is_no_part_of_the_workspace(tmp_path: Path):
    """Ignored files, links, environments, folders of tools and large files are left alone."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    write(outside, other_py="name")
    for path in ("kept.py", "build/a.py", "sub/b.py", "sub/kept.py", "env/pyvenv.cfg", "env/c.py", "node_modules/d.js", "deep/build/e.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("name")
    (root / "big.py").write_text("name " * MAX_BYTES)
    (root / ".gitignore").write_text("/build/\n*.log\nb.py\n")
    (root / "sub" / ".gitignore").write_text("!b.py\nkept.py\n")
    (root / "link.py").symlink_to(outside / "other.py")
    (root / "linked").symlink_to(outside)
    files = WorkspaceFiles(root)
    assert found(files, "name") == ["deep/build/e.py", "kept.py", "sub/b.py"]
    assert not files.holds(root / "link.py")


def test_the_nearest_project(tmp_path: Path):
    """Without a workspace, a rename looks at the project that the file belongs to."""
    write(tmp_path, a__b__c_py="")
    assert project_root(tmp_path / "a/b/c.py") == tmp_path / "a/b"
    (tmp_path / "a" / "pyproject.toml").touch()
    assert project_root(tmp_path / "a/b/c.py") == tmp_path / "a"


def test_a_whole_disk_is_no_workspace(monkeypatch: pytest.MonkeyPatch):
    """The server must not read the whole machine if a project's mark lies in the root folder.

    This happens in containers, or for a file beside `/`.
    """
    disk = Path(Path.cwd().anchor)
    monkeypatch.setattr(os.path, "lexists", lambda path: Path(path).parent == disk)
    assert project_root(disk / "a" / "b" / "c.py") == disk / "a" / "b"
    files = WorkspaceFiles(disk)
    files.refresh(lambda: pytest.fail("it looks at files"))
    assert len(files) == 0
    assert files.unread == {disk: "a whole disk is no workspace"}


def test_all_files_change_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A failure half-way leaves every file as it was, and no other files behind."""
    write(tmp_path, a_py="a", b_py="b")
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    first.chmod(0o640)
    changes = {first: Replacement("a", "A"), second: Replacement("b", "B")}
    real, count = Path.replace, []

    def fails_once(self: Path, target: Path) -> Path:
        count.append(target)
        if len(count) == 2:
            raise OSError(5, "broken", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", fails_once)
    with pytest.raises(UnknownDocumentError, match="broken"):
        write_files(changes)
    assert (first.read_text(), second.read_text()) == ("a", "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "b.py"]
    write_files(changes)
    assert (first.read_text(), second.read_text()) == ("A", "B")
    assert first.stat().st_mode & 0o777 == 0o640


def test_a_file_that_changed_meanwhile_is_kept(tmp_path: Path):
    """Nothing is written if one of the files is not as it was read."""
    write(tmp_path, a_py="a", b_py="changed")
    with pytest.raises(StaleDocumentError):
        write_files({tmp_path / "a.py": Replacement("a", "A"), tmp_path / "b.py": Replacement("b", "B")})
    assert (tmp_path / "a.py").read_text() == "a"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "b.py"]


def test_resolving_sees_the_text_in_the_editor(tmp_path: Path):
    """An import finds what the imported file's buffer defines now, and not what was saved."""
    write(tmp_path, m_py="x = 1", use_py="from m import f\nf")
    texts = {tmp_path / "m.py": "\n\ndef f(): ..."}
    resolver = Resolver(tmp_path, texts.get)

    def line_of_f() -> list[int]:
        path = tmp_path / "use.py"
        return [found.line for found in resolver.file(read_document(path), path).definitions(CharOffset(16)) if found.path != path]

    assert line_of_f() == [2]
    texts[tmp_path / "m.py"] = "def f(): ..."
    assert line_of_f() == [0]
    texts.clear()
    assert line_of_f() == []


def test_trees_are_kept_up_to_a_number_of_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Many small files stay parsed between questions, and memory has a bound for any size."""
    from parso.cache import parser_cache
    from parso.python.parser import Parser

    parsed: list[object] = []
    real = Parser.parse
    monkeypatch.setattr(Parser, "parse", lambda self, tokens: (parsed.append(self), real(self, tokens))[1])
    monkeypatch.setattr("seed_lsp.source.resolve.PARSED_LINES", 1000)
    paths = [tmp_path / f"m{i}.py" for i in range(200)]
    for path in paths:
        path.write_text("x = 1\n\n", encoding="utf-8")
    resolver = Resolver(tmp_path, lambda _: None)
    for path in paths * 2:
        resolver.file(read_document(path), path)
    assert len(parsed) == len(paths)
    large = tmp_path / "large.py"
    large.write_text("x = 1\n" * 990, encoding="utf-8")
    for path in (large, paths[0]):
        resolver.file(read_document(path), path)
    assert all(sum(len(item.lines) for item in trees.values()) <= 1000 for trees in parser_cache.values())


def test_resolving_runs_no_code_and_writes_no_files(tmp_path: Path):
    """Resolving runs no code of the workspace, and writes no pickles into the user's caches.

    Such code may be a module, an extension module, or the environment's interpreter.
    """
    root, home = tmp_path / "root", tmp_path / "home"
    write(root, trap_py="raise SystemExit('ran')", use_py="import trap, _native, json, math\ntrap.x, _native.y, json.dumps, math.sin\n")
    (root / "_native.so").write_bytes(b"no library")
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    python.chmod(0o755)
    home.mkdir()
    code = (
        "import sys; from pathlib import Path; from seed_lsp.source.resolve import Resolver; from seed_lsp.source.files import read_document\n"
        "root = Path(sys.argv[1]); path = root / 'use.py'; document = read_document(path)\n"
        "file = Resolver(root, lambda _: None).file(document, path)\n"
        "for word in ('trap', '_native', 'x,', 'y,', 'dumps', 'sin'): print(word, len(file.definitions(document.text.index(word))))\n"
        "assert not {'trap', '_native'} & set(sys.modules)\n"
    )
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "VIRTUAL_ENV": str(root / ".venv")}
    done = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert {"trap 1", "dumps 1", "sin 1"} <= set(done.stdout.splitlines())
    assert not (tmp_path / "started").exists()
    assert list(home.rglob("*")) == []


def test_folders_may_lie_deeper_in_one_another_than_calls_can(tmp_path: Path):
    """One deep folder tree must not stop a rename in the whole project."""
    write(tmp_path, a_py="name")
    depth = 1100
    nest(tmp_path, ["d"] * depth)
    deepest = tmp_path.joinpath(*["d"] * depth)
    (deepest / "b.py").write_text("name")
    try:
        assert found(WorkspaceFiles(tmp_path), "name") == ["a.py", "d/" * depth + "b.py"]
    finally:
        (deepest / "b.py").unlink()
        while deepest != tmp_path:
            deepest.rmdir()
            deepest = deepest.parent


def test_a_path_that_the_system_cannot_open_is_left_out(tmp_path: Path):
    """A path that is too long for any call does not stop the search in the other files."""
    write(tmp_path, a_py="name")
    nest(tmp_path, ["d" * 250] * 20)
    files = WorkspaceFiles(tmp_path)
    assert found(files, "name") == ["a.py"]
    assert set(files.unread.values()) == {"File name too long"}


def nest(folder: Path, names: list[str]) -> None:
    """Make nested folders without a call that has the whole path."""
    opened = os.open(folder, os.O_RDONLY)
    for name in names:
        os.mkdir(name, dir_fd=opened)
        deeper = os.open(name, os.O_RDONLY, dir_fd=opened)
        os.close(opened)
        opened = deeper
    os.close(opened)


def test_what_cannot_be_read_is_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder, file or ignore file without permission costs only what is in it."""
    write(tmp_path, a_py="name", shut__b_py="name", sub__c_py="name", sub__d_py="name")
    (tmp_path / "sub" / ".gitignore").write_text("d.py\n")
    shut = {tmp_path / "shut", tmp_path / "sub" / "c.py", tmp_path / "sub" / ".gitignore"}
    real_scandir, real_read = os.scandir, read_regular

    def denying(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: str | Path, *more: int) -> Any:
            if Path(path) in shut:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return real(path, *more)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", denying(real_scandir))
        patched.setattr("seed_lsp.source.files.read_regular", denying(real_read))
        patched.setattr("seed_lsp.source.ignore.read_regular", denying(real_read))
        files = WorkspaceFiles(tmp_path)
        assert found(files, "name") == ["a.py", "sub/d.py"]
        assert files.unread == dict.fromkeys(shut, "Permission denied")
    assert found(files, "name") == ["a.py", "shut/b.py", "sub/c.py"]
    assert files.unread == {}


def test_a_file_that_goes_while_the_workspace_is_looked_at_is_no_failure(tmp_path: Path):
    """Builds and other tools delete files at any time."""
    write(tmp_path, a_py="name", b_py="name", c_py="name")
    files = WorkspaceFiles(tmp_path)
    files.refresh(lambda: (tmp_path / "b.py").unlink(missing_ok=True))
    assert files.unread == {}
    assert found(files, "name") == ["a.py", "c.py"]


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "holes"])
def test_what_is_no_text_file_of_a_sensible_size_is_not_read(tmp_path: Path, kind: str):
    """A pipe would block, and a device or a file of a terabyte would fill the memory."""
    path = tmp_path / "a.py"
    path.touch()
    if kind == "holes":
        os.truncate(path, 1 << 40)
    else:
        path.unlink()
        {"pipe": lambda: os.mkfifo(path), "device": lambda: path.symlink_to("/dev/zero"), "folder": path.mkdir}[kind]()
    with pytest.raises(UnknownDocumentError, match="cannot read"):
        read_document(path)


def test_a_file_of_code_that_is_too_large_to_be_searched_is_said(tmp_path: Path):
    """A code file that was not searched may hold the name; a data file does not matter."""
    write(tmp_path, a_py="name")
    for name in ("huge.py", "huge.json"):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, 1 << 40)
    files = WorkspaceFiles(tmp_path)
    files.refresh()
    assert files.too_large("name") == []
    assert files.unread == {tmp_path / "huge.py": "it is larger than 20,000,000 bytes"}


def test_a_link_that_leads_to_itself_has_a_project(tmp_path: Path):
    """A broken link in a project is no error."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "loop.py").symlink_to("loop.py")
    assert project_root(tmp_path / "loop.py") == tmp_path
