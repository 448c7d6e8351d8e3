"""A small workspace of Python files, and the client's texts of those that are open."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from benchmarks.robustness.client_text import changed, position_of
from benchmarks.robustness.session import Message, Session

FILES = {
    "shapes.py": '''"""Areas."""


class Square:
    def __init__(self, side):
        self.side = side

    def area(self, *, scale=1):
        return self.side * self.side * scale


def total_area(shapes):
    total = 0
    for shape in shapes:
        total += shape.area()
    return total
''',
    "report.py": """from shapes import Square, total_area


def report(sides):
    shapes = [Square(side) for side in sides]
    return f"{total_area(shapes)} in all, the first {shapes[0].area(scale=2)}"


if __name__ == "__main__":
    print(report([1, 2, 3]))
""",
    "tests/test_shapes.py": """import shapes


def test_area():
    assert shapes.Square(2).area() == 4
    assert shapes.total_area([shapes.Square(1), shapes.Square(2)]) == 5
""",
}


class Project:
    """The files and documents of one session.

    `texts` are the open documents as the client has them, by address. They change by what is typed
    and by edits that the server asks for.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self._session: Session | None = None
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def join(self, session: Session) -> None:
        """Use this project in a session; documents that were open are opened there again."""
        self._session = session
        session.apply_edit = self.apply
        session.initialize(self.folder)
        for uri, text in self.texts.items():
            session.open(uri, text, version=self.versions[uri])

    @property
    def session(self) -> Session:
        assert self._session is not None, "the project is in no session yet"
        return self._session

    def open(self, name: str, text: str | None = None) -> str:
        uri = self.uri(name)
        self.texts[uri] = (self.folder / name).read_text(encoding="utf-8") if text is None else text
        self.versions[uri] = 1
        self.session.open(uri, self.texts[uri])
        return uri

    def close(self, uri: str) -> None:
        del self.texts[uri], self.versions[uri]
        self.session.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def type(self, uri: str, start: int, end: int, new: str) -> None:
        """Replace characters of an open document."""
        ends = [_position(self.texts[uri], at) for at in (start, end)]
        self.texts[uri] = self.texts[uri][:start] + new + self.texts[uri][end:]
        self.versions[uri] += 1
        self._tell(uri, [{"range": {"start": ends[0], "end": ends[1]}, "text": new}])

    def set_text(self, uri: str, text: str) -> None:
        self.texts[uri] = text
        self.versions[uri] += 1
        self._tell(uri, [{"text": text}])

    def at(self, uri: str, offset: int) -> dict[str, Any]:
        """The parameters that name a position."""
        return {"textDocument": {"uri": uri}, "position": _position(self.texts[uri], offset)}

    def apply(self, edit: Message) -> bool:
        """Apply an edit as an editor does: all of it to just the versions that it names, or
        nothing.

        Files that are not open are left alone.
        """
        changes = edit.get("documentChanges") or []
        if any(change["textDocument"]["version"] not in (None, self.versions.get(change["textDocument"]["uri"])) for change in changes):
            return False
        for change in changes:
            uri = change["textDocument"]["uri"]
            if uri in self.texts:
                text = self.texts[uri]
                for entry in sorted(change["edits"], key=lambda entry: _pair(entry["range"]["start"]), reverse=True):
                    text = changed(text, _pair(entry["range"]["start"]), _pair(entry["range"]["end"]), entry["newText"], "utf-16")
                self.set_text(uri, text)
        return True

    def save(self, uri: str) -> None:
        Path(unquote(urlparse(uri).path)).write_text(self.texts[uri], encoding="utf-8")
        self.session.notify("textDocument/didSave", {"textDocument": {"uri": uri}})

    def digest(self) -> str:
        """The names and bytes of all files on the disk."""
        total = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            total.update(str(path.relative_to(self.folder)).encode())
            total.update(path.read_bytes() if path.is_file() else b"")
        return total.hexdigest()

    def _tell(self, uri: str, changes: list[dict[str, Any]]) -> None:
        identifier = {"uri": uri, "version": self.versions[uri]}
        self.session.notify("textDocument/didChange", {"textDocument": identifier, "contentChanges": changes})


def _position(text: str, offset: int) -> dict[str, int]:
    line, character = position_of(text, offset, "utf-16")
    return {"line": line, "character": character}


def _pair(position: dict[str, int]) -> tuple[int, int]:
    return position["line"], position["character"]
