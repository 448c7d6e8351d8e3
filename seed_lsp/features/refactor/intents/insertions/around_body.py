"""Instructions about a whole call of a function: how long it takes, and when it begins and ends."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from seed_lsp.errors import SelectionError
from seed_lsp.features.refactor.action import Proposal, Selection, Tools
from seed_lsp.features.refactor.convert.indentation import lines_of, put_around
from seed_lsp.features.refactor.intents.insertions.function import Function, selected_function
from seed_lsp.features.refactor.intents.insertions.logs import logger_of
from seed_lsp.features.refactor.intents.insertions.words import matched, plain
from seed_lsp.features.refactor.intents.intent import Intent, Propose
from seed_lsp.features.refactor.loggers import LEVELS, Logger
from seed_lsp.source.document import CharOffset

_FUNCTION = r"(?:it|(?:the|this|each) (?:function|method|call|code)|a call|running it|the whole (?:function|method|thing))"
_TIME = rf"(?:how long {_FUNCTION} (?:takes|ran|runs|needs|took)(?: to (?:run|execute|finish|complete|return))?|(?:the |its )?(?:execution|run|running|elapsed|processing)[ -]?time(?: of {_FUNCTION})?|(?:the |its )?duration(?: of {_FUNCTION})?|the time (?:it|{_FUNCTION}) (?:takes|took|needs)(?: to (?:run|execute|finish|complete))?)"
_TOLD = r"(?: in seconds)?(?: (?:at|with) (?:the )?(?P<level>\w+) level)?"
_TIMES = (
    rf"(?:(?P<verb>log|print)(?: out)? |(?:measure|time|track|report|record) ){_TIME}{_TOLD}",
    rf"(?:measure|time|track|record|calculate|compute)(?: and (?P<verb>log|print))? {_TIME}(?:,? (?:and|then) (?P<verb2>log|print) (?:it|that|this|the result|the (?:duration|time)))?{_TOLD}",
    rf"(?:time|measure) {_FUNCTION}(?:'s (?:execution|run) ?time)?(?:,? (?:and|then) (?P<verb>log|print) (?:it|{_TIME}|the result|the time))?{_TOLD}",
    rf"add (?:timing|time measurement|a timer|timing code|(?:timing|execution time) (?P<verb>log)ging)(?: (?:to|around|for) {_FUNCTION})?(?: (?:and|that|which) (?P<verb2>log|print)s? (?:it|{_TIME}|the (?:duration|time)))?{_TOLD}",
)  # fmt: skip
_ENTRY, _EXIT = (
    r"(?:entry|entering|start|beginning|being entered|begin|enter)",
    r"(?:exit|exiting|end|leaving|being left|finish|return|completion|leave)",
)
_ENDS = (
    rf"(?P<verb>log|print) (?:a message |a line )?(?:(?:on|at|upon|its|the|both|function|method|each) )*{_ENTRY} and (?:(?:on|at|upon|its|the|function|method) )*{_EXIT}(?: of {_FUNCTION})?{_TOLD}",
    rf"(?P<verb>log|print) (?:a message |a line )?when(?:ever)? {_FUNCTION} (?:is entered|starts|begins|is called) and (?:when it )?(?:is left|is exited|ends|exits|returns|finishes){_TOLD}",
    rf"add (?:a )?(?:(?P<level2>debug|info) )?(?P<verb>log|print)(?:ging|s| calls| statements)?(?: messages?)? (?:(?:on|at|for|upon|the|of) )*{_ENTRY} and (?:(?:on|at|for|upon|the|of) )*{_EXIT}(?: of {_FUNCTION})?{_TOLD}",
    rf"add {_ENTRY}(?: and |/){_EXIT} (?P<verb>log|print)(?:ging|s)?(?: to {_FUNCTION})?{_TOLD}",
)  # fmt: skip


@dataclass(frozen=True)
class _Around:
    """Lines before a body, and those that run however it ends."""

    before: str
    after: str
    modules: Sequence[str]


async def _understand(selection: Selection, instruction: str, _tools: Tools) -> Propose | None:
    read = matched((*_TIMES, *_ENDS), plain(instruction))
    level = (read.groupdict().get("level") or read.groupdict().get("level2") or "debug").lower() if read else ""
    if read is None or level not in LEVELS or (function := await asyncio.to_thread(selected_function, selection)) is None:
        return None
    prints = "print" in {read.groupdict().get("verb"), read.groupdict().get("verb2")}
    is_time = read.re.pattern in _TIMES

    async def propose() -> Proposal:
        around = _timed(function, level, prints=prints) if is_time else _told(function, level, prints=prints)
        return await asyncio.to_thread(_wrapped, function, around)

    return propose


def _timed(function: Function, level: str, *, prints: bool) -> _Around:
    name, started = function.name, function.free_name("started", "start_time")
    clock = _clock(function)
    took = f"{clock}() - {started}"
    logger = logger_of(function)
    modules = ("time",) if clock == "time.perf_counter" else ()
    if prints:
        return _Around(f"{started} = {clock}()", f'print(f"{name} took {{{took}:.3f}} s")', modules)
    mark = "{:.3f}" if logger.mark != "%r" else "%.3f"
    return _Around(f"{started} = {clock}()", f'{logger.code}.{level}("{name} took {mark} s", {took})', (*modules, *logger.imports))


def _clock(function: Function) -> str:
    """How the clock is called here."""
    imported = {
        (alias.name, alias.asname)
        for node in function.tree.root.body
        if isinstance(node, ast.Import | ast.ImportFrom) and (isinstance(node, ast.Import) or node.module == "time")
        for alias in node.names
    }
    if ("perf_counter", None) in imported:
        return "perf_counter"
    if ("time", None) not in {
        (one.name, one.asname) for node in function.tree.root.body if isinstance(node, ast.Import) for one in node.names
    } and ("time" in function.known_names or "time" in function.all_names):
        raise SelectionError(f"the name time has another meaning in {function.name}; import perf_counter from time first")
    return "time.perf_counter"


def _told(function: Function, level: str, *, prints: bool) -> _Around:
    name, logger = function.name, Logger("") if prints else logger_of(function)
    lines = [f'print("{text}")' if prints else logger.call(level, text) for text in (f"entering {name}", f"leaving {name}")]
    return _Around(lines[0], lines[1], () if prints else logger.imports)


def _wrapped(function: Function, around: _Around) -> Proposal:
    document, tree = function.document, function.tree
    inside = function.node.body[1:] if function.docstring is not None else function.node.body
    if function.is_generator:
        raise SelectionError(f"{function.name} is a generator, which runs whenever a value is asked for")
    if not inside or not tree.has_own_lines(inside[0], inside[-1]):
        raise SelectionError(f"the body of {function.name} shares its line with other code; give it lines of its own")
    function.require_modules(around.modules)
    row, lines = document.line_of(CharOffset(function.at_start()[0])), lines_of(tree)
    end = lines.with_comments(inside[-1].end_lineno or 0, len(function.indent) - len(function.unit))
    indent, unit = function.indent, function.unit
    before, after = [indent + around.before, f"{indent}try:"], [f"{indent}finally:", indent + unit + around.after]
    made = put_around(lines, document, range(row, end), unit, before=before, after=after)
    return replace(made, edits=(*function.import_edits(around.modules), *made.edits))


INTENT = Intent("around-body", _understand)
