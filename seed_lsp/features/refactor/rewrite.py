"""Actions that the model writes freely: it answers with the whole region."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from engine.api import Committed, Draft, Event
from seed_lsp.features.refactor import rewriting
from seed_lsp.features.refactor.action import Action, Offer, Proposal, Selection, Tools

REWRITE = "refactor.rewrite"


async def propose(selection: Selection, argument: str, tools: Tools, *, refactoring: rewriting.Refactoring | None = None) -> Proposal:
    """Rewrite the selection by `refactoring`; without one, `argument` is the user's instruction."""
    wish = refactoring or rewriting.own_instruction(argument)
    plan = rewriting.make_plan(selection.document, selection.start, selection.end, wish, tools.settings)
    committed = ""

    def watch(event: Event) -> None:
        nonlocal committed
        if isinstance(event, Committed):
            committed += event.text
            tools.show(plan.span, committed)
        elif isinstance(event, Draft):
            tools.show(plan.span, committed, event.text)

    finished = await tools.ask(rewriting.build_request(plan, tools.settings, 0), watch)
    # In a large file the checks take seconds, for which no key has to wait.
    made = await asyncio.to_thread(rewriting.read_rewrite, plan, finished)
    return Proposal(made.edits, plan.span, finished=(finished,))


async def _offers(selection: Selection, *, title: str) -> Sequence[Offer]:
    return [Offer(title)] if selection.start < selection.end else []


def _action(refactoring: rewriting.Refactoring) -> Action:
    return Action(
        refactoring.name,
        refactoring.title,
        REWRITE,
        partial(_offers, title=refactoring.title),
        partial(propose, refactoring=refactoring),
    )


async def _never(_selection: Selection) -> Sequence[Offer]:
    return []


OWN = Action("edit", "Edit", REWRITE, _never, propose)
"""The user's own instruction, which has commands of its own in place of a menu's entry."""
ACTIONS = tuple(_action(refactoring) for refactoring in rewriting.REFACTORINGS)
