"""Extract function or method: statements become a definition of their own, and a call of it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property

from seed_lsp.errors import RejectedResultError, SelectionError
from seed_lsp.features.refactor.moves.annotations import annotations_of
from seed_lsp.features.refactor.moves.boundary import Boundary, boundary_of
from seed_lsp.features.refactor.moves.placement import Placement, placement_of
from seed_lsp.features.refactor.moves.run import Run, selected_run
from seed_lsp.features.refactor.moves.structure import parsed_result
from seed_lsp.source.document import CharOffset, Document, indent_of, split_lines
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_tree import FUNCTIONS, Function, PythonTree
from seed_lsp.source.syntax import Span


@dataclass(frozen=True)
class Extraction:
    """A run of statements of `function` that can be a function of its own, without a name yet."""

    tree: PythonTree
    run: Run
    function: Function
    boundary: Boundary
    placement: Placement

    @property
    def document(self) -> Document:
        return self.tree.document

    @property
    def span(self) -> Span:
        """The selected lines, and all from there to where the new definition goes."""
        return Span(CharOffset(min(self.placement.offset, self.run.start)), CharOffset(max(self.placement.offset, self.run.end)))

    @property
    def owner(self) -> ast.ClassDef | None:
        """The class that gets a new method."""
        parents = (node for node in self.tree.around(self.function) if isinstance(node, ast.ClassDef))
        return next(parents) if self.placement.receiver else None

    @cached_property
    def body(self) -> str:
        """The statements, indented for their new place."""
        old = indent_of(self.document.line_text(self.tree.line(self.tree.start(self.run.statements[0]))))
        return _shifted(self.tree, self.run, old, self.placement.indent + self.unit)

    @cached_property
    def unit(self) -> str:
        """One step of indentation, as the function has it."""
        places = (self.tree.start(self.function), self.tree.start(self.function.body[-1]))
        outer, inner = (indent_of(self.document.line_text(self.tree.line(place))) for place in places)
        return inner[len(outer) :] or "    "

    @cached_property
    def annotations(self) -> dict[str, str]:
        return annotations_of(self.tree, self.function, self.boundary.parameters, self.placement)

    def edits(self, name: str) -> tuple[Edit, ...]:
        newline = self.document.newline
        last = self._call_line(name, ends=self.document.text[: self.run.end].endswith(("\n", "\r")))
        replaced = Edit(self.run.start, self.run.end, last)
        definition = self.definition(name)
        if not self.placement.behind:
            gap = newline * (1 if self.placement.indent else 2)
            return (Edit(self.placement.offset, self.placement.offset, definition + gap), replaced)
        before = self.document.text[: self.placement.offset]
        gap = newline if before.endswith(("\n", "\r")) else newline * 2
        behind = self.document.text[self.placement.offset :]
        tail = newline if split_lines(behind)[:1] and split_lines(behind)[0].strip() else ""
        if self.run.end == self.placement.offset:
            return (Edit(self.run.start, self.run.end, last + (gap if last.endswith(newline) else newline * 2) + definition + tail),)
        return (replaced, Edit(self.placement.offset, self.placement.offset, gap + definition + tail))

    def definition(self, name: str) -> str:
        """The new function, whole lines."""
        newline, indent = self.document.newline, self.placement.indent
        receiver = [self.placement.receiver] if self.placement.receiver else []
        parameters = ", ".join([*receiver, *(one + self.annotations.get(one, "") for one in self._parameters)])
        lines = [f"{indent}@classmethod"] if self.placement.kind == "classmethod" else []
        lines.append(f"{indent}{'async ' if self.boundary.is_async else ''}def {name}({parameters}):")
        results = [f"{indent}{self.unit}return {', '.join(self.boundary.results)}"] if self.boundary.results else []
        end = "" if self.body.endswith(("\n", "\r")) else newline
        return newline.join([*lines, self.body + end + newline.join([*results, ""])])

    @property
    def _parameters(self) -> list[str]:
        return [one for one in self.boundary.parameters if one != self.placement.receiver]

    def _call_line(self, name: str, *, ends: bool) -> str:
        indent = indent_of(self.document.line_text(self.document.line_of(CharOffset(self.run.start))))
        target = f"{self.placement.receiver}." if self.placement.receiver else ""
        call = f"{'await ' if self.boundary.is_async else ''}{target}{name}({', '.join(self._parameters)})"
        if self.boundary.returns:
            call = f"return {call}"
        elif self.boundary.results:
            call = f"{', '.join(self.boundary.results)} = {call}"
        return f"{indent}{call}{self.document.newline if ends else ''}"


def plan_extraction(tree: PythonTree, start: int, end: int) -> Extraction:
    """What extracting the statements between two characters would make; `SelectionError` says why
    they cannot be a function of their own.
    """
    run = selected_run(tree, start, end)
    function = run.function
    if function is None:
        raise SelectionError("the selection is not within a function; select statements of a function's body")
    boundary = boundary_of(run, function)
    placement = placement_of(tree, run, function, boundary)
    return Extraction(tree, run, function, boundary, placement)


def require_same_code(extraction: Extraction, name: str) -> None:
    """`RejectedResultError` unless the new function has the very statements that were selected."""
    module = parsed_result(extraction.tree, extraction.edits(name)).root
    made = [node for node in ast.walk(module) if isinstance(node, FUNCTIONS) and node.name == name]
    wanted = [ast.dump(statement) for statement in extraction.run.statements]
    if len(made) != 1 or [ast.dump(statement) for statement in made[0].body[: len(wanted)]] != wanted:
        raise RejectedResultError("the statements would not be the same in their new place; nothing was changed")


def _shifted(tree: PythonTree, run: Run, old: str, new: str) -> str:
    """The lines of the run with another indentation; what lies within strings stays as it is."""
    first = tree.line(run.start)
    return "".join(
        line if first + i in tree.lines_in_strings else _shifted_line(line, old, new)
        for i, line in enumerate(split_lines(tree.document.text[run.start : run.end]))
    )


def _shifted_line(line: str, old: str, new: str) -> str:
    if line.startswith(old):
        return new + line[len(old) :] if line.strip() else line
    return new + line.lstrip(" \t") if line.lstrip().startswith("#") else line
