"""What of the model's tests may be kept: whole ones that call the function and assert something."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from seed_lsp.features.refactor.generate_tests.existing import Origin, bound_names, imports_of
from seed_lsp.features.refactor.generate_tests.frame import Frame, Target
from seed_lsp.features.refactor.generate_tests.sense import RAISES, expects, makes_sense
from seed_lsp.features.refactor.moves.naming import numbered
from seed_lsp.source.syntax import UNREADABLE, parse_python

_FIXTURES = frozenset({"self", "tmp_path", "monkeypatch", "capsys", "caplog"})
_CHECKS = frozenset({"raises", "warns", "approx"})
_HARMLESS = frozenset({"pytest", "unittest"}) | frozenset(sys.stdlib_module_names)

Test = ast.FunctionDef | ast.AsyncFunctionDef
Import = ast.Import | ast.ImportFrom


@dataclass(frozen=True)
class Tests:
    """Tests that may be kept.

    `imports` has what a file that is there is to import for them: names of each module, none for
    the module itself. `head` has the imports of a new file.
    """

    body: str
    imports: Mapping[str, set[str]]
    head: str


def read_tests(text: str, target: Target, frame: Frame) -> Tests | None:
    """The tests in a model's text that may be kept; None if there are none."""
    tree = _parse(text)
    if tree is None:
        return None
    bound = bound_names(parse_python(frame.existing.text)) if frame.existing is not None else {}
    imports = [node for node in tree.body if isinstance(node, Import) and _is_harmless(node) and not _clashes(node, bound)]
    known = {frame.imported, "pytest", "unittest"}.union(*map(_names, imports))
    kept = [(piece, test) for piece, test in _pieces(tree, text.split("\n"), frame) if _is_good(test, target, known)]
    pieces = _apart(kept, set() if frame.is_unittest else set(bound))
    if not pieces:
        return None
    body = ("\n\n" if frame.is_unittest else "\n\n\n").join(pieces)
    if frame.is_unittest:
        body = f"class {numbered(_class_name(target), lambda name: name not in bound)}(unittest.TestCase):\n{body}"
    if _parse(body, whole=True) is None:
        return None
    words = {node.id for node in ast.walk(parse_python(body)) if isinstance(node, ast.Name)}
    needed = {ast.unparse(node): node for node in imports if _names(node) & words}
    needed |= {f"import {name}": ast.Import([ast.alias(name)]) for name in words & {"pytest", "unittest"}}
    return Tests(body, _added(needed.values(), frame, bound), _head(set(needed), frame))


def _apart(kept: Sequence[tuple[str, Test]], taken: set[str]) -> list[str]:
    """The sources of tests, each under a name that no other has: a second one would replace the
    first.
    """
    found, sources = [], set()
    for piece, test in kept:
        source = "".join(map(ast.dump, (*test.decorator_list, *test.body)))
        if source in sources:
            continue
        sources.add(source)
        name = numbered(test.name, lambda name: name not in taken)
        taken.add(name)
        found.append(re.sub(rf"\bdef {test.name}\b", f"def {name}", piece, count=1))
    return found


def _clashes(node: Import, bound: Mapping[str, Origin]) -> bool:
    """Whether an import cannot be added to a file as it is."""
    if not bound:
        return False
    origins = imports_of(ast.Module([node], []))
    return any(alias.asname for alias in node.names) or any(
        bound.get(name, origin) != origin for name, origin in zip(_named(node), origins, strict=True)
    )


def _added(nodes: Iterable[Import], frame: Frame, bound: Mapping[str, Origin]) -> dict[str, set[str]]:
    """What a file that is there has to import besides."""
    added: dict[str, set[str]] = {}
    for node in nodes:
        for name, (module, imported) in zip(_named(node), imports_of(ast.Module([node], [])), strict=True):
            if name not in bound:
                added.setdefault(module, set()).update({imported} - {""})
    if frame.imported not in bound:
        added.setdefault(frame.module, set()).add(frame.imported)
    return added


def _parse(text: str, *, whole: bool = False) -> ast.Module | None:
    """The tree of a text; of one that ends within a test, that of the lines before."""
    lines = text.split("\n")
    while lines:
        try:
            return parse_python("\n".join(lines))
        except UNREADABLE:
            if whole:
                return None
            lines.pop()
    return None


