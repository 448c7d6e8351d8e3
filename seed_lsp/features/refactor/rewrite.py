"""Actions that the model writes freely: it answers with the whole region."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from engine.api import Committed, Draft, Event, Finished
from seed_lsp.errors import NoChangeError, RejectedResultError
from seed_lsp.features.refactor import intents, rewriting
from seed_lsp.features.refactor.action import Action, Offer, Proposal, Selection, Tools
from seed_lsp.features.refactor.answer_end import AnswerWatch

REWRITE = "refactor.rewrite"
OTHERS = 6
"""So many other answers are looked for where the model leaves code that has a fault."""
UNSURE = "the model would rather leave the code; this is the change that it finds likeliest, so look at it closely"


async def propose(selection: Selection, argument: str, tools: Tools, *, refactoring: rewriting.Refactoring | None = None) -> Proposal:
    """Rewrite the selection by `refactoring`; without one, `argument` is the user's instruction.

    An answer that may not be applied is asked for once more, in another form, as far as there is
    time: the first one that passes all checks is taken.
    """
    wish = refactoring or rewriting.own_instruction(argument)
    plan = rewriting.make_plan(selection.document, selection.start, selection.end, wish, tools.settings)
    answers: list[Finished] = []
    refusals: list[RejectedResultError] = []
    left = float(tools.settings.edit_deadline_s)
    for form in plan.forms:
        started = time.monotonic()
        answer = await _ask(plan, form, left, tools)
        answers.append(answer)
        try:
            # In a large file the checks take seconds, for which no key has to wait.
            made = await asyncio.to_thread(rewriting.read_rewrite, plan, answer)
        except RejectedResultError as error:
            refusals.append(error)
        else:
            return Proposal((*made.imports, *made.edits), plan.span, made.note, finished=tuple(answers))
        took = time.monotonic() - started
        left -= took
        if plan.seeks_fault and isinstance(refusals[-1], NoChangeError) and left > 0:
            if (other := await _another(plan, form, answer, left, tools)) is not None:
                return other
            break
        if answer.finish_reason in {"length", "deadline"} or left < took:
            # The next one would hardly come to its end.
            break
    raise _telling(refusals)


async def _ask(plan: rewriting.Plan, form: rewriting.Form, deadline_s: float, tools: Tools) -> Finished:
    """Ask once, and end the request where the answer's syntax says that it ends."""
    seen = AnswerWatch(plan.bounds)

    def watch(event: Event) -> bool:
        ends = seen(event)
        if isinstance(event, Committed):
            tools.show(plan.span, seen.text)
        elif isinstance(event, Draft):
            tools.show(plan.span, seen.text, event.text)
        return ends

    return await tools.ask(rewriting.build_request(plan, tools.settings, 0, form=form, deadline_s=deadline_s), watch)


async def _another(plan: rewriting.Plan, form: rewriting.Form, answer: Finished, deadline_s: float, tools: Tools) -> Proposal | None:
    """Of the other answers to the same question the likeliest one that may be applied.

    The user says that something is wrong, and the model has only copied it.
    """
    request = rewriting.build_request(plan, tools.settings, 0, form=form, deadline_s=deadline_s)
    found = await tools.ask(replace(request, guess=answer.text, alternatives=OTHERS))
    for text in found.alternatives:
        try:
            made = await asyncio.to_thread(rewriting.read_rewrite, plan, replace(found, text=text))
        except RejectedResultError:
            continue
        return Proposal((*made.imports, *made.edits), plan.span, note=UNSURE, finished=(answer, found))
    return None


def _telling(refusals: Sequence[RejectedResultError]) -> RejectedResultError:
    """Of several refusals the first that says more than that nothing was changed."""
    return next((one for one in refusals if not isinstance(one, NoChangeError)), refusals[0])


async def _offer_simplify(selection: Selection) -> Sequence[Offer]:
    return [Offer(rewriting.SIMPLIFY.title)] if selection.start < selection.end else []


async def _never(_selection: Selection) -> Sequence[Offer]:
    return []


async def propose_own(selection: Selection, instruction: str, tools: Tools) -> Proposal:
    """Do what the user says: by what is computed or by holes where the words leave no doubt, and
    else as the model writes it.
    """
    if (propose_known := await intents.understood(selection, instruction, tools)) is not None:
        return await propose_known()
    return await propose(selection, instruction, tools)


OWN = Action("edit", "Edit", REWRITE, _never, propose_own)
"""The user's own instruction, which has commands of its own in place of a menu's entry."""
SIMPLIFY = Action(
    rewriting.SIMPLIFY.name, rewriting.SIMPLIFY.title, REWRITE, _offer_simplify, partial(propose, refactoring=rewriting.SIMPLIFY)
)
