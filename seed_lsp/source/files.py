"""The workspace's text files: which there are, what they hold now, and which of them have a word.

Open documents come before what is on disk. What `.gitignore` leaves out, what lies behind a symbolic link, and what is too large is no part of it.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from engine.files import read_regular
from seed_lsp.errors import UnknownDocumentError, reason_of
from seed_lsp.source.document import Document
from seed_lsp.source.exclusions import GIT_IGNORE
from seed_lsp.source.ignore import IgnoreFiles, Rules, entry_left_out

# File name endings of the languages that have a grammar, as LSP language identifiers.
_LANGUAGES = {
    ".py": "python",
    ".pyi": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascriptreact",
    ".ts": "typescript",
    ".tsx": "typescriptreact",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
    ".c": "c",
    ".h": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".hpp": "cpp",
}
PLAIN = "plaintext"
# Documentation and configuration, where names of code are mentioned.
_TEXTS = frozenset({".md", ".rst", ".txt", ".toml", ".cfg", ".ini", ".yaml", ".yml", ".json"})
_READ = _TEXTS | _LANGUAGES.keys()
MAX_BYTES = 1_000_000
# Of a file that somebody names: room for what no workspace's file is large enough for.
MAX_NAMED_BYTES = 20_000_000
SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".nox", ".eggs", "site-packages"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
PROJECT_MARKS = (".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg", "package.json", "go.mod", "Cargo.toml", "pom.xml")
# Every byte that no identifier has becomes a space.
_TO_SPACES = bytes(byte if byte >= 0x80 or chr(byte).isalnum() or byte == ord("_") else ord(" ") for byte in range(256))


def language_of(path: Path) -> str:
    return _LANGUAGES.get(path.suffix.lower(), PLAIN)


def read_document(path: Path) -> Document:
    """A file as a document; `UnknownDocumentError` if it cannot be read as UTF-8 text, is no regular file, or larger than `MAX_NAMED_BYTES`."""
    try:
        text = read_regular(path, MAX_NAMED_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnknownDocumentError(f"{path} is not UTF-8 text (byte {error.start}); convert it first") from error
    except OSError as error:
        raise UnknownDocumentError(f"cannot read {path}: {error.strerror}") from error
    return Document(path.absolute().as_uri(), text, None, language_of(path))


def project_root(path: Path) -> Path:
    """The nearest folder around a file that looks like a project's; the file's own folder if none does."""
    folder = path.resolve().parent
    return next((around for around in (folder, *folder.parents) if any((around / mark).exists() for mark in PROJECT_MARKS)), folder)


@dataclass(frozen=True)
class _Known:
    """A file as it was when it was read: `number` is its place among all that were ever read."""

    number: int
    changed_ns: int
    size: int


class WorkspaceFiles:
    """The files below `root`, and an index from each word to the files that have it. `refresh` brings both up to date."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.open: Mapping[Path, Document] = {}
        self.unread: dict[Path, str] = {}
        """What could not be looked at by the last `refresh`, and why: files, folders with all that is in them, and ignore files, whose rules then do not count."""
        self._known: dict[Path, _Known] = {}
        # A file that changes gets a new number; the old one's path becomes None, and what the index says of it is passed over.
        self._paths: list[Path | None] = []
        self._files_of: dict[bytes, array[int]] = {}
        self._ignore_files = IgnoreFiles()

    def refresh(self, check: Callable[[], None] = lambda: None) -> None:
        """Look for files that are new, changed or gone. `check` is called between files and may raise, which loses nothing."""
        found: set[Path] = set()
        self.unread = {}
        # Ten thousand paths take a tenth of a second to make.
        known_paths = {str(path): path for path in self._known}
        for entry in self._walk():
            check()
            path = known_paths.get(entry.path) or Path(entry.path)
            try:
                state = entry.stat()
            except OSError as error:
                self._pass_over(entry.path, error)
                continue
            if state.st_size > MAX_BYTES:
                continue
            found.add(path)
            known = self._known.get(path)
            if known is None or (known.changed_ns, known.size) != (state.st_mtime_ns, state.st_size):
                self._read(path, state)
        for path in self._known.keys() - found:
            self._forget(path)
        if len(self._paths) > 2 * len(self._known) + 1000:
            self._compact()

    def containing(self, word: str) -> list[Path]:
        """The files that have the word, as an identifier has it, by their paths."""
        encoded = word.encode("utf-8")
        on_disk = {self._paths[number] for number in self._files_of.get(encoded, ())} - {None}
        opened = {path for path, document in self.open.items() if encoded in _words(document.text.encode("utf-8", "surrogatepass"))}
        return sorted({path for path in on_disk if path is not None and path not in self.open} | opened)

    def open_text(self, path: Path) -> str | None:
        """The text of an open document; None for a file that is not open."""
        return self.open[path].text if path in self.open else None

    def document(self, path: Path) -> Document:
        return self.open.get(path) or read_document(path)

    @contextmanager
    def overlaid(self, texts: Mapping[Path, str]) -> Iterator[None]:
        """For a while these files have other texts, as a change would leave them."""
        before = self.open
        changed = {path: replace(self.document(path), text=text) for path, text in texts.items()}
        self.open = {**before, **changed}
        try:
            yield
        finally:
            self.open = before

    def holds(self, path: Path) -> bool:
        """Whether a file is one of the workspace's: below its root, not ignored, and no link."""
        return path in self.open or path in self._known

    def __len__(self) -> int:
        return len(self._known)

    def _walk(self) -> Iterator[os.DirEntry[str]]:
        """The files, folder by folder. Without recursion: folders may lie deeper in one another than calls of functions can."""
        root = str(self.root).rstrip(os.sep) + os.sep
        waiting: list[tuple[str, list[tuple[str, Rules]]]] = [(root, [])]
        while waiting:
            folder, around = waiting.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as error:
                self._pass_over(folder, error)
                continue
            rules = around + self._rules_of(folder, root)
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if entry_left_out(entry.path[len(root) :].replace(os.sep, "/"), rules, is_folder=is_folder):
                    continue
                if is_folder:
                    if entry.name not in SKIPPED_FOLDERS and not os.path.lexists(f"{entry.path}{os.sep}pyvenv.cfg"):
                        waiting.append((f"{entry.path}{os.sep}", rules))
                elif entry.is_file(follow_symlinks=False) and Path(entry.name).suffix.lower() in _READ:
                    yield entry

    def _rules_of(self, folder: str, root: str) -> list[tuple[str, Rules]]:
        try:
            rules = self._ignore_files.rules_of(Path(folder, GIT_IGNORE))
        except OSError as error:
            self._pass_over(folder + GIT_IGNORE, error)
            return []
        return [] if rules is None else [(folder[len(root) :].replace(os.sep, "/"), rules)]

    def _pass_over(self, path: str, error: OSError) -> None:
        # What is gone since its folder was listed is no part of the workspace.
        if not isinstance(error, FileNotFoundError):
            self.unread[Path(path)] = reason_of(error)

    def _read(self, path: Path, state: os.stat_result) -> None:
        self._forget(path)
        try:
            content = read_regular(path, MAX_BYTES)
        except OSError as error:
            self._pass_over(str(path), error)
            return
        number = len(self._paths)
        self._paths.append(path)
        self._known[path] = _Known(number, state.st_mtime_ns, state.st_size)
        for word in _words(content):
            self._files_of.setdefault(word, array("I")).append(number)

    def _forget(self, path: Path) -> None:
        known = self._known.pop(path, None)
        if known is not None:
            self._paths[known.number] = None

    def _compact(self) -> None:
        """Number the files anew, without those that are gone."""
        numbers = {known.number: new for new, known in enumerate(self._known.values())}
        self._files_of = {
            word: array("I", kept)
            for word, files in self._files_of.items()
            if (kept := [numbers[number] for number in files if number in numbers])
        }
        self._paths = list(self._known)
        self._known = {path: _Known(i, known.changed_ns, known.size) for i, (path, known) in enumerate(self._known.items())}


def _words(content: bytes) -> set[bytes]:
    return set(content.translate(_TO_SPACES).split())
