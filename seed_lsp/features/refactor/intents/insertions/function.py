"""The function that an instruction is about, and the places in it where code is put."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.action import MAX_CHARS, Selection
from seed_lsp.features.refactor.imports import add_imports
from seed_lsp.source.document import CharOffset, Document, indent_of
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_scopes import arguments_of, bound_by, names, own_nodes, scope_of
from seed_lsp.source.python_tree import FUNCTIONS, PythonTree, is_text_statement, nodes_in, read_tree
from seed_lsp.source.syntax import Span, snap

_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__class__"}


@dataclass(frozen=True)
class Function:
    """A Python function of a document, and the lines that were selected."""

    tree: PythonTree
    node: ast.FunctionDef | ast.AsyncFunctionDef
    span: Span

    @property
    def document(self) -> Document:
        return self.tree.document

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def is_method(self) -> bool:
        """Whether its first parameter is what it is called on."""
        in_class = isinstance(self.tree.parents.get(self.node), ast.ClassDef)
        return in_class and not any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in self.node.decorator_list)

    @property
    def bound(self) -> str:
        """The name of what a method is called on; empty for others."""
        first = [*self.node.args.posonlyargs, *self.node.args.args][:1]
        return first[0].arg if self.is_method and first else ""

    @property
    def parameters(self) -> list[ast.arg]:
        """In order, without that of `bound` and those with stars."""
        found = [*self.node.args.posonlyargs, *self.node.args.args, *self.node.args.kwonlyargs]
        return found[1:] if self.bound else found

    @property
    def starred(self) -> list[ast.arg]:
        return [one for one in (self.node.args.vararg, self.node.args.kwarg) if one is not None]

    @property
    def parameter_names(self) -> frozenset[str]:
        """Those of all of them, `bound` and those with stars included."""
        return frozenset(one.arg for one in arguments_of(self.node))

    @property
    def none_by_default(self) -> frozenset[str]:
        """The parameters whose default is None."""
        return frozenset(name for name, value in self._defaults if value is None)

    @property
    def switches(self) -> frozenset[str]:
        """Those that are true or false by default."""
        return frozenset(name for name, value in self._defaults if isinstance(value, bool))

    @property
    def _defaults(self) -> list[tuple[str, object]]:
        """The parameters with a constant by default, and that."""
        arguments = self.node.args
        usual = [*arguments.posonlyargs, *arguments.args]
        pairs = [
            *zip(reversed(usual), reversed(arguments.defaults), strict=False),
            *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
        ]
        return [(one.arg, default.value) for one, default in pairs if isinstance(default, ast.Constant)]

    @cached_property
    def docstring(self) -> ast.stmt | None:
        return self.node.body[0] if is_text_statement(self.node.body[0]) else None

    @cached_property
    def all_names(self) -> frozenset[str]:
        """Each name in it, the functions within it included."""
        return frozenset(names(self.node))

    @cached_property
    def outer_names(self) -> frozenset[str]:
        """The names that have a meaning where it is defined: what the module and the functions
        around it bind, Python's own, and its own name.
        """
        found = _BUILTINS | {self.name}
        for scope in (one for one in self.tree.around(self.node) if isinstance(one, (ast.Module, *FUNCTIONS))):
            found |= set(bound_names(scope))
        return found

    @cached_property
    def known_names(self) -> frozenset[str]:
        """The names that have a meaning at its start, which those that it binds later have not."""
        return (self.outer_names - self.own_names) | self.parameter_names

    @cached_property
    def own_names(self) -> frozenset[str]:
        """What it binds itself, its parameters included, or declares global or nonlocal, which
        no line above may use.
        """
        scope = scope_of(self.node)
        return frozenset(scope.bound | scope.global_names | scope.nonlocal_names)

    def own(self, kinds: type[ast.AST] | tuple[type[ast.AST], ...]) -> list[ast.AST]:
        """The nodes of these kinds in its body, in order, without those of functions and classes
        within.
        """
        return [node for node in own_nodes(self.node.body) if isinstance(node, kinds)]

    @property
    def is_generator(self) -> bool:
        return bool(self.own((ast.Yield, ast.YieldFrom)))

    @property
    def unit(self) -> str:
        """One step of indentation."""
        outer, inner = self._indent_at(self.node), self._indent_at(self.node.body[0])
        if inner.startswith(outer) and inner != outer:
            return inner[len(outer) :]
        return "\t" if "\n\t" in self.document.text and "\n  " not in self.document.text else "    "

    @property
    def indent(self) -> str:
        """The indentation of its body."""
        return self._indent_at(self.node) + self.unit

    def import_edits(self, modules: Sequence[str]) -> list[Edit]:
        """The edits that import modules at the head of the file, but for those that the function
        itself imports.
        """
        own = {alias.name for node in self.own(ast.Import) if isinstance(node, ast.Import) for alias in node.names if not alias.asname}
        missing = [module for module in modules if module not in own]
        return add_imports(self.document, dict.fromkeys(missing, ())) if missing else []

    def require_modules(self, modules: Sequence[str]) -> None:
        """Refuse what needs a module at the start whose name the function itself binds later."""
        if bound := sorted(self.own_names.intersection(modules)):
            raise SelectionError(f"the name {bound[0]} has another meaning in {self.name}; import the module at the head of the file alone")

    def _indent_at(self, node: ast.stmt) -> str:
        return indent_of(self.document.line_text(self.document.line_of(self.tree.start(node))))

    def free_name(self, *wanted: str) -> str:
        """The first of the names that it does not use, or one with a number."""
        taken = self.all_names | _BUILTINS
        numbered = (f"{wanted[0]}_{number}" for number in range(2, 1000))
        return next(one for one in (*wanted, *numbered) if one not in taken)

    def at_start(self) -> tuple[int, str, str]:
        """Where new statements go: the place behind the docstring, and what has to stand before and
        behind their lines.
        """
        document, text = self.document, self.document.text
        rest = self.node.body[1:] if self.docstring is not None else self.node.body
        if self.docstring is not None:
            end = self.tree.end(self.docstring)
            line_end = document.next_line(end)
            if text[end:line_end].strip() and not text[end:line_end].strip().startswith("#"):
                raise SelectionError(f"the docstring of {self.name} shares its line with code; give it a line of its own")
        else:
            end = CharOffset(self._colon + 1)
            line_end = document.next_line(self._colon)
        if rest and document.line_of(self.tree.start(rest[0])) == document.line_of(CharOffset(end - 1)):
            # The body stands on the header's line.
            return end, document.newline, document.newline + self.indent + "\0"
        if not text[:line_end].endswith(("\n", "\r")):
            return line_end, document.newline, ""
        if not rest:
            return line_end, "", document.newline
        line = document.line_of(CharOffset(line_end))
        while not document.line_text(line).strip():
            line += 1
        return document.line_range(line)[0], "", document.newline

    @property
    def _colon(self) -> int:
        """Where the header's colon stands."""
        first = self.tree.start(self.node.body[0])
        tokens = [
            one for one in self.tree.tokens if one.text == ":" and self.document.line_starts[self.node.lineno - 1] <= one.start < first
        ]
        return tokens[-1].start

    def insertion(self, lines: Sequence[str]) -> Edit:
        """Put lines, which are indented as the body is, at the start of the body."""
        at, before, behind = self.at_start()
        body = self.document.newline.join(lines)
        if behind.endswith("\0"):
            end = at + len(self.document.text[at:]) - len(self.document.text[at:].lstrip(" \t"))
            return Edit(at, end, before + body + behind[:-1])
        return Edit(at, at, before + body + behind)


def selected_function(selection: Selection) -> Function | None:
    """The one function that is selected, or whose header is; None for anything else."""
    document = selection.document
    if document.language != "python" or len(document.text) > MAX_CHARS or (tree := read_tree(document)) is None:
        return None
    span = snap(document, *selection.meant)
    found = [node for node in _outermost(tree, span) if not isinstance(node, ast.Import | ast.ImportFrom) and not is_text_statement(node)]
    if len(found) != 1 or not isinstance(found[0], FUNCTIONS):
        return None
    return Function(tree, found[0], span)


def _outermost(tree: PythonTree, span: Span) -> Iterator[ast.stmt]:
    """The statements of a span that lie in no other one there."""
    end = 0
    for node in nodes_in(tree, span):
        if isinstance(node, ast.stmt) and tree.start(node) >= end:
            yield node
            end = tree.end(node)


def bound_names(scope: ast.AST) -> Iterator[str]:
    """The names that a function or a module binds."""
    yield from (one.arg for one in arguments_of(scope))
    yield from (name for node in own_nodes(getattr(scope, "body", [])) for name in bound_by(node))
