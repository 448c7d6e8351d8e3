"""From new statements to a proposal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from seed_lsp.features.refactor.action import Proposal, Tools
from seed_lsp.features.refactor.intents.insertions.asking import Asker
from seed_lsp.features.refactor.intents.insertions.filling import Filler, place_at
from seed_lsp.features.refactor.intents.insertions.function import Function
from seed_lsp.features.refactor.intents.insertions.statement import Statement
from seed_lsp.source.patch import Edit, apply_edits


async def propose_at_start(
    function: Function, statement: Statement | None, tools: Tools, edits: Sequence[Edit] = (), *, more: Sequence[str] = (), note: str = ""
) -> Proposal:
    """The statement at the start of the function's body, beside `edits` to its header, which give
    it the names `more`.
    """
    filler = Filler(function, Asker(function.document, tools))
    made = list(edits)
    modules: Sequence[str] = ()
    if statement is not None:
        at, _, _ = function.at_start()
        filled = await filler.fill(statement, place_at(function, at, made, indent=function.indent, more=more))
        made.append(function.insertion(filled.text.split("\n")))
        modules = filled.modules
        function.require_modules(modules)
    return await asyncio.to_thread(finished_proposal, function, made, modules, filler, note)


def finished_proposal(function: Function, edits: Sequence[Edit], modules: Sequence[str], filler: Filler, note: str = "") -> Proposal:
    """The edits with those to the import block."""
    ordered = sorted([*function.import_edits(modules), *edits], key=lambda edit: edit.start)
    span = function.span
    filler.asker.tools.show(
        span,
        apply_edits(function.document.text[span.start : span.end], [one for one in edits if one.start >= span.start], offset=span.start),
    )
    return Proposal(tuple(ordered), span, note, tuple(filler.asker.finished))
