"""All actions, in the order of the menu, and the one way to run one of them."""

from __future__ import annotations

import asyncio

from seed_lsp.errors import NoChangeError, RejectedResultError, SelectionError
from seed_lsp.features.refactor import docstring, rewrite
from seed_lsp.features.refactor.action import Action, OtherFile, Proposal, Selection, Tools
from seed_lsp.features.refactor.convert import actions as conversions
from seed_lsp.features.refactor.fix import diagnostic
from seed_lsp.features.refactor.generate_tests import proposing as generate_tests
from seed_lsp.features.refactor.imports import import_block
from seed_lsp.features.refactor.modernise import action as modernise
from seed_lsp.features.refactor.moves import actions as moves
from seed_lsp.features.refactor.type_hints import filling
from seed_lsp.source.document import Document
from seed_lsp.source.syntax import adds_errors

# What is computed comes first: it is there at once, and right.
ACTIONS: tuple[Action, ...] = (
    *modernise.ACTIONS,
    *conversions.ACTIONS,
    *moves.ACTIONS,
    rewrite.SIMPLIFY,
    filling.ACTION,
    docstring.ACTION,
    *diagnostic.ACTIONS,
    *generate_tests.ACTIONS,
)
OWN = rewrite.OWN


def find_action(name: str) -> Action:
    """The action of that name, the user's own instruction among them; `SelectionError` if none."""
    for action in (*ACTIONS, OWN):
        if action.name == name:
            return action
    raise SelectionError(f"unknown refactoring {name!r}; known: {', '.join(action.name for action in ACTIONS)}")


async def run(action: Action, selection: Selection, argument: str, tools: Tools) -> Proposal:
    """Let an action make its proposal, and hold it to what every action promises.

    Its edits are in order and apart, lie in the region or the import block, and leave no syntax
    error that was not there; those of another file replace nothing there.
    """
    proposal = await action.propose(selection, argument, tools)
    if not proposal.edits and proposal.new_file is None and proposal.other_file is None:
        raise NoChangeError("there is nothing to change")
    _require_inside(selection.document, proposal)
    if proposal.edits:
        # In a large file this takes seconds, for which no key has to wait.
        await asyncio.to_thread(_require_no_new_errors, selection.document, proposal.new_text(selection.document))
    if proposal.other_file is not None:
        _require_added(proposal.other_file)
        await asyncio.to_thread(_require_no_new_errors, proposal.other_file.document, proposal.other_file.new_text)
    return proposal


def _require_inside(document: Document, proposal: Proposal) -> None:
    spans = (proposal.span, import_block(document))
    if not all(any(span.holds(edit.start, edit.end) for span in spans) for edit in proposal.edits):
        raise RejectedResultError("the result would change code outside the selection and the imports; nothing was changed")


def _require_added(other: OtherFile) -> None:
    imports = import_block(other.document)
    if not all(edit.start == edit.end or imports.holds(edit.start, edit.end) for edit in other.edits):
        raise RejectedResultError(f"the result would replace code of {other.path.name}; nothing was changed")


def _require_no_new_errors(document: Document, text: str) -> None:
    if adds_errors(document.text, text, document.language):
        raise RejectedResultError("the result does not parse in its place; try again with another selection or instruction")
