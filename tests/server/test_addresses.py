"""Documents by their addresses, in each spelling that editors use, with folders on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.server.wire import EDITORS, Wire, place

pytestmark = pytest.mark.process

DEFINITION = "def area(r):\n    return 3 * r * r\n"
USE = "from a import area\nprint(area(2))\n"
NAMES = ["a+b", "my project", "grün", "@scope", "c#", "50%", "per%41", "what?", "[id]", "x;y=1,(z)!", "ほん🙂"]
ODD = "odd +@ü[1].py"
FAILED = -32803


def as_vscode(path: Path) -> str:
    """The address as VS Code's library writes it: it escapes all but letters, digits and -._~."""
    return "file://" + quote(str(path), safe="/-._~")


def as_neovim(path: Path) -> str:
    """The address as `vim.uri_from_fname` writes it: what RFC 3986 allows in a path stays."""
    return "file://" + quote(str(path), safe="/-._~!$&'()*+,;=:@")


def unescaped(path: Path) -> str:
    """The address as naive clients write it, with nothing escaped but the percent sign."""
    return "file://" + str(path).replace("%", "%25")


SPELLINGS = [("vscode", as_vscode), ("neovim", as_neovim), ("neovim", unescaped)]


@pytest.fixture(params=list(EDITORS))
def editor(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as server:
        yield server


def project(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "a.py").write_text(DEFINITION)
    (folder / "b.py").write_text(USE)
    (folder / ODD).write_text(USE)
    return folder


def rename(wire: Wire, uri: str, new: str = "disk", line: int = 0, character: int = 5) -> dict[str, int | None]:
    """Rename, and return the version that the edit names for each address."""
    edit = wire.result("textDocument/rename", {**place(uri, line, character), "newName": new})
    changes = [(change["textDocument"]["uri"], change["textDocument"]["version"]) for change in edit["documentChanges"]]
    assert len(dict(changes)) == len(changes), "two entries for one file"
    return dict(changes)


@pytest.mark.parametrize(("editor", "spell"), SPELLINGS)
def test_every_request_works_in_awkward_folders(wire: Wire, tmp_path: Path, editor: str, spell):
    """A blank or an umlaut in the path switches nothing off.

    Each answer names documents as the client does.
    """
    folders = [project(tmp_path / name) for name in NAMES]
    wire.initialize(editor, rootUri=spell(folders[0]), workspaceFolders=[{"uri": spell(one), "name": one.name} for one in folders])
    for folder in folders:
        a, b = spell(folder / "a.py"), spell(folder / "b.py")
        wire.open(a, DEFINITION)
        wire.open(b, USE, 7)
        everything_at(wire, a, b, spell(folder / ODD))


def everything_at(wire: Wire, a: str, b: str, closed: str) -> None:
    assert rename(wire, a) == {a: 1, b: 7, closed: None}
    assert wire.result("textDocument/prepareRename", place(a, 0, 5))["placeholder"] == "area"
    area = {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 10}}
    actions = wire.result("textDocument/codeAction", {"textDocument": {"uri": a}, "range": area, "context": {"diagnostics": []}})
    assert actions[0]["data"]["uri"] == a
    wish = {"textDocument": {"uri": a, "version": 1}, "range": area, "instruction": "replace return 3=>return 4"}
    assert [edit["newText"] for edit in wire.result("seed/rewrite", wish)["edits"]] == ["4"]
    selection = {"uri": b, "range": area, "instruction": "replace 2=>5", "version": 7}
    wire.notes.clear()
    assert wire.result("workspace/executeCommand", {"command": "seed.editSelection", "arguments": [selection]})["applied"]
    [sent] = [note["params"]["edit"] for note in wire.notes if note["method"] == "workspace/applyEdit"]
    assert [change["textDocument"]["uri"] for change in sent["documentChanges"]] == [b]
    inline = {**place(b, 2, 0), "context": {"triggerKind": 1}}
    assert wire.result("textDocument/inlineCompletion", inline)["items"][0]["insertText"] == "scripted_value()"
    new = {"range": {"start": {"line": 1, "character": 11}, "end": {"line": 1, "character": 12}}, "text": "9"}
    wire.notify("textDocument/didChange", {"textDocument": {"uri": b, "version": 8}, "contentChanges": [new]})
    asked = {"textDocument": {"uri": b, "version": 8}, "position": new["range"]["start"]}
    assert wire.result("textDocument/copilotInlineEdit", asked) == {"edits": []}
    wire.notify("textDocument/didClose", {"textDocument": {"uri": b}})
    assert rename(wire, a)[b] is None


