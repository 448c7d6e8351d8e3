"""The actions that move code: where the menu offers them, and what they propose."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seed_lsp.errors import SeedError, SelectionError
from seed_lsp.features.refactor.action import Action, Offer, Proposal, Selection, Tools
from seed_lsp.features.refactor.moves.expressions import name_at
from seed_lsp.features.refactor.moves.extract_function import Extraction, plan_extraction, require_same_code
from seed_lsp.features.refactor.moves.extract_variable import NewVariable, plan_variable, require_same_value
from seed_lsp.features.refactor.moves.inline_function import (
    calls_of,
    definition_at,
    has_comments,
    one_liner,
    plan_inline_function,
    uses_otherwise,
)
from seed_lsp.features.refactor.moves.inline_variable import function_binding, plan_inline_variable
from seed_lsp.features.refactor.moves.inlining import Inlining
from seed_lsp.features.refactor.moves.naming import Hole, is_free_in, model_name, numbered, require_name
from seed_lsp.features.refactor.python_file import tree_around, tree_of
from seed_lsp.source.document import indent_of
from seed_lsp.source.python_tree import PythonTree

if TYPE_CHECKING:
    from seed_lsp.session.jedi_thread import Check
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

FALLBACK_FUNCTION, FALLBACK_VARIABLE = "_extracted", "value"
"""Names for what the model gives none. A function of one module begins with an underscore, so that
no ``import *`` takes it along, and no test runner takes it for a test.
"""


async def extract_function(selection: Selection, argument: str, tools: Tools) -> Proposal:
    """The selected statements as a function or method with a call in their place; `argument` is its
    name, which the model proposes where none is given.
    """
    extraction = plan_extraction(tree_of(selection.document), selection.start, selection.end)
    is_free = is_free_in(selection.document)
    if extraction.owner is not None:
        is_free = await _free_in_workspace(selection, tools, is_free)
    fallback = _given(argument, is_free) or numbered(FALLBACK_FUNCTION, is_free)
    require_same_code(extraction, fallback)
    _show(selection, tools, Proposal(extraction.edits(fallback), extraction.span))
    if argument or _inherits(extraction):
        return Proposal(extraction.edits(fallback), extraction.span)
    before, after = extraction.definition("\0").split("\0", 1)
    name, finished = await model_name(Hole(before, after, "_"), tools, is_free)
    return Proposal(extraction.edits(name or fallback), extraction.span, finished=finished)


async def extract_variable(selection: Selection, argument: str, tools: Tools) -> Proposal:
    """The selected expression as a variable, at this place alone; `argument` is its name, which the
    model proposes where none is given.
    """
    variable = plan_variable(tree_of(selection.document), selection.start, selection.end)
    is_free = is_free_in(selection.document)
    fallback = _given(argument, is_free) or numbered(FALLBACK_VARIABLE, is_free)
    require_same_value(variable, fallback)
    _show(selection, tools, Proposal(variable.edits(fallback), variable.span))
    name, finished = ("", ()) if argument else await model_name(_hole(variable), tools, is_free)
    note = "only the selected place was replaced" if _comes_again(variable) else ""
    return Proposal(variable.edits(name or fallback), variable.span, note, finished)


def _given(name: str, is_free: Callable[[str], bool]) -> str:
    """The name that the user gives, empty if none; `SelectionError` where it cannot be given."""
    if not name:
        return ""
    require_name(name)
    if not is_free(name):
        raise SelectionError(f"the name {name} is used already; choose another one")
    return name


async def inline(selection: Selection, _argument: str, tools: Tools) -> Proposal:
    """The variable or function at the cursor, in all its places, or the one call."""
    tree = tree_of(selection.document)
    node = name_at(tree, selection.start)
    note = ""
    if node is not None and (function := function_binding(tree, node)) is not None:
        made = plan_inline_variable(tree, function, node.id)
    else:
        made, note = await _inline_function(tree, selection, tools)
    made.require_same_program(tree)
    proposal = Proposal(made.edits, made.span(tree), note)
    _show(selection, tools, proposal)
    return proposal


async def _inline_function(tree: PythonTree, selection: Selection, tools: Tools) -> tuple[Inlining, str]:
    """The inlining of the call at the cursor; at a definition, of all calls, and what is to say."""
    name, here = _function_at(tree, selection.start)
    function = one_liner(tree, name)
    if here:
        return plan_inline_function(tree, function, here, remove=False), ""
    calls = calls_of(tree, name)
    reason = "it has comments" if has_comments(tree, function.definition) else ""
    if not reason and (uses_otherwise(tree, name, calls) or await _is_used_elsewhere(selection, tools, name)):
        reason = "its name is used elsewhere"
    made = plan_inline_function(tree, function, calls, remove=not reason)
    return made, f"{name} stays, since {reason}" if reason else ""


def _function_at(tree: PythonTree, offset: int) -> tuple[str, list[ast.Call]]:
    """The name of a function at a place, and the call there, or none at its definition."""
    if name := definition_at(tree, offset):
        return name, []
    node = name_at(tree, offset)
    if node is None:
        raise SelectionError("there is no variable or function at the cursor; put it on a name")
    here = [call for call in calls_of(tree, node.id) if call.func is node]
    if not here:
        raise SelectionError(f"{node.id} is no variable of a function, and no call of a function of this file; only these are inlined")
    return node.id, here


async def _is_used_elsewhere(selection: Selection, tools: Tools, name: str) -> bool:
    path = selection.path
    if path is None:
        return False

    def look(files: WorkspaceFiles, _resolver: Resolver, check: Check) -> bool:
        files.refresh(check)
        return bool({*files.containing(name), *files.too_large(name)} - {path.resolve(), path})

    return await tools.look_up(selection, look)


async def _free_in_workspace(selection: Selection, tools: Tools, is_free: Callable[[str], bool]) -> Callable[[str], bool]:
    """Whether a method's name is free in all files, where a class above or below may have it."""
    path = selection.path
    if path is None:
        return is_free

    def look(files: WorkspaceFiles, _resolver: Resolver, check: Check) -> Callable[[str], list[Path]]:
        files.refresh(check)
        return files.containing

    containing = await tools.look_up(selection, look)
    return lambda name: is_free(name) and not containing(name)


