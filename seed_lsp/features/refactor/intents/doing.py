"""What is done for each kind of instruction: by an action of the menu, or computed."""

from __future__ import annotations

import asyncio
import builtins
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from seed_lsp.errors import NoChangeError, SelectionError
from seed_lsp.features.refactor import docstring as docstrings
from seed_lsp.features.refactor import removal
from seed_lsp.features.refactor.action import Proposal, Selection, Tools
from seed_lsp.features.refactor.convert import early_returns as returns
from seed_lsp.features.refactor.convert import try_around as around
from seed_lsp.features.refactor.convert.branches import LOOK_UP, MATCH
from seed_lsp.features.refactor.convert.comprehension_to_loop import CONVERSION as TO_LOOP
from seed_lsp.features.refactor.convert.conversion import Conversion, convert_all
from seed_lsp.features.refactor.convert.f_strings import CONVERSION as F_STRINGS
from seed_lsp.features.refactor.convert.loop_to_comprehension import CONVERSION as TO_COMPREHENSION
from seed_lsp.features.refactor.convert.try_around import Handling
from seed_lsp.features.refactor.imports import import_block
from seed_lsp.features.refactor.modernise.action import ALL, MODERNISE, UNUSED_IMPORTS
from seed_lsp.features.refactor.moves import actions as moves
from seed_lsp.features.refactor.moves.expressions import name_at
from seed_lsp.features.refactor.moves.inline_function import definition_at
from seed_lsp.features.refactor.moves.rename_local import ELSEWHERE, LocalName, call_by_name, local_name, rename_local
from seed_lsp.features.refactor.python_file import tree_of
from seed_lsp.features.refactor.type_hints import filling
from seed_lsp.features.refactor.type_hints.headers import RETURN
from seed_lsp.source.document import CharOffset
from seed_lsp.source.python_tree import read_tree
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
    path = selection.path
    if path is None or not name.named:
        return ""

    def look(files: WorkspaceFiles, _resolver: Resolver, check: Check) -> str:
        files.refresh(check)
        found: set[Path] = set()
        for one in name.callees:
            found |= {*files.containing(one)} & {*files.containing(name.old)}
        others = sorted(found - {path, path.resolve()})
        trees = ((one, read_tree(files.document(one))) for one in others)
        return next((one.name for one, tree in trees if tree is not None and call_by_name(tree, name) is not None), "")

    return await tools.look_up(selection, look)


async def f_strings(selection: Selection, _names: Names, _tools: Tools) -> Proposal:
    return await _converted(selection, F_STRINGS, "nothing here is formatted by % or .format", several=True)


async def comprehension(selection: Selection, names: Names, _tools: Tools) -> Proposal:
    return await _converted(selection, TO_COMPREHENSION, "no loop here does nothing but to fill a collection", several="several" in names)


async def loop(selection: Selection, names: Names, _tools: Tools) -> Proposal:
    return await _converted(selection, TO_LOOP, "no statement here makes a collection by a comprehension", several="several" in names)


async def match(selection: Selection, names: Names, _tools: Tools) -> Proposal:
    return await _converted(selection, MATCH, "no chain of ifs here compares one value with others", several="several" in names)


async def look_up(selection: Selection, names: Names, _tools: Tools) -> Proposal:
    return await _converted(selection, LOOK_UP, "no chain of ifs here compares one value with others", several="several" in names)


async def _converted(selection: Selection, conversion: Conversion, nothing: str, *, several: bool) -> Proposal:
    """All places of the statements that are selected."""
    span = snap(selection.document, selection.start, selection.end)
    made = await convert_all(replace(selection, start=span.start, end=span.end), conversion, several=several)
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
    return await asyncio.to_thread(returns.ending_early, selection, "early")


async def needless_else(selection: Selection, _names: Names, _tools: Tools) -> Proposal:
    return await asyncio.to_thread(returns.ending_early, selection, "else")


async def guard_clauses(selection: Selection, _names: Names, _tools: Tools) -> Proposal:
    return await asyncio.to_thread(returns.ending_early, selection, "guards")


_EMPTY = {"list": "[]", "dict": "{}", "dictionary": "{}", "string": '""', "tuple": "()"}


async def try_around(selection: Selection, names: Names, _tools: Tools) -> Proposal:
    """Put a `try` around the body of a function, or the selected statements."""
    ending = "raise" if "reraise" in names else "pass" if "ignore" in names else ""
    if value := names.get("value"):
        ending = f"return {_EMPTY.get(value.rpartition(' ')[2], value)}"
    caught = re.findall(r"[\w.]+", re.sub(r"\b(?:or|and)\b", " ", names["caught"]))
    handling = Handling(
        [name if hasattr(builtins, name) or not hasattr(builtins, name[:-1]) else name[:-1] for name in caught],
        log="log" in names,
        show="show" in names,
        raised=names.get("raised", ""),
        ending=ending,
    )
    return await asyncio.to_thread(partial(around.try_around, selection, handling, body="body" in names))


async def extract_function(selection: Selection, names: Names, tools: Tools) -> Proposal:
    return await moves.extract_function(selection, names.get("name", ""), tools)


async def extract_variable(selection: Selection, names: Names, tools: Tools) -> Proposal:
    return await moves.extract_variable(selection, names.get("name", ""), tools)


async def inline(selection: Selection, names: Names, tools: Tools) -> Proposal:
    """Inline the name, wherever in the selection it stands first."""
    name = names["name"]
    span = snap(selection.document, selection.start, selection.end)
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    tree = tree_of(selection.document)
    for found in word.finditer(selection.document.text, span.start, span.end):
        at = CharOffset(found.start())
        if name_at(tree, at) is not None or definition_at(tree, at):
            return await moves.inline(replace(selection, start=at, end=at), "", tools)
    raise NoChangeError(f"there is no name {name} here")


async def modernise(selection: Selection, _names: Names, tools: Tools) -> Proposal:
    return await MODERNISE.propose(selection, ALL, tools)


async def can_modernise(selection: Selection) -> bool:
    return bool(await MODERNISE.offers(selection))


async def unused_imports(selection: Selection, _names: Names, tools: Tools) -> Proposal:
    """Take out what the file imports and nothing uses."""
    if selection.path is not None and selection.path.name == "__init__.py":
        raise SelectionError("an __init__.py imports for others as well; say which names it shall not import")
    block = import_block(selection.document)
    head = replace(selection, start=block.start, end=block.end)
    if not await UNUSED_IMPORTS.offers(head):
        raise NoChangeError("all imports at the head of the file are used")
    made = await UNUSED_IMPORTS.propose(head, ALL, tools)
    return replace(made, note="other files can no longer import these names from here")


async def without_comments(selection: Selection, _names: Names, _tools: Tools) -> Proposal:
    return await asyncio.to_thread(removal.without_comments, selection)


async def without_prints(selection: Selection, _names: Names, _tools: Tools) -> Proposal:
    return await asyncio.to_thread(removal.without_prints, selection)


async def without_docstrings(selection: Selection, names: Names, _tools: Tools) -> Proposal:
    return await asyncio.to_thread(partial(removal.without_docstrings, selection, several="several" in names))
