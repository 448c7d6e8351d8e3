"""Let the actions make their proposals, and write down what came of each."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.refactorings.cases import OWN, Case, cases_of, selection_range
from benchmarks.refactorings.functions import read_functions
from benchmarks.refactorings.instructions import FIXED
from benchmarks.refactorings.packages import root_of
from benchmarks.refactorings.tools import BenchTools
from benchmarks.report import BenchError, machine, say
from engine.api import EngineError, ModelUnavailableError, WorkerSettings
from engine.evaluation.records import drop_partial_line, read_records
from seed_lsp.errors import NoChangeError, SeedError
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import Action, Proposal, Selection
from seed_lsp.session.engine_client import EngineClient
from seed_lsp.session.jedi_thread import JediThread
from seed_lsp.session.settings import Settings

NO_MODEL = "none"
MOST_OFFERS = 4
"""Of the entries that an action offers for one selection, so many are chosen."""


def answers_path(folder: Path, name: str) -> Path:
    return folder / f"answers-{name}.jsonl"


@dataclass(frozen=True)
class Wanted:
    """What is asked: `actions` by their names, all if there is none, and `most` cases of each.

    The user's own instruction is one of `group`. Nothing more is begun after `limit_s` seconds.
    """

    model: str = NO_MODEL
    actions: Sequence[str] = ()
    most: int | None = None
    limit_s: float | None = None
    group: str = FIXED


def apply(folder: Path, name: str, wanted: Wanted) -> None:
    """Ask what has no answer under this name yet."""
    path = answers_path(folder, name)
    drop_partial_line(path)
    done = {record["case"] for record in read_records(path)}
    cases = (case for case in _cases(folder, wanted) if case.id not in done)
    asyncio.run(_apply(folder, path, wanted, cases))


def _cases(folder: Path, wanted: Wanted) -> Iterator[Case]:
    functions = read_functions(folder)
    if not functions:
        raise BenchError(f"there are no functions in {folder}; run: python -m benchmarks.refactorings make {folder}")
    for action in actions_of(wanted.actions):
        yield from cases_of(folder, action.name, functions, wanted.most, wanted.group)


def actions_of(wanted: Sequence[str]) -> list[Action]:
    """The actions of these names, those that are known here; all of them without any name.

    The word ``computed`` stands for those that need no model.
    """
    known = {action.name: action for action in (*registry.ACTIONS, registry.OWN)}
    names = list(wanted) or list(known)
    if "computed" in names:
        names += [action.name for action in known.values() if not action.needs_model]
    for name in sorted(set(names) - known.keys() - {"computed"}):
        say(f"there is no action {name} here")
    return [action for action in known.values() if action.name in names]


async def _apply(folder: Path, path: Path, wanted: Wanted, cases: Iterator[Case]) -> None:
    client = None if wanted.model == NO_MODEL else EngineClient(WorkerSettings(), idle_s=0)
    origin = {"model": wanted.model, "commit": machine()["commit"]}
    settings = Settings() if client is None else Settings(model=wanted.model)
    end = None if wanted.limit_s is None else time.monotonic() + wanted.limit_s
    jedi = JediThread()
    try:
        with path.open("a", encoding="utf-8") as file:
            for case in cases:
                if end is not None and time.monotonic() > end:
                    say("the time is over; the same command goes on")
                    return
                record = await _record(folder, case, BenchTools(settings, client, jedi))
                file.write(json.dumps(record | origin) + "\n")
                file.flush()
                say(f"{case.id}: {[result['outcome'] for result in record['results']]}")
    finally:
        if client is not None:
            await client.stop()


async def _record(folder: Path, case: Case, tools: BenchTools) -> dict[str, Any]:
    root = root_of(folder, case.function.package).resolve()
    path = root / case.function.path
    selection = Selection(case.document(root), *selection_range(case), path=path)
    action = registry.find_action(case.action)
    started = time.monotonic()
    offers = [(case.instruction, "")] if case.action == OWN else [(one.argument, one.title) for one in await action.offers(selection)]
    offers_s = time.monotonic() - started
    results = []
    for argument, title in offers[:MOST_OFFERS]:
        tools = BenchTools(tools.settings, tools.client, tools.jedi)
        results.append({"argument": argument, "title": title, **await _result(action, selection, argument, tools, case)})
    return {
        "case": case.id,
        "function": case.function.id,
        "action": case.action,
        "detail": case.detail,
        "lines": case.lines,
        "offers": len(offers),
        "offers_s": round(offers_s, 4),
        "results": results,
    }


async def _result(action: Action, selection: Selection, argument: str, tools: BenchTools, case: Case) -> dict[str, Any]:
    """How one proposal ended: offered, unchanged, refused, failed in the engine, or crashed."""
    found: dict[str, Any]
    try:
        proposal = await registry.run(action, selection, argument, tools)
    except NoChangeError as error:
        found = {"outcome": "unchanged", "reason": str(error)}
    except SeedError as error:
        found = {"outcome": "refused", "reason": str(error)}
    except ModelUnavailableError as error:
        if tools.client is not None:
            raise BenchError(str(error)) from error
        found = {"outcome": "failed", "reason": str(error)}
    except EngineError as error:
        found = {"outcome": "failed", "reason": str(error)}
    except Exception as error:  # noqa: BLE001 - a crash is one of the outcomes that are counted
        say(f"{case.id}: {error!r}")
        found = {"outcome": "crashed", "reason": repr(error)}
    else:
        edits = [[edit.start, edit.end, edit.text] for edit in proposal.edits]
        found = {
            "outcome": "offered",
            "text": proposal.new_text(selection.document),
            "edits": edits,
            "span": [proposal.span.start, proposal.span.end],
            "note": proposal.note,
            "new_file": _new_file(proposal),
        }
    timed: dict[str, Any] = {
        "seconds": round(time.monotonic() - tools.started, 3),
        "first_s": tools.first_s,
        "asked": tools.asked,
        "tokens": tools.tokens,
    }
    if tools.chances:
        timed["chances"] = [round(chance, 6) for chance in tools.chances]
    return found | timed


def _new_file(proposal: Proposal) -> dict[str, str] | None:
    """The other file that a proposal makes, or adds to."""
    if proposal.new_file is not None:
        return {"path": str(proposal.new_file.path), "text": proposal.new_file.text}
    other = proposal.other_file
    return None if other is None else {"path": str(other.path), "text": other.new_text}