def _inherits(extraction: Extraction) -> bool:
    """Whether a new method might hide one that its class has from elsewhere."""
    owner = extraction.owner
    return owner is not None and any(getattr(base, "id", "") != "object" for base in owner.bases)


def _hole(variable: NewVariable) -> Hole:
    document = variable.document
    start = variable.edits("\0")[0].start
    line = variable.tree.line(variable.tree.start(variable.statement))
    indent = indent_of(document.line_text(line))
    return Hole(document.text[:start] + ("" if document.text[:start].endswith(indent) and indent else indent), f" = {variable.value}\n")


def _comes_again(variable: NewVariable) -> bool:
    return variable.document.text.count(variable.tree.text(variable.expression)) > 1


def _show(selection: Selection, tools: Tools, proposal: Proposal) -> None:
    tools.show(proposal.span, proposal.new_region(selection.document))


async def _offer_function(selection: Selection) -> Sequence[Offer]:
    if (tree := _tree_with_code(selection)) is None:
        return []
    try:
        is_method = plan_extraction(tree, selection.start, selection.end).placement.receiver
    except SeedError:
        return []
    return [Offer("Extract a method" if is_method else "Extract a function")]


async def _offer_variable(selection: Selection) -> Sequence[Offer]:
    if (tree := _tree_with_code(selection)) is None:
        return []
    try:
        plan_variable(tree, selection.start, selection.end)
    except SeedError:
        return []
    return [Offer("Extract a variable")]


def _tree_with_code(selection: Selection) -> PythonTree | None:
    """The syntax around what is selected; None if that is nothing, or does not parse."""
    return tree_around(selection.document, selection.start, selection.end) if selection.text.strip() else None


async def _offer_inline(selection: Selection) -> Sequence[Offer]:
    is_name = not selection.text or selection.text.isidentifier()
    tree = tree_around(selection.document, selection.start, selection.end) if is_name else None
    if tree is None:
        return []
    try:
        node = name_at(tree, selection.start)
        if node is not None and (function := function_binding(tree, node)) is not None:
            plan_inline_variable(tree, function, node.id)
            return [Offer(f"Inline the variable {node.id}")]
        name, here = _function_at(tree, selection.start)
        plan_inline_function(tree, one_liner(tree, name), here or calls_of(tree, name), remove=False)
    except SeedError:
        return []
    return [Offer(f"Inline this call of {name}" if here else f"Inline the function {name}")]


ACTIONS = (
    Action("extract-function", "Extract a function", "refactor.extract.function", _offer_function, extract_function, needs_model=False),
    Action("extract-variable", "Extract a variable", "refactor.extract.variable", _offer_variable, extract_variable, needs_model=False),
    Action("inline", "Inline", "refactor.inline", _offer_inline, inline, needs_model=False),
)
