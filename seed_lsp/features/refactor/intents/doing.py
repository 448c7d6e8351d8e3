"""What is done for each kind of instruction: by an action of the menu, or computed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from seed_lsp.errors import NoChangeError, SelectionError
from seed_lsp.features.refactor import docstring as docstrings
from seed_lsp.features.refactor.action import Proposal, Selection, Tools
from seed_lsp.features.refactor.convert import early_returns as returns
from seed_lsp.features.refactor.convert import try_around as around
from seed_lsp.features.refactor.convert.conversion import Conversion, convert_all
from seed_lsp.features.refactor.convert.f_strings import CONVERSION as F_STRINGS
from seed_lsp.features.refactor.convert.try_around import Handling
from seed_lsp.features.refactor.moves.rename_local import ELSEWHERE, LocalName, local_name, rename_local
from seed_lsp.features.refactor.type_hints import filling
from seed_lsp.features.refactor.type_hints.headers import RETURN
from seed_lsp.source.syntax import snap

if TYPE_CHECKING:
    from pathlib import Path

    from seed_lsp.session.jedi_thread import Check
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

Names = Mapping[str, str]


async def rename(selection: Selection, names: Names, tools: Tools) -> Proposal:
    """Give a local name another one, in the whole function."""
    asked = snap(selection.document, selection.start, selection.end)
    name = await asyncio.to_thread(local_name, selection.document, asked, names["old"])
    by_name = [one.name for one in name.named]
    if elsewhere := await _given_by_name(selection, tools, name):
        raise SelectionError(f"{elsewhere} may give {name.old} by its name; {ELSEWHERE}")
    edits = await asyncio.to_thread(rename_local, name, names["new"])
    note = f"{name.old} is a parameter: callers of {', '.join(by_name)} that are not known here may give it by its name" if by_name else ""
    return Proposal(edits, name.span, note)


async def _given_by_name(selection: Selection, tools: Tools, name: LocalName) -> str:
    """Another file in which a call may give the parameter by its name; empty if there is none."""
    path, given = selection.path, re.compile(rf"\b{re.escape(name.old)}\s*=(?!=)")
    called = {getattr(name.tree.parents.get(one), "name", "") if one.name == "__init__" else one.name for one in name.named}
    if path is None or not called:
        return ""

    def look(files: WorkspaceFiles, _resolver: Resolver, check: Check) -> str:
        files.refresh(check)
        found: set[Path] = set()
        for one in called:
            found |= {*files.containing(one)} & {*files.containing(name.old)}
        others = sorted(found - {path, path.resolve()})
        return next((one.name for one in others if given.search(files.document(one).text)), "")

    return await tools.look_up(selection, look)


async def f_strings(selection: Selection, _names: Names, _tools: Tools) -> Proposal:
    return await _converted(selection, F_STRINGS, "nothing here is formatted by % or .format")


async def _converted(selection: Selection, conversion: Conversion, nothing: str) -> Proposal:
    """All places of the statements that are selected."""
    span = snap(selection.document, selection.start, selection.end)
    made = await convert_all(replace(selection, start=span.start, end=span.end), conversion)
    if made is None:
        raise NoChangeError(nothing)
    return made


async def hints(selection: Selection, _names: Names, tools: Tools) -> Proposal:
    return await filling.propose(selection, "", tools)


async def parameter_hints(selection: Selection, _names: Names, tools: Tools) -> Proposal:
    return await filling.propose(selection, filling.PARAMETERS, tools)


async def return_hints(selection: Selection, _names: Names, tools: Tools) -> Proposal:
    return await filling.propose(selection, RETURN, tools)


async def docstring(selection: Selection, _names: Names, tools: Tools) -> Proposal:
    return await docstrings.propose(selection, "", tools)


async def summary(selection: Selection, _names: Names, tools: Tools) -> Proposal:
    return await docstrings.propose(selection, docstrings.SUMMARY, tools)


async def shorten(selection: Selection, names: Names, tools: Tools) -> Proposal:
    return await docstrings.shorten(selection, tools, several="several" in names)


async def early_returns(selection: Selection, _names: Names, _tools: Tools) -> Proposal:
    return await asyncio.to_thread(returns.without_needless_else, selection)


async def guard_clauses(selection: Selection, _names: Names, _tools: Tools) -> Proposal:
    return await asyncio.to_thread(returns.without_needless_else, selection, guards=True)


_EMPTY = {"list": "[]", "dict": "{}", "dictionary": "{}", "string": '""', "tuple": "()"}


async def try_around(selection: Selection, names: Names, _tools: Tools) -> Proposal:
    """Put a `try` around the body of a function, or the selected statements."""
    ending = "raise" if "reraise" in names else "pass" if "ignore" in names else ""
    if value := names.get("value"):
        ending = f"return {_EMPTY.get(value.rpartition(' ')[2], value)}"
    handling = Handling(
        re.findall(r"[\w.]+", re.sub(r"\b(?:or|and)\b", " ", names["caught"])),
        log="log" in names,
        show="show" in names,
        raised=names.get("raised", ""),
        ending=ending,
    )
    return await asyncio.to_thread(partial(around.try_around, selection, handling, body="body" in names))
