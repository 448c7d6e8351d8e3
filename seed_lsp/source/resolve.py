"""What a Python name means, by jedi: nothing is executed, nothing is pickled, and open documents
come before what is on disk.
"""

from __future__ import annotations

import importlib.machinery
import re
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.files import read_regular
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import MAX_NAMED_BYTES
from seed_lsp.source.layout import NO_FOLDERS, SOURCES, ImportFolders

if TYPE_CHECKING:
    import jedi

PARSED_LINES = 150_000
"""Lines whose syntax trees are kept: these take a hundred times the files' size.

A rename asks in each file that has the name, before and after, so that with too few kept every file
is parsed again for each of its imports.
"""
_INSTALLED = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True)
class Definition:
    """Where something is defined: `line` and `column` (characters) count from 0; `path` is None for
    what the interpreter brings along.

    `kind`: jedi's word for it: "function", "class", "param", "statement", "module", ….
    """

    path: Path | None
    line: int
    column: int
    name: str
    kind: str


class Resolver:
    """Resolves names of the files below `root`. Not for several threads at once."""

    def __init__(self, root: Path, text_of: Callable[[Path], str | None]) -> None:
        """`text_of` gives an open document's text, None for a file that is not open."""
        import jedi

        _keep_no_files()
        _take_annotations_for_assignments()
        self._jedi = jedi
        self._sources = _Sources(root, text_of)
        self._environment = _safe_environment(self._sources)
        source_folders = [str(root), *(str(root / name) for name in SOURCES if (root / name).is_dir())]
        # The project's folders first; what is installed beside us stands in for the project's own
        # environment, whose interpreter we do not start.
        self._project = jedi.Project(str(root), sys_path=[*source_folders, *sys.path], smart_sys_path=False)

    def file(self, document: Document, path: Path, folders: ImportFolders = NO_FOLDERS) -> ResolvedFile:
        """`folders`: where else the file's imports are looked for."""
        self._environment.folders = folders
        script = self._jedi.Script(document.text, path=str(path), project=self._project, environment=self._environment)
        self._sources.serve(script)
        _limit_parsed()
        return ResolvedFile(document, script)


class ResolvedFile:
    """One file, ready for questions."""

    def __init__(self, document: Document, script: jedi.Script) -> None:
        self._document, self._script = document, script

    def definitions(self, offset: CharOffset, *, follow_imports: bool = True) -> list[Definition]:
        """What the name at `offset` refers to; empty where that is unknown."""
        return self._ask("goto", offset, follow_imports=follow_imports)

    def values(self, offset: CharOffset) -> list[Definition]:
        """The classes, functions and modules that the expression which ends at `offset` may have
        for its value.
        """
        return self._ask("infer", offset)

    def _ask(self, question: str, offset: CharOffset, **more: bool) -> list[Definition]:
        line = self._document.line_of(offset)
        column = offset - self._document.line_starts[line] - marks(self._document.text, line)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = getattr(self._script, question)(line + 1, column, **more)
                return [_definition(name) for name in found]
        except RecursionError:
            return []
        except Exception:  # noqa: BLE001 - jedi fails on code that it does not expect; not to know is an answer
            return []


def _definition(name: Any) -> Definition:
    path = Path(name.module_path) if name.module_path is not None and name.line is not None else None
    return Definition(path, (name.line or 1) - 1, name.column or 0, name.name, name.type)


class _Sources:
    """What files hold, for jedi.

    parso keeps a file's tree until the file is newer. Ours have several texts, on disk, in the
    editor, and as a change would leave them, so each text that differs from the one before counts
    as new.
    """

    def __init__(self, root: Path, text_of: Callable[[Path], str | None]) -> None:
        self._root, self._text_of = root.resolve(), text_of
        self._given: dict[Path, tuple[bytes | str, float]] = {}

    def source(self, path: Path) -> Any:
        """A file as jedi reads one."""
        from jedi.file_io import KnownContentFileIO

        text = self._text_of(path)
        # A text is none of the bytes that its head may speak of.
        content = read_regular(path, MAX_NAMED_BYTES) if text is None else text
        before = self._given.get(path)
        if before is None or before[0] != content:
            self._given[path] = (content, max(time.time(), before[1] + 1e-3 if before else 0.0))
        changed = self._given[path][1]
        found = KnownContentFileIO(str(path), content)
        found.get_last_modified = lambda: changed
        return found

    def serve(self, script: jedi.Script) -> None:
        """Stubs beside a module are read past the environment; for this script they come from here,
        too.
        """
        state = script._inference_state
        plain = state.parse_and_get_code

        def parse(*, file_io: Any = None, **more: Any) -> Any:
            if file_io is not None and more.get("code") is None and Path(file_io.path).is_relative_to(self._root):
                file_io = self.source(Path(file_io.path))
            return plain(file_io=file_io, **more)

        state.parse_and_get_code = parse


