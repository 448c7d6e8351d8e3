"""A new name for what is local to the selected function, by Python's scopes alone.

The name's places are read from the syntax, and the result is parsed anew: its tree must be the old
one but for the names that the scopes say are this one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from seed_lsp.errors import NoChangeError, RejectedResultError, SelectionError
from seed_lsp.features.refactor.moves.naming import require_name
from seed_lsp.features.refactor.moves.scope_places import Places, has_own
from seed_lsp.features.refactor.moves.structure import parsed_result
from seed_lsp.features.refactor.python_file import tree_of
from seed_lsp.source.document import ByteOffset, CharOffset, Document
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_scopes import arguments_of, names, scope_of
from seed_lsp.source.python_tree import FUNCTIONS, Function, PythonTree, in_and_around, is_text_statement
from seed_lsp.source.syntax import Span, text_of
from seed_lsp.source.syntax import tree_of as syntax_of

_SEES_NAMES = frozenset({"locals", "vars", "eval", "exec", "dir"})
ELSEWHERE = "the editor's rename changes it everywhere"
_CALLED_SO = frozenset({"partial", "cls", "super", "__init__", "__new__"})
"""What may call any function."""
_PLAIN_DECORATORS = frozenset({"staticmethod", "classmethod", "abstractmethod", "override", "final", "cache", "contextmanager", "setter"})


@dataclass(frozen=True)
class LocalName:
    """The name `old` that functions have for themselves; for `parameters` it is a parameter."""

    tree: PythonTree
    old: str
    functions: tuple[Function, ...]

    @property
    def parameters(self) -> list[Function]:
        return [one for one in self.functions if any(argument.arg == self.old for argument in arguments_of(one))]

    @property
    def named(self) -> list[Function]:
        """The functions whose callers may give the parameter by its name."""
        return [one for one in self.parameters if self.old in {argument.arg for argument in (*one.args.args, *one.args.kwonlyargs)}]

    @property
    def callees(self) -> set[str]:
        """What such a function is called by: its own name, or that of the class that it makes."""
        made = {getattr(self.tree.parents.get(one), "name", "") for one in self.named if one.name in {"__init__", "__new__"}}
        return made | {one.name for one in self.named}

    @property
    def span(self) -> Span:
        """The whole lines of the functions."""
        document, tree = self.tree.document, self.tree
        return Span(document.line_start(tree.start(self.functions[0])), document.next_line(tree.end(self.functions[-1]) - 1))


def local_name(document: Document, asked: Span, old: str) -> LocalName:
    """The functions for which `old` is a local name: those in `asked`, or else the innermost one
    around it. `SelectionError` says why there are none.
    """
    tree_of(document)
    # It is changed in the end, so that it must not be the one that others have.
    tree = PythonTree(document)
    selected, around = in_and_around(tree, asked, (one for one in ast.walk(tree.root) if isinstance(one, FUNCTIONS)))
    having = [one for one in selected if has_own(one, old)] or [one for one in around if has_own(one, old)][-1:]
    found = tuple(one for one in having if not any(other in having for other in tree.around(one)))
    if not found:
        raise SelectionError(_why_not([*selected, *reversed(around)], old))
    return LocalName(tree, old, found)


def _why_not(functions: Sequence[Function], old: str) -> str:
    if not functions:
        return f"there is no function here that {old} could be a local name of; {ELSEWHERE}"
    function, scopes = functions[0].name, [scope_of(one) for one in functions]
    if any(old in scope.global_names for scope in scopes):
        return f"{old} is declared global in {function}; {ELSEWHERE}"
    if any(old in scope.nonlocal_names for scope in scopes):
        return f"{old} belongs to the function around {function}; select that as well"
    if any(old in {one.name, *names(one)} for one in functions):
        return f"{old} is no local name of {function}; {ELSEWHERE}"
    return f"{function} has no local name {old}"


def rename_local(name: LocalName, new: str) -> tuple[Edit, ...]:
    """The edits that give a local name another one; an error says why that cannot be."""
    _require_name(name.old, new)
    for function in name.functions:
        _require_free(name, function, new)
    _require_not_given_by_name(name)
    places = Places(name.old, name.functions)
    edits = [edit for function in name.functions for edit in _edits(name, function, places, new)]
    written, documented = parsed_result(name.tree, edits), list(_documented(name, new))
    places.rename(new)
    if ast.dump(written.root) != ast.dump(name.tree.root):
        raise RejectedResultError(f"{name.old} is used here in a way that is not understood; {ELSEWHERE}")
    return tuple(sorted([*edits, *documented], key=lambda edit: edit.start))


def _require_name(old: str, new: str) -> None:
    require_name(new)
    if old == new:
        raise NoChangeError(f"{old} has that name already")
    if any(name.startswith("__") and not name.endswith("__") for name in (old, new)):
        raise SelectionError("a class changes names that begin with two underscores; choose another one")


def _require_free(name: LocalName, function: Function, new: str) -> None:
    old, source = name.old, name.tree.text(function)
    if new in names(function):
        raise SelectionError(f"the name {new} is taken in {function.name}; choose another one")
    if seen := _SEES_NAMES & set(names(function)):
        raise SelectionError(f"{function.name} looks at its own names (`{min(seen)}`), which may need {old} to be called so")
    if any(isinstance(one, ast.ClassDef) and old in scope_of(one).bound for one in ast.walk(function)):
        raise SelectionError(f"a class in {function.name} has the name {old} as well, so that it is not certain which one is meant")
    if re.search(rf"\{{\s*{re.escape(old)}\s*=[^=]", source) and any(isinstance(one, ast.JoinedStr) for one in ast.walk(function)):
        raise SelectionError(f"an f-string shows the name itself (`{{{old}=}}`), so that its text would change")


def _require_not_given_by_name(name: LocalName) -> None:
    """`SelectionError` where a call of the file may give the parameter by its name."""
    for function in name.named:
        kinds = {ast.unparse(one).rpartition(".")[2] for one in function.decorator_list}
        if function.name.startswith("test") or kinds - _PLAIN_DECORATORS:
            raise SelectionError(f"a decorator or a test runner may give {name.old} to {function.name} by its name; {ELSEWHERE}")
    if name.named and (call := call_by_name(name.tree, name)) is not None:
        raise SelectionError(f"line {call.lineno} gives {name.old} by its name; {ELSEWHERE}")


def call_by_name(tree: PythonTree, name: LocalName) -> ast.Call | None:
    """A call in a file that may give the parameter by its name."""
    called_so = name.callees | _CALLED_SO
    for call in ast.walk(tree.root):
        if isinstance(call, ast.Call) and any(given.arg == name.old for given in call.keywords):
            called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if called in called_so:
                return call
    return None


def _edits(name: LocalName, function: Function, places: Places, new: str) -> Iterator[Edit]:
    document = name.tree.document
    syntax = syntax_of(document)
    assert syntax is not None, "the grammar of Python is there"
    start, end = (document.byte_at(CharOffset(offset)) for offset in (name.tree.start(function), name.tree.end(function)))
    for node in _identifiers(syntax.root_node, name.old, start, end):
        at = document.char_at(ByteOffset(node.start_byte))
        if places.is_place(name.tree, function, at):
            yield Edit(at, at + len(name.old), f"{name.old} as {new}" if _is_imported(node) else new)


def _identifiers(root: Node, name: str, start: int, end: int) -> Iterator[Node]:
    """The nodes that are that name, and neither an attribute nor the name of an argument."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type == "identifier" and start <= node.start_byte < end and text_of(node) == name and not _is_other(node):
            yield node
        stack += [child for child in reversed(node.children) if child.end_byte > start and child.start_byte < end]