def test_a_folder_that_is_closed_in_another_spelling(wire: Wire, editor: str, tmp_path: Path):
    """A folder that stayed open would bound renames, and code around the folder would break."""
    folder = tmp_path / "süb"
    folder.mkdir()
    (folder / "a.py").write_text(DEFINITION)
    (tmp_path / "b.py").write_text("from süb.a import area\n")
    outer, inner = as_vscode(tmp_path), as_vscode(folder)
    wire.initialize(editor, workspaceFolders=[{"uri": uri, "name": uri} for uri in (outer, inner)])
    wire.open(f"{inner}/a.py", DEFINITION)
    assert rename(wire, f"{inner}/a.py") == {f"{inner}/a.py": 1}
    closed = {"uri": f"{unescaped(folder)}/", "name": inner}
    wire.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [closed]}})
    assert rename(wire, f"{inner}/a.py") == {f"{inner}/a.py": 1, f"{outer}/b.py": None}


def test_another_spelling_of_an_open_document_is_the_same_document(wire: Wire, tmp_path: Path):
    """An edit names a document as it was opened, even if the request escapes other characters."""
    folder = project(tmp_path / "a b+c")
    a = as_vscode(folder / "a.py")
    wire.initialize(workspaceFolders=[{"uri": as_vscode(folder), "name": "x"}])
    wire.open(a, DEFINITION, 3)
    assert rename(wire, unescaped(folder / "a.py"))[a] == 3


def test_names_that_differ_in_what_they_unescape_to_are_two_documents(wire: Wire, editor: str, tmp_path: Path):
    """A file called a%41.py is not aA.py, and a#b.py is not a part of a."""
    wire.initialize(editor)
    for name, old in (("a%41.py", "first"), ("aA.py", "second"), ("a#b.py", "third")):
        (tmp_path / name).write_text("")
        wire.open(as_vscode(tmp_path / name), f"{old} = 1\n")
    for name, old in (("a%41.py", "first"), ("aA.py", "second"), ("a#b.py", "third")):
        uri = as_vscode(tmp_path / name)
        assert wire.result("textDocument/prepareRename", place(uri, 0, 0))["placeholder"] == old
        assert rename(wire, uri, "new", 0, 0) == {uri: 1}


@pytest.mark.parametrize("how", ["folders", "rootUri", "rootPath", "nulls"])
def test_the_root_in_each_way_of_naming_it(wire: Wire, editor: str, tmp_path: Path, how: str):
    """Without the root a rename would stay in the file's own folder, and leave the rest broken."""
    folder = tmp_path / "w x"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.py").write_text(DEFINITION)
    (folder / "b.py").write_text("from sub.a import area\n")
    uri = as_vscode(folder)
    ways = {
        "folders": {"workspaceFolders": [{"uri": uri, "name": "w"}]},
        "rootUri": {"rootUri": uri},
        "rootPath": {"rootPath": str(folder)},
        "nulls": {"rootUri": uri, "rootPath": None, "workspaceFolders": None},
    }
    wire.initialize(editor, **ways[how])
    wire.open(f"{uri}/sub/a.py", DEFINITION)
    assert rename(wire, f"{uri}/sub/a.py") == {f"{uri}/sub/a.py": 1, f"{uri}/b.py": None}


@pytest.mark.parametrize("root", [True, False])
@pytest.mark.parametrize("linked", [".", "..", "same"])
def test_a_workspace_behind_a_link(wire: Wire, editor: str, tmp_path: Path, root: bool, linked: str):
    """Answers name files by the link that the editor uses; it would open another address again."""
    folder = project(tmp_path / "real" / "project x")
    (folder / "pyproject.toml").write_text("")
    if linked == "..":
        (tmp_path / "link é").symlink_to(tmp_path / "real")
        shown = tmp_path / "link é" / "project x"
    else:
        shown = tmp_path / ("link é" if linked == "." else "project x")
        shown.symlink_to(folder)
    uri = as_vscode(shown)
    wire.initialize(editor, rootUri=uri if root else None)
    wire.open(f"{uri}/a.py", DEFINITION)
    assert rename(wire, f"{uri}/a.py") == {f"{uri}/a.py": 1, f"{uri}/b.py": None, as_vscode(shown / ODD): None}
    wire.open(f"{uri}/b.py", USE, 2)
    assert rename(wire, f"{uri}/a.py")[f"{uri}/b.py"] == 2


def test_a_link_and_its_target_are_open_with_different_texts(wire: Wire, editor: str, tmp_path: Path):
    """The document asked about decides, in both directions.

    Offsets in one text are never used for edits in the other.
    """
    (tmp_path / "real.py").write_text("alpha = 1\n")
    (tmp_path / "link.py").symlink_to(tmp_path / "real.py")
    real, link = ((tmp_path / name).as_uri() for name in ("real.py", "link.py"))
    wire.initialize(editor)
    wire.open(real, "alpha = 1\n")
    wire.open(link, "\n" * 5 + "gamma = 5\n", 4)
    assert rename(wire, real, "beta", 0, 0) == {real: 1}
    assert rename(wire, link, "beta", 5, 0) == {link: 4}