def _pieces(tree: ast.Module, lines: Sequence[str], frame: Frame) -> Iterator[tuple[str, Test]]:
    """The source of each test, indented as in its file."""
    for node in tree.body:
        tests = node.body if isinstance(node, ast.ClassDef) else [node]
        for test in tests:
            if isinstance(test, Test) and test.name.startswith("test"):
                first = min([test.lineno, *(one.lineno for one in test.decorator_list)])
                deep = " " * 4 if frame.is_unittest else ""
                cut = test.col_offset
                piece = "\n".join((deep + line[cut:]).rstrip() for line in lines[first - 1 : test.end_lineno])
                yield _without_unused(piece, test), test


def _without_unused(piece: str, test: Test) -> str:
    """The source of a test without parameters that it does not use, if it has these on one line."""
    used = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)} | _parameters(test)
    kept = [one for one in test.args.args if one.arg == "self" or one.arg in used]
    if len(kept) == len(test.args.args):
        return piece
    header = re.compile(rf"(\bdef {test.name}\()[^()\n]*(\)[^\n]*:$)", re.MULTILINE)
    return header.sub(lambda found: found[1] + ", ".join(one.arg for one in kept) + found[2], piece, count=1)


def _is_good(test: Test, target: Target, known: set[str]) -> bool:
    """Whether a test calls the target, asserts what depends on it, and uses only names that are
    there.
    """
    stored = {node.id for node in ast.walk(test) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    own = {argument.arg for node in ast.walk(test) if isinstance(node, ast.arguments) for argument in (*node.args, *node.kwonlyargs)}
    inner = {node.name for node in ast.walk(test) if isinstance(node, Test | ast.ClassDef | ast.ExceptHandler) and node.name}
    inner |= {name for node in ast.walk(test) if isinstance(node, Import) for name in _names(node)}
    loaded = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    if loaded - stored - own - inner - known - set(dir(builtins)):
        return False
    if {argument.arg for argument in test.args.args} - _FIXTURES - _parameters(test):
        return False
    return _calls(test, target) and makes_sense(test, target) and any(_depends(check, test, target, stored) for check in _checks(test))


def _parameters(test: Test) -> set[str]:
    """The names that `pytest.mark.parametrize` gives."""
    texts = [node.value for one in test.decorator_list for node in ast.walk(one) if isinstance(node, ast.Constant)]
    return {name.strip() for text in texts if isinstance(text, str) for name in text.split(",")}


def _calls(test: Test, target: Target) -> bool:
    called = {_last(node.func) for node in ast.walk(test) if isinstance(node, ast.Call)}
    wanted = target.imported if target.name == "__init__" else target.name
    read = {node.attr for node in ast.walk(test) if isinstance(node, ast.Attribute)}
    return wanted in called or (bool(target.owner) and wanted in read)


def _checks(test: Test) -> Iterator[ast.AST]:
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            yield node.test
        elif isinstance(node, ast.Call) and (_last(node.func) in _CHECKS or _last(node.func).startswith("assert")):
            yield node


def _depends(check: ast.AST, test: Test, target: Target, stored: set[str]) -> bool:
    if isinstance(check, ast.Call) and _last(check.func) in RAISES:
        return expects(check, test, target)
    names = {node.id for node in ast.walk(check) if isinstance(node, ast.Name)}
    called = {_last(node.func) for node in ast.walk(check) if isinstance(node, ast.Call)}
    return bool(names & (stored | {target.imported}) or target.name in called)


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_harmless(node: Import) -> bool:
    """Whether an import of the model's may stand in the file."""
    if isinstance(node, ast.ImportFrom):
        return not node.level and (node.module or "").split(".")[0] in _HARMLESS
    return all(alias.name.split(".")[0] in _HARMLESS for alias in node.names)


def _named(node: Import) -> list[str]:
    return [alias.asname or alias.name.split(".")[0] for alias in node.names]


def _names(node: Import) -> set[str]:
    return set(_named(node))


def _head(lines: set[str], frame: Frame) -> str:
    """The imports of a new file: the standard library's, pytest, and what is tested."""
    ours = lines & {"import pytest"}
    groups = ["\n".join(sorted(lines - ours)), "\n".join(ours), f"from {frame.module} import {frame.imported}"]
    return "\n\n".join(group for group in groups if group)


def _class_name(target: Target) -> str:
    words = [target.owner, *target.name.strip("_").split("_")]
    return "Test" + "".join(word[:1].upper() + word[1:] for word in words)