def _is_other(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "attribute":
        return parent.child_by_field_name("attribute") == node
    if parent.type == "keyword_argument":
        return parent.child_by_field_name("name") == node
    if parent.type == "dotted_name":
        around = parent.parent
        is_module = around is not None and around.child_by_field_name("module_name") == parent
        aliased = around is not None and around.type == "aliased_import"
        return is_module or aliased or parent.named_children[0] != node
    return parent.type == "keyword_pattern" and parent.named_children[0] == node


def _is_imported(node: Node) -> bool:
    parent = node.parent
    around = parent.parent if parent is not None and parent.type == "dotted_name" else None
    return around is not None and around.type in {"import_statement", "import_from_statement"}


def _documented(name: LocalName, new: str) -> Iterator[Edit]:
    """The edits of docstrings that describe the parameter."""
    old = re.escape(name.old)
    mention = re.compile(
        rf"^[ \t]*(?:[:@](?:param|parameter|arg|argument|keyword|kwarg|type)[ \t](?:[^:\n]*[ \t])?)?\*{{0,2}}(?P<entry>{old})(?=[ \t]*(?:\([^)\n]*\))?[ \t]*:)"
        rf"|(?P<quote>``|`|\*)(?P<quoted>{old})(?P=quote)",
        re.MULTILINE,
    )
    for function in name.parameters:
        first = function.body[0]
        if is_text_statement(first):
            start = name.tree.start(first)
            for found in mention.finditer(name.tree.text(first)):
                group = "entry" if found["entry"] else "quoted"
                yield Edit(start + found.start(group), start + found.end(group), new)
