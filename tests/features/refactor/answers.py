"""Answers of a scripted model, and what becomes of them."""

from __future__ import annotations

from seed_lsp.features.refactor import rewriting
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import apply_edits
from tests.features.refactor.tools import finished

FREELY = "Give the parameters other names and types, and return something else."
"""An instruction that does not bind the signature."""


def plan_of(text: str, region: str = "", instruction: str = FREELY, language: str = "python") -> rewriting.Plan:
    start = text.index(region)
    document = Document("u", text, 1, language)
    own = rewriting.own_instruction(instruction)
    return rewriting.make_plan(document, CharOffset(start), CharOffset(start + len(region or text)), own, Settings())


def rewritten(text: str, answer: str, region: str = "", instruction: str = FREELY, language: str = "python") -> str:
    """`text` after an answer of the model was applied to the region."""
    plan = plan_of(text, region, instruction, language)
    return apply_edits(text, rewriting.read_rewrite(plan, finished(answer)).edits)


def simplified(text: str, answer: str, language: str = "python") -> str:
    """`text` after the model's answer to the action "simplify"."""
    document = Document("u", text, 1, language)
    plan = rewriting.make_plan(document, CharOffset(0), CharOffset(len(text)), rewriting.SIMPLIFY, Settings())
    return apply_edits(text, rewriting.read_rewrite(plan, finished(answer)).edits)
