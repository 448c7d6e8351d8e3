"""Where a new function stands, and what it is: a function, a method, a class method."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.moves.boundary import Boundary
from seed_lsp.features.refactor.moves.known_calls import name_of
from seed_lsp.features.refactor.moves.run import Run
from seed_lsp.source.document import Document, indent_of
from seed_lsp.source.python_scopes import scope_of
from seed_lsp.source.python_tree import DEFINITIONS, FUNCTIONS, SCOPES, Function, PythonTree

_CLASS_METHODS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
# Decorators that leave a method's first parameter what it is.
_KEEP_RECEIVER = frozenset(
    {"property", "cached_property", "abstractmethod", "override", "final", "setter", "getter", "deleter", "contextmanager"}
    | {"asynccontextmanager", "lru_cache", "cache", "wraps"}
)
Kind = Literal["function", "method", "classmethod"]


@dataclass(frozen=True)
class Placement:
    """The new definition is put in at character `offset`, as lines with this indentation, before or
    `behind` what it is put beside. A method's first parameter is the `receiver`.

    `around` is the definition at the top of the module that holds everything.
    """

    kind: Kind
    offset: int
    indent: str
    behind: bool
    receiver: str
    around: ast.stmt


def placement_of(tree: PythonTree, run: Run, function: Function, boundary: Boundary) -> Placement:
    """`SelectionError` if there is no place from which all names can be seen."""
    outer = [function, *tree.around(function)]
    top = next(node for node in reversed(outer) if isinstance(node, ast.stmt))
    owner = next((node for node in outer[1:] if isinstance(node, SCOPES)), None)
    if isinstance(owner, ast.ClassDef) and (receiver := _receiver(function, owner)) in boundary.parameters:
        kind: Kind = "classmethod" if _is_class_method(function) else "method"
        return Placement(kind, *_behind(tree, function), behind=True, receiver=receiver, around=top)
    _require_no_class(run, [node for node in outer if isinstance(node, ast.ClassDef)])
    beside = _outermost_definition(outer, boundary.free_names)
    return Placement("function", *_before(tree, beside), behind=False, receiver="", around=top)


def _receiver(function: Function, owner: ast.ClassDef) -> str:
    """The parameter that has the methods of the class; empty if there is none."""
    decorators = {name_of(one.func if isinstance(one, ast.Call) else one) for one in function.decorator_list}
    arguments = [*function.args.posonlyargs, *function.args.args]
    if not arguments or "staticmethod" in decorators or function.name == "__getattribute__":
        return ""
    if any(name_of(base.value if isinstance(base, ast.Subscript) else base) == "Protocol" for base in owner.bases):
        # What is added to a protocol is asked of all that follow it.
        return ""
    name = arguments[0].arg
    is_kept = "classmethod" in decorators or decorators <= _KEEP_RECEIVER or name == "self"
    is_bound = any(isinstance(one, ast.Name) and one.id == name and not isinstance(one.ctx, ast.Load) for one in ast.walk(function))
    return name if is_kept and not is_bound else ""


def _is_class_method(function: Function) -> bool:
    return function.name in _CLASS_METHODS or any(name_of(one) == "classmethod" for one in function.decorator_list)


def _require_no_class(run: Run, classes: Sequence[ast.ClassDef]) -> None:
    if not classes:
        return
    for statement in run.statements:
        for node in ast.walk(statement):
            for name in _identifiers(node):
                if name.startswith("__") and not name.endswith("__"):
                    raise SelectionError(f"the selection has {name}, a private name of the class, and no object to call a method of it on")
    parameters = {one.name for node in classes for one in getattr(node, "type_params", ())}
    names = {node.id for statement in run.statements for node in ast.walk(statement) if isinstance(node, ast.Name)}
    if names & parameters:
        raise SelectionError(f"the selection has the class's type parameter {min(names & parameters)}, which is not known outside of it")


def _identifiers(node: ast.AST) -> Iterable[str]:
    for field in ("id", "attr", "arg", "name", "asname"):
        if isinstance(name := getattr(node, field, None), str):
            yield name


def _outermost_definition(outer: Sequence[ast.AST], free_names: frozenset[str]) -> ast.stmt:
    """The outermost definition around the run that does not bind one of the free names itself."""
    found: ast.AST = outer[0]
    for node in outer[1:]:
        if isinstance(node, FUNCTIONS) and scope_of(node).local_names & free_names:
            break
        if isinstance(node, DEFINITIONS):
            found = node
    assert isinstance(found, ast.stmt)
    return found


def _before(tree: PythonTree, definition: ast.stmt) -> tuple[int, str]:
    """The place before a definition with its decorators, its overloads and the comments on it."""
    document = tree.document
    for earlier in reversed(tree.block(definition)[: tree.block(definition).index(definition)]):
        if getattr(earlier, "name", None) != definition.name:  # type: ignore[attr-defined]  # of a definition
            break
        definition = earlier
    line = tree.line(tree.start(definition))
    text = document.line_text(line)
    indent = indent_of(text)
    if text[len(indent) :].lstrip("\ufeff") != document.text[tree.start(definition) : document.line_range(line)[1]].rstrip("\r\n"):
        raise SelectionError("the definition shares its line with other code; put it on a line of its own first")
    above = line
    while above and document.line_text(above - 1).startswith(indent + "#"):
        above -= 1
    # The comments at the head of a file are the file's.
    place = document.line_starts[above or line]
    return place + document.text.startswith("\ufeff", place), indent


def _behind(tree: PythonTree, function: Function) -> tuple[int, str]:
    """The place behind a method, and behind those of its name, such as a property's setter."""
    block = tree.block(function)
    last: ast.stmt = function
    for later in block[block.index(function) + 1 :]:
        if getattr(later, "name", None) != function.name:
            break
        last = later
    document = tree.document
    indent = indent_of(document.line_text(tree.line(tree.start(function))))
    line = tree.line(tree.end(last))
    if not tree.has_own_lines(last, last):
        raise SelectionError("the method shares a line with other code; put it on lines of its own first")
    return document.line_range(_last_comment(document, line, indent))[1], indent


def _last_comment(document: Document, line: int, indent: str) -> int:
    """The last line of the comments right below a body, which are indented as the body is."""
    while line + 1 < len(document.line_starts):
        text = document.line_text(line + 1)
        if not (text.lstrip().startswith("#") and len(indent_of(text)) > len(indent)):
            break
        line += 1
    return line
