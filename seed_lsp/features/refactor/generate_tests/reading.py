"""What of the model's tests may be kept: whole ones that call the function and assert something."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator, Mapping, Sequence

from seed_lsp.features.refactor.generate_tests.frame import Frame, Target
from seed_lsp.source.syntax import UNREADABLE, parse_python

_FIXTURES = frozenset({"self", "tmp_path", "monkeypatch", "capsys", "caplog"})
_CHECKS = frozenset({"raises", "warns", "approx"})
_HARMLESS = frozenset({"pytest", "unittest"}) | frozenset(sys.stdlib_module_names)

Test = ast.FunctionDef | ast.AsyncFunctionDef
Import = ast.Import | ast.ImportFrom


def read_tests(text: str, target: Target, frame: Frame) -> str | None:
    """A file of the tests in a model's text that may be kept; None if none may."""
    tree = _parse(text)
    if tree is None:
        return None
    imports = {ast.unparse(node): _names(node) for node in tree.body if isinstance(node, Import) and _is_harmless(node)}
    known = {frame.imported, "pytest", "unittest"}.union(*imports.values())
    lines = text.split("\n")
    kept = [piece for piece, test in _pieces(tree, lines, frame) if _is_good(test, target, known)]
    if not kept:
        return None
    body = ("\n\n" if frame.is_unittest else "\n\n\n").join(dict.fromkeys(kept))
    if frame.is_unittest:
        body = f"class {_class_name(target)}(unittest.TestCase):\n{body}"
    made = f"{_head(imports, body, frame)}\n\n\n{body}\n"
    return made if _parse(made, whole=True) is not None else None


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
                yield "\n".join((deep + line[cut:]).rstrip() for line in lines[first - 1 : test.end_lineno]), test


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
    return _calls(test, target) and any(_depends(check, target, stored) for check in _checks(test))


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


def _depends(check: ast.AST, target: Target, stored: set[str]) -> bool:
    if isinstance(check, ast.Call) and _last(check.func) in {"raises", "warns", "assertRaises", "assertRaisesRegex", "assertWarns"}:
        return True
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


def _names(node: Import) -> set[str]:
    return {alias.asname or alias.name.split(".")[0] for alias in node.names}


def _head(imports: Mapping[str, set[str]], body: str, frame: Frame) -> str:
    """The imports that the tests use: the standard library's, pytest, and what is tested."""
    words = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    used = {line for line, names in imports.items() if names & words} | {f"import {name}" for name in words & {"pytest", "unittest"}}
    ours, standard = used & {"import pytest"}, used - {"import pytest"}
    groups = ["\n".join(sorted(standard)), "\n".join(ours), f"from {frame.module} import {frame.imported}"]
    return "\n\n".join(group for group in groups if group)


def _class_name(target: Target) -> str:
    words = [target.owner, *target.name.strip("_").split("_")]
    return "Test" + "".join(word[:1].upper() + word[1:] for word in words)
