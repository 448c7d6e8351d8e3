"""Say in words what the selected code does; nothing is changed."""

from __future__ import annotations

import re

from engine.api import GenerateRequest
from engine.fences import fence_around
from seed_lsp.errors import RejectedResultError
from seed_lsp.features.refactor import rewriting
from seed_lsp.features.refactor.action import Selection, Tools, require_wanted

MAX_TOKENS = 256
SYSTEM = "You explain code to a colleague, in at most six short sentences of plain text. You do not repeat the code."
_SENTENCE = re.compile(r"[.!?:]['\"`)]*(?=\s|$)")
# A block of code, with the line that announces it.
_BLOCK = re.compile(r"(?:^[^\n]*:[ \t]*\n+)?^(`{3,})[^\n]*\n(.*?)^\1[ \t]*$\n*", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^`{3,}", re.MULTILINE)


async def explain(selection: Selection, tools: Tools) -> str:
    """The explanation, as Markdown. `SelectionError` if no code is selected, or too much."""
    document, settings = selection.document, tools.settings
    plan = rewriting.make_plan(document, *selection.meant, rewriting.own_instruction("explain"), settings)
    fence = fence_around(plan.region)
    asked = await tools.ask(
        GenerateRequest(
            0,
            settings.model,
            settings.edit_sampling(MAX_TOKENS),
            prompt=f"What does this code do, and what should its caller know?\n\n{fence}{document.language}\n{plan.region}\n{fence}",
            system=SYSTEM,
        )
    )
    finished = require_wanted(asked)
    text = finished.text.strip()
    if finished.finish_reason != "stop":
        text = _whole_sentences(text)
    text = _without_repetition(text, plan.region)
    if not text:
        raise RejectedResultError("the model has nothing to say of this code; select another part")
    return text


def _whole_sentences(text: str) -> str:
    """A text that was cut off, up to the end of its last sentence; an open code block is closed."""
    ends = [found.end() for found in _SENTENCE.finditer(text)]
    text = text[: ends[-1]] if ends else ""
    return text + "\n```" if len(_FENCE.findall(text)) % 2 else text


def _without_repetition(text: str, region: str) -> str:
    """A text without the blocks of code of which most lines are those of the region."""
    known = {line.strip() for line in region.splitlines()}

    def kept(found: re.Match[str]) -> str:
        lines = [line.strip() for line in found[2].splitlines() if line.strip()]
        return "" if 2 * sum(line in known for line in lines) > len(lines) else found[0]

    return _BLOCK.sub(kept, text).strip()