def _safe_environment(sources: _Sources) -> Any:
    """Jedi within this process, looking for modules in our way: it would change `sys.path` for a
    while, under our other threads' eyes, and import extension modules wherever it finds them.
    """
    from jedi.api.environment import InterpreterEnvironment
    from jedi.inference.compiled.access import create_access_path
    from jedi.inference.compiled.subprocess import InferenceStateSameProcess
    from jedi.inference.compiled.subprocess.functions import ImplicitNSInfo

    class Process(InferenceStateSameProcess):  # type: ignore[misc]
        folders = NO_FOLDERS

        def get_module_info(
            self, *, string: str, full_name: str, sys_path: Sequence[str] = (), path: Sequence[str] | None = None, is_global_search: bool
        ) -> tuple[Any, bool | None]:
            """A module's source and whether it is a package; (None, False) for one without source,
            (None, None) for one that is not there.
            """
            if is_global_search and full_name in sys.builtin_module_names:
                return None, False
            where = list(path) if path is not None else _search_path(sys_path, self.folders)
            spec = importlib.machinery.PathFinder.find_spec(string, where)
            if spec is None:
                return None, None
            if spec.loader is None:
                return ImplicitNSInfo(full_name, list(spec.submodule_search_locations or ())), True
            if not isinstance(spec.loader, importlib.machinery.SourceFileLoader) or spec.origin is None:
                return None, False
            return sources.source(Path(spec.origin)), spec.submodule_search_locations is not None

        def load_module(self, *, dotted_name: str, sys_path: Sequence[str]) -> Any:
            """Import a module that has no source: what the interpreter itself is built with, and
            nothing else.
            """
            del sys_path
            if dotted_name not in sys.builtin_module_names:
                return None
            return create_access_path(self._inference_state_weakref(), importlib.import_module(dotted_name))

    grammar = _newest_grammar()

    class Environment(InterpreterEnvironment):  # type: ignore[misc]
        folders = NO_FOLDERS

        def get_inference_state_subprocess(self, inference_state: Any) -> Process:
            process = Process(inference_state)
            process.folders = self.folders
            return process

        def get_grammar(self) -> Any:
            """The newest there is, whatever Python runs us: it reads what older ones do."""
            return grammar

    return Environment()


def _search_path(sys_path: Sequence[str], folders: ImportFolders) -> list[str]:
    """Where a module is looked for by its name: the file's own folder, the project's and the
    standard library, the workspace's others, and what is installed.
    """
    installed = next((i for i, entry in enumerate(sys_path) if _INSTALLED & set(Path(entry).parts)), len(sys_path))
    return list(dict.fromkeys([*folders.first, *sys_path[:installed], *folders.then, *sys_path[installed:]]))


def _newest_grammar() -> Any:
    import parso
    from parso.grammar import load_grammar

    found = (re.fullmatch(r"grammar3(\d+)\.txt", path.name) for path in Path(parso.__file__).parent.joinpath("python").iterdir())
    return load_grammar(version=f"3.{max(int(match[1]) for match in found if match)}")


_BINDERS = frozenset({"import_name", "import_from", "classdef", "funcdef", "try_stmt"})
"""Statements, as parso calls them, that bind a name and say themselves to what."""


def _take_annotations_for_assignments() -> None:
    """Jedi takes what one annotation says of a name for all that binds the name in its scope.

    An import, a class, a function and an ``except`` say themselves what they bind.
    """
    from jedi.inference import syntax_tree
    from jedi.inference.imports import infer_import

    plain = syntax_tree.tree_name_to_values
    if plain.__module__ == __name__:
        return

    def values(inference_state: Any, context: Any, tree_name: Any) -> Any:
        definition = tree_name.get_definition(import_name_always=True)
        kind = definition.type if definition is not None else ""
        # Most names are none of these, and looking for an annotation goes through all equal names.
        if kind not in _BINDERS or not _is_annotated(context, tree_name.value):
            return plain(inference_state, context, tree_name)
        if kind in {"import_name", "import_from"}:
            return infer_import(context, tree_name)
        if kind in {"classdef", "funcdef"}:
            return syntax_tree._apply_decorators(context, definition)
        if kind == "try_stmt" and (caught := _caught(context, tree_name)):
            return caught
        return plain(inference_state, context, tree_name)

    syntax_tree.tree_name_to_values = values


def _is_annotated(context: Any, name: str) -> bool:
    """Whether some statement of a context's module is an annotation of a name."""
    module = context.get_root_context().tree_node
    statements = (one.parent for one in module.get_used_names().get(name, [])) if module is not None else ()
    return any(one.type == "expr_stmt" and one.children[1].type == "annassign" for one in statements)


def _caught(context: Any, tree_name: Any) -> Any:
    """The values of ``name`` in ``except SomeError as name``; empty where the class is unknown, or
    there are several.
    """
    exceptions = tree_name.get_previous_sibling().get_previous_sibling()
    return context.infer_node(exceptions).execute_with_values()


def _keep_no_files() -> None:
    """Parso writes its trees into a cache folder as pickles, and reads what it finds there; memory
    is enough for us.
    """
    import parso.cache

    parso.cache._save_to_file_system = lambda *_args, **_more: None
    parso.cache._load_from_file_system = lambda *_args, **_more: None


def _limit_parsed() -> None:
    """Let go of the trees that were made longest ago."""
    import parso.cache

    for trees in parso.cache.parser_cache.values():
        lines = sum(len(item.lines) for item in trees.values())
        while lines > PARSED_LINES:
            lines -= len(trees.pop(next(iter(trees))).lines)


def marks(text: str, line: int) -> int:
    """Characters of a line that jedi does not count: the byte order mark, where an editor has kept
    it.
    """
    return int(line == 0 and text.startswith("\ufeff"))
