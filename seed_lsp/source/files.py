"""The workspace's text files: which there are, what they hold now, and which of them have a word.

Open documents come before what is on disk. What `.gitignore` leaves out, and what lies behind a
symbolic link, is no part of it; what is too large is only searched.
"""

from __future__ import annotations

import errno
import mmap
import os
import re
import unicodedata
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from engine.files import UnusableFileError, read_regular
from seed_lsp.errors import UnknownDocumentError, reason_of
from seed_lsp.source.document import Document
from seed_lsp.source.encodings import ANY_BYTES, decoded
from seed_lsp.source.exclusions import GIT_IGNORE
from seed_lsp.source.ignore import IgnoreFiles, Rules, entry_left_out
from seed_lsp.source.layout import ImportFolders, Layout

# File name endings of the languages that have a grammar, as LSP language identifiers.
_LANGUAGES = {
    ".py": "python",
    ".pyi": "python",
    ".pyw": "python",
    ".wsgi": "python",
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
NOTEBOOK = ".ipynb"
# Documentation and configuration, where names of code are mentioned.
_TEXTS = frozenset({".md", ".rst", ".txt", ".toml", ".cfg", ".ini", ".yaml", ".yml", ".json", NOTEBOOK})
_READ = _TEXTS | _LANGUAGES.keys()
MAX_BYTES = 1_000_000
# A file that somebody names may be larger than those that are looked for in a workspace.
MAX_NAMED_BYTES = 20_000_000
MAX_SEARCHED_BYTES = 20_000_000
"""Up to here a file that is larger than `MAX_BYTES` is at least searched for a name."""
_PYTHON_SCRIPT = re.compile(rb"#![^\n]*python")
SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".nox", ".eggs", "site-packages"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
PROJECT_MARKS = (".git", ".hg", "pyproject.toml", "setup.py", "setup.cfg", "package.json", "go.mod", "Cargo.toml", "pom.xml")
_UNDERSCORE = ord("_")
# Every byte that no identifier has becomes a space.
_TO_SPACES = bytes(byte if byte >= 0x80 or chr(byte).isalnum() or byte == ord("_") else ord(" ") for byte in range(256))


def language_of(path: Path, start: bytes = b"") -> str:
    """The language of a file, by the ending of its name.

    A file without an ending is Python's if its first line, at the `start` of its content, says so.
    """
    if not path.suffix and _PYTHON_SCRIPT.match(start):
        return "python"
    return _LANGUAGES.get(path.suffix.lower(), PLAIN)


def read_document(path: Path, *, unread: bool = False) -> Document:
    """A file as a document, in its own encoding; `UnknownDocumentError` if it cannot be read as
    text, is no regular file, or larger than `MAX_NAMED_BYTES`.

    `unread`: take such a file, too, a character for each byte.
    """
    try:
        content = read_regular(path, MAX_NAMED_BYTES)
    except OSError as error:
        raise UnknownDocumentError(f"cannot read {path}: {error.strerror}") from error
    language = language_of(path, content)
    try:
        text, encoding = decoded(content, str(path), python=language == "python")
    except UnknownDocumentError:
        if not unread:
            raise
        text, encoding = content.decode(ANY_BYTES), ANY_BYTES
    return Document(path.absolute().as_uri(), text, None, language, encoding)


def project_root(path: Path) -> Path:
    """The nearest folder around a file that looks like a project's; the file's own folder if none
    does.
    """
    try:
        return project_around(path.resolve().parent)
    except (OSError, RuntimeError):
        # A link that leads to itself.
        return project_around(path.absolute().parent)


def project_around(folder: Path) -> Path:
    """The nearest of a folder and those around it that looks like a project's; the folder itself if
    none does.
    """
    # Not with `Path.exists`, which fails where somebody may not look. A mark at the top of a disk,
    # as images of containers have it, makes no project of the disk.
    candidates = (around for around in (folder, *folder.parents) if around != around.parent)
    marked = (around for around in candidates if any(os.path.lexists(around / mark) for mark in PROJECT_MARKS))
    return next(marked, folder)


@dataclass(frozen=True)
class _Known:
    """A file as it was when it was read, and the checksums of its words, 4 bytes each."""

    changed_ns: int
    size: int
    words: bytes


class WorkspaceFiles:
    """The files below `root`, and the words of each. `refresh` brings both up to date."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.open: Mapping[Path, Document] = {}
        self.unread: dict[Path, str] = {}
        """What could not be looked at by the last `refresh`, and why: files, folders with all that
        is in them, and ignore files, whose rules then do not count.
        """
        # How an editor writes the addresses of files that it has not opened.
        self.address: Callable[[Path], str] = Path.as_uri
        self._known: dict[Path, _Known] = {}
        # Private names with their class's in front, of the files as they are now or were before.
        self._mangled: set[bytes] = set()
        self._ignore_files = IgnoreFiles()
        self._large: set[Path] = set()
        # Files without an ending that are no scripts, as they were when they were looked at.
        self._no_scripts: dict[str, tuple[int, int]] = {}
        self._layout: Layout | None = None

    def refresh(self, check: Callable[[], None] = lambda: None) -> None:
        """Look for files that are new, changed or gone.

        `check` is called between files and may raise, which loses nothing.
        """
        found: set[Path] = set()
        self.unread = {}
        self._large.clear()
        self._layout = None
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
            known = self._known.get(path)
            if known is not None and (known.changed_ns, known.size) == (state.st_mtime_ns, state.st_size):
                found.add(path)
            elif state.st_size > MAX_BYTES:
                if path.suffix:
                    self._large.add(path)
            elif path.suffix or self._is_script(path, state):
                found.add(path)
                self._read(path, state)
        for path in self._known.keys() - found:
            del self._known[path]

    def containing(self, word: str) -> list[Path]:
        """The files that have the word, as an identifier has it, by their paths.

        One file in a million may be among them by the chance that two words have one checksum.
        """
        encoded = unicodedata.normalize("NFKC", word).encode("utf-8")
        wanted = _checksums([encoded])
        on_disk = {path for path, known in self._known.items() if wanted in known.words}
        opened = {path for path, document in self.open.items() if encoded in _words(document.text.encode("utf-8", "surrogatepass"))}
        return sorted((on_disk - self.open.keys()) | opened)

    def mangled_with(self, owner: str) -> set[str]:
        """The words of the workspace that have a class's name in front, as in ``_Owner__name``.

        Words of files that have changed or gone since may be among them.
        """
        start = f"_{owner}__".encode()
        opened = {word for document in self.open.values() for word in _words(document.text.encode("utf-8", "surrogatepass"))}
        return {word.decode("utf-8", "replace") for word in self._mangled | opened if word.startswith(start)}

    def too_large(self, word: str) -> list[Path]:
        """The files that have the word and are too large to be read, by their paths; the very
        largest are not even searched, which counts as `unread`.
        """
        found: list[Path] = []
        for path in sorted(self._large - self.open.keys()):
            try:
                found += [path] if _has_word(path, word.encode("utf-8")) else []
            except OSError as error:
                self._pass_over(str(path), error)
        return found

    def import_folders(self, path: Path) -> ImportFolders:
        """Where the imports of a file may lead to besides the root."""
        if self._layout is None:
            self._layout = Layout(self.root, {*self._known, *self.open}, lambda path: self.document(path).text)
        return self._layout.import_folders(path)

    def open_text(self, path: Path) -> str | None:
        """The text of an open document; None for a file that is not open."""
        return self.open[path].text if path in self.open else None

    def document(self, path: Path) -> Document:
        return self.open.get(path) or replace(read_document(path), uri=self.address(path))

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
        """The files, folder by folder.

        Without recursion: folders may lie deeper in one another than calls of functions can.
        """
        if self.root == self.root.parent:
            self.unread[self.root] = "a whole disk is no workspace"
            return
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
                elif entry.is_file(follow_symlinks=False) and _may_be_read(entry.name):
                    yield entry

    def _rules_of(self, folder: str, root: str) -> list[tuple[str, Rules]]:
        try:
            rules = self._ignore_files.rules_of(Path(folder, GIT_IGNORE))
        except OSError as error:
            self._pass_over(folder + GIT_IGNORE, error)
            return []
        return [] if rules is None else [(folder[len(root) :].replace(os.sep, "/"), rules)]

    def _pass_over(self, path: str, error: OSError) -> None:
        # A file that is gone since its folder was listed is no part of the workspace.
        if not isinstance(error, FileNotFoundError):
            self.unread[Path(path)] = reason_of(error)

    def _is_script(self, path: Path, state: os.stat_result) -> bool:
        """Whether a file without an ending is a Python script."""
        seen = (state.st_mtime_ns, state.st_size)
        if self._no_scripts.get(str(path)) == seen:
            return False
        try:
            with path.open("rb") as file:
                found = language_of(path, file.read(200)) == "python"
        except OSError:
            return False
        if not found:
            self._no_scripts[str(path)] = seen
        return found

    def _read(self, path: Path, state: os.stat_result) -> None:
        try:
            content = read_regular(path, MAX_BYTES)
        except OSError as error:
            self._known.pop(path, None)
            self._pass_over(str(path), error)
            return
        if path.suffix.lower() == NOTEBOOK:
            content = content.replace(rb"\n", b"  ").replace(rb"\t", b"  ")
        if not content.isascii():
            content = _as_utf8(path, content)
        words = _words(content)
        self._known[path] = _Known(state.st_mtime_ns, state.st_size, _checksums(words))
        self._mangled.update(word for word in words if word[0] == _UNDERSCORE and word[1:2] != b"_" and b"__" in word)


def _checksums(words: Iterable[bytes]) -> bytes:
    """Four bytes a word, in no order, among which those of one word can be looked for.

    To look through ten thousand files takes some eight milliseconds. A list of files for each word
    would save them, and take twice the time to make and half as much memory again.
    """
    return array("I", map(zlib.crc32, words)).tobytes()


def _words(content: bytes) -> set[bytes]:
    """The words of UTF-8 text; those with other than ASCII characters as Python compares
    identifiers.
    """
    found = set(content.translate(_TO_SPACES).split())
    if content.isascii():
        return found
    # Other characters may be no letters, and so be in words or between them.
    runs = {run for run in found if not run.isascii()}
    text = unicodedata.normalize("NFKC", b" ".join(runs).decode("utf-8", "surrogatepass"))
    return (found - runs) | {word.encode("utf-8", "surrogatepass") for word in re.findall(r"\w+", text)}


def _as_utf8(path: Path, content: bytes) -> bytes:
    """The content as it would be in UTF-8, whatever it is in."""
    try:
        text, _ = decoded(content, path.name, python=language_of(path, content) == "python")
    except UnknownDocumentError:
        text = content.decode("utf-8", "replace")
    return text.encode("utf-8", "surrogatepass")


def _may_be_read(name: str) -> bool:
    """Whether files of that name are code or text; one without an ending may be a script."""
    _, dot, ending = name.rpartition(".")
    return (dot + ending).lower() in _READ if dot else True


def _has_word(path: Path, word: bytes) -> bool:
    pattern = re.compile(rb"(?<![\w\x80-\xff])" + re.escape(word) + rb"(?![\w\x80-\xff])")
    if path.stat().st_size > MAX_SEARCHED_BYTES:
        # Data, which is as large as this more often than code, has names as mentions at most.
        if path.suffix.lower() not in _LANGUAGES:
            return False
        raise UnusableFileError(errno.EFBIG, f"it is larger than {MAX_SEARCHED_BYTES:,} bytes", str(path))
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(word) >= 0 and pattern.search(content) is not None
    except ValueError:
        # It was emptied meanwhile.
        return False
