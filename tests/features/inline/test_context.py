"""What the model may see beyond the cursor's file, what it must never see, and what is counted."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from seed_lsp.features.inline.related import BUDGET_CHARS, Piece, related_pieces
from seed_lsp.session.usage import Usage, read_counts, report
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.exclusions import Exclusions
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver

SHAPES = '''class Shape:
    """A shape."""

    sides: int = 0

    def area(self, scale: float) -> float:
        """Its area."""
        return 0.0


def total(shapes: list[Shape]) -> float:
    """The sum of all areas."""
    return sum(shape.area(1.0) for shape in shapes)


LIMIT = 10
'''


def pieces(folder: Path, text: str, others: list[Document] = (), allowed=lambda _path: True):
    path = folder / "use.py"
    path.write_text(text)
    document = Document(path.as_uri(), text, 1, "python")
    files = WorkspaceFiles(folder)
    return related_pieces(document, CharOffset(len(text)), others, files, Resolver(folder, files.open_text), allowed=allowed)


def test_heads_of_imported_definitions(tmp_path: Path):
    """The model sees the heads of imported definitions in use near the cursor, and no bodies."""
    (tmp_path / "shapes.py").write_text(SHAPES)
    [piece] = pieces(tmp_path, "from shapes import Shape, total, LIMIT\n\nx = total([Shape()])\n")
    assert piece.path == "shapes.py"
    assert "def total(shapes: list[Shape]) -> float:  # The sum of all areas." in piece.text
    assert "class Shape:\n    sides: int = 0\n    def area(self, scale: float) -> float:  # Its area." in piece.text
    assert "return" not in piece.text, "heads alone"
    assert "LIMIT" not in piece.text, "not in use near the cursor"


def test_what_is_not_allowed_is_left_out(tmp_path: Path):
    """A file that must not be shown is not shown as context either."""
    (tmp_path / "secrets.py").write_text("def token():\n    return 'abc'\n")
    assert pieces(tmp_path, "from secrets import token\n\nx = token()\n", allowed=lambda path: path.name != "secrets.py") == ()


def test_the_library_is_no_workspace(tmp_path: Path):
    """Code of installed libraries is not shown to the model."""
    text = "from json import dumps\n\nx = dumps(1)\n"
    assert pieces(tmp_path, text, allowed=lambda path: path.is_relative_to(tmp_path)) == ()


def test_a_piece_of_an_open_file_that_looks_alike(tmp_path: Path):
    """The model sees code of another open file if it looks like the code at the cursor."""
    here = "def load_users(path):\n    users = read_json(path)\n    return users\n\n\ndef load_groups(path):\n    "
    other = Document(
        "file:///work/b.py", "def load_roles(path):\n    roles = read_json(path)\n    return sorted_roles(roles)\n", 1, "python"
    )
    [piece] = pieces(tmp_path, here, [other])
    assert "load_roles" in piece.text
    assert pieces(tmp_path, here, [Document("file:///work/c.py", "print('nothing alike')\n", 1, "python")]) == ()


def test_the_budget_holds(tmp_path: Path):
    """Context never takes more of the prompt than its budget."""
    names = [f"function_number_{i}" for i in range(40)]
    (tmp_path / "many.py").write_text("".join(f"def {name}(first, second, third):\n    return {i}\n\n\n" for i, name in enumerate(names)))
    found = pieces(tmp_path, f"from many import {', '.join(names)}\n\n" + "".join(f"{name}(1, 2, 3)\n" for name in names))
    assert 0 < sum(len(piece.text) for piece in found) <= BUDGET_CHARS + 2 * len(names)


def test_what_was_changed_in_another_file(tmp_path: Path):
    """The model sees what the user has just changed in another file."""
    edited = [Piece("b.py", "def load_roles(path, strict):", 1.0)]
    (tmp_path / "use.py").write_text("x = 1\n")
    document = Document((tmp_path / "use.py").as_uri(), "x = 1\n", 1, "python")
    files = WorkspaceFiles(tmp_path)
    resolver = Resolver(tmp_path, files.open_text)
    [piece] = related_pieces(document, CharOffset(6), [], files, resolver, allowed=lambda _path: True, edited=edited)
    assert (piece.path, piece.text) == ("b.py", "def load_roles(path, strict):")


@pytest.mark.parametrize(
    ("path", "kept_out"),
    [
        (".env", True),
        (".env.production", True),
        ("deploy/server.key", True),
        ("deploy/id_rsa", True),
        ("home/.ssh/config", True),
        ("config/secrets.yaml", True),
        ("build/out.py", True),
        ("build/keep.py", False),
        ("private/notes.py", True),
        ("src/environment.py", False),
        ("src/keys.py", False),
        ("src/secretsanta.py", False),
    ],
)
def test_exclusions(tmp_path: Path, path: str, kept_out: bool):
    """Files are excluded by name, by .gitignore with its negations, and by the user's patterns.

    Names that merely look alike are not excluded.
    """
    (tmp_path / ".gitignore").write_text("build/*\n!build/keep.py\n")
    assert Exclusions(["private/"]).excludes(tmp_path / path, tmp_path) is kept_out


def test_a_changed_ignore_file_counts_at_once(tmp_path: Path):
    """A file is kept from the model as soon as an ignore file names it."""
    exclusions = Exclusions()
    assert not exclusions.excludes(tmp_path / "a.py", tmp_path)
    (tmp_path / ".seedignore").write_text("a.py\n")
    assert exclusions.excludes(tmp_path / "a.py", tmp_path)


def test_outside_of_a_workspace_the_name_decides():
    """A file that looks secret is kept from the model without a workspace as well."""
    assert Exclusions().excludes(Path("/somewhere/.env"), None)
    assert not Exclusions().excludes(Path("/somewhere/a.py"), None)


def test_counts_of_two_servers_add_up(tmp_path: Path):
    """The report counts what all servers of the user did, each thing once."""
    path = tmp_path / "data" / "statistics.json"
    one, other = Usage(path), Usage(path)
    for usage in (one, other):
        usage.count("inline.offered", 2)
        usage.count("inline.accepted")
        usage.took("inline", 0.18)
        usage.write()
    one.write()
    assert read_counts(path) == {"inline.offered": 4, "inline.accepted": 2, "inline.ms.200": 2}
    text = report(read_counts(path))
    assert "offered 4, shown 0, accepted 2 (50%)" in text
    assert "p50 at most 200 ms" in text


def test_a_damaged_file_of_counts_is_no_error(tmp_path: Path):
    """A damaged file of counts is replaced, and costs no more than the old counts."""
    path = tmp_path / "statistics.json"
    path.write_text("{half")
    assert read_counts(path) == {}
    usage = Usage(path)
    usage.count("inline.offered")
    usage.write()
    assert read_counts(path) == {"inline.offered": 1}
    assert report({}) == "Nothing counted yet."


def test_servers_that_write_their_counts_at_once_lose_none(tmp_path: Path):
    """Counts of servers that end at the same time are all in the file."""
    path = tmp_path / "statistics.json"
    together = threading.Barrier(8)

    def serve() -> None:
        usage = Usage(path)
        usage.count("inline.offered")
        together.wait()
        usage.write()

    threads = [threading.Thread(target=serve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_counts(path) == {"inline.offered": 8}


@pytest.mark.parametrize("broken", ["fsync", "open"])
def test_counts_outlast_a_disk_that_is_full_or_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str):
    """The counts in the file stay as they are, and the new ones are written the next time."""
    path = tmp_path / "statistics.json"
    usage = Usage(path)
    usage.count("inline.offered")
    usage.write()
    usage.count("inline.offered", 2)
    real = getattr(os, broken)

    def fails(name: object, *more: object) -> object:
        if broken == "fsync" or name == path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(name, *more)

    with monkeypatch.context() as patched:
        patched.setattr(os, broken, fails)
        usage.write()
    assert read_counts(path) == {"inline.offered": 1}
    assert [file.name for file in tmp_path.glob("*.partial")] == []
    usage.write()
    assert read_counts(path) == {"inline.offered": 3}