def test_another_file_under_two_addresses(wire: Wire, editor: str, tmp_path: Path):
    """If a file is open under two addresses with one text, an edit names one of them.

    With two different texts nobody has said which is right, so nothing is renamed.
    """
    folder = project(tmp_path / "p")
    (folder / "link.py").symlink_to(folder / "b.py")
    a, b, link = ((folder / name).as_uri() for name in ("a.py", "b.py", "link.py"))
    wire.initialize(editor, rootUri=folder.as_uri())
    wire.open(a, DEFINITION)
    wire.open(b, USE, 2)
    wire.open(link, USE, 3)
    assert rename(wire, a)[b] == 2
    wire.notify(
        "textDocument/didChange", {"textDocument": {"uri": link, "version": 4}, "contentChanges": [{"text": "import a\na.area(1)\n"}]}
    )
    code, words = wire.error("textDocument/rename", {**place(a, 0, 5), "newName": "disk"})
    assert (code, words) == (FAILED, "b.py is open under two addresses with different texts; save or close one of them")


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("untitled:Untitled-1", "no file yet"),
        ("file://", "no file yet"),
        ("vscode-notebook-cell:/w/nb.ipynb#W0sZmlsZQ%3D%3D", "a notebook's cells"),
        ("git:/w/a.py?%7B%22ref%22%3A%22HEAD%22%7D", "what git names"),
        ("zipfile:///w/lib.zip::a.py", "what zipfile names"),
        ("vscode-remote://ssh-remote%2Bhost/w/a.py", "what vscode-remote names"),
        ("file:///w/q%00.py", "this address names none"),
    ],
)
def test_what_is_no_file_is_refused_in_words_that_fit(wire: Wire, editor: str, uri: str, words: str):
    """The refusal does not tell a user to save what is no file, such as a cell of a notebook.

    Completions work there all the same.
    """
    wire.initialize(editor)
    wire.open(uri, "area = 1\n")
    code, message = wire.error("textDocument/rename", {**place(uri, 0, 0), "newName": "disk"})
    assert code == FAILED
    assert words in message
    inline = {**place(uri, 1, 0), "context": {"triggerKind": 1}}
    assert wire.result("textDocument/inlineCompletion", inline)["items"]


@pytest.mark.parametrize(
    "odd",
    [
        "file:///w/q%00.py",
        "file:///w/\ud800.py",
        f"file:///w/{'x' * 300}.py",
        f"file:///{'y/' * 3000}.py",
        "file://[x/a.py",
        "file:rel.py",
        "",
    ],
)
def test_an_odd_open_document_stops_no_other(wire: Wire, editor: str, tmp_path: Path, odd: str):
    """A document whose address no file can have does not stop renames in the others."""
    folder = project(tmp_path / "p")
    wire.initialize(editor, rootUri=folder.as_uri())
    wire.open(odd, "area = 2\n")
    a = (folder / "a.py").as_uri()
    wire.open(a, DEFINITION)
    assert rename(wire, a)[a] == 1
    inline = {**place(odd, 1, 0), "context": {"triggerKind": 1}}
    assert wire.result("textDocument/inlineCompletion", inline)["items"]


def test_a_part_of_a_file_is_not_the_file(wire: Wire, tmp_path: Path):
    """The text of an address with a fragment must not stand for the text of the whole file."""
    (tmp_path / "real.py").write_text("alpha = 1\n")
    real = (tmp_path / "real.py").as_uri()
    wire.initialize()
    wire.open(real, "alpha = 1\n")
    wire.open(f"{real}#cell", "gamma = 5\n")
    assert rename(wire, real, "beta", 0, 0) == {real: 1}
    assert "only whole files" in wire.error("textDocument/rename", {**place(f"{real}#cell", 0, 0), "newName": "x"})[1]


@pytest.mark.parametrize("name", [".env", "git:.env"])
def test_secrets_are_kept_from_the_model_under_any_address(wire: Wire, tmp_path: Path, name: str):
    """A link to a secret file, or another revision of it, is kept from the model as well."""
    (tmp_path / "plain.py").write_text("")
    (tmp_path / ".env").symlink_to(tmp_path / "plain.py")
    uri = (tmp_path / ".env").as_uri()
    uri = uri if name == ".env" else uri.replace("file://", "git:") + "?ref=HEAD"
    wire.initialize()
    wire.open(uri, "TOKEN = ")
    inline = {**place(uri, 0, 8), "context": {"triggerKind": 1}}
    assert wire.result("textDocument/inlineCompletion", inline)["items"] == []
