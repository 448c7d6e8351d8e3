"""Inputs that were found: made small, kept, and tried again."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.robustness.campaign import CORPUS
from benchmarks.robustness.exchange import Fault, Sent, sent
from benchmarks.robustness.session import framed

MESSAGES = CORPUS / "messages.jsonl"
"""Each line says what was wrong, and has the ``message``, or the ``raw`` bytes, each a character.
It has the ``number`` that must be answered, or ``unnamed`` where an error without an id must come.
"""
MOST_SUSPECTS, MOST_CUTS = 40, 60
_FOLDER = "file:///FOLDER"

Fails = Callable[[Sent], list[Fault]]
"""What is broken by this message alone, in a session of its own."""


def smallest(fault: Fault, fails: Fails) -> tuple[Fault, Sent] | None:
    """The message that is to blame, with whatever can be left out of it left out.

    None where no single one fails by itself.
    """
    for suspect in fault.suspects[:MOST_SUSPECTS]:
        again = next((one for one in fails(suspect) if one.what == fault.what), None)
        if again is not None:
            return again, _cut(suspect, again, fails)
    return None


def _cut(suspect: Sent, fault: Fault, fails: Fails) -> Sent:
    message = json_of(suspect)
    if message is None or suspect.fits:
        return suspect
    cuts, best = 0, suspect
    going = True
    while going:
        going = False
        for smaller in _smaller(message):
            cuts += 1
            if cuts > MOST_CUTS:
                return best
            candidate = sent(smaller, number=suspect.number)
            if any(one.what == fault.what for one in fails(candidate)):
                message, best, going = smaller, candidate, True
                break
    return best


def _smaller(message: Any) -> Iterator[Any]:
    """The message without one of its entries each."""
    for path in _paths(message):
        if path in {("jsonrpc",), ("id",), ("method",)}:
            continue
        copied = copy.deepcopy(message)
        holder = copied
        for key in path[:-1]:
            holder = holder[key]
        del holder[path[-1]]
        yield copied


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*before, key)
        if len(before) < 8:
            yield from _paths(inner, (*before, key))


def json_of(one: Sent) -> Any:
    """The message of a plain frame; None for other bytes."""
    try:
        message = json.loads(one.data.partition(b"\r\n\r\n")[2])
    except (ValueError, RecursionError):
        return None
    return message if framed(message) == one.data else None


def keep(fault: Fault, one: Sent, folder: Path) -> None:
    """Add it to the corpus, without the folder's name."""
    message = json_of(one)
    entry = (
        {"message": message} if message is not None else {"raw": one.data.decode("latin-1"), "number": one.number, "unnamed": one.unnamed}
    )
    line = json.dumps({"what": fault.what, **entry}).replace(folder.as_uri(), _FOLDER)
    CORPUS.mkdir(exist_ok=True)
    with MESSAGES.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def kept(folder: Path) -> list[Sent]:
    """The corpus, for a session with that folder. Each request has an id of its own."""
    found = []
    lines = MESSAGES.read_text(encoding="utf-8").splitlines() if MESSAGES.is_file() else []
    for number, line in enumerate(lines):
        entry = json.loads(line.replace(_FOLDER, folder.as_uri()))
        if "raw" in entry:
            found.append(Sent("", ((entry["raw"].encode("latin-1"), 0.0),), entry["number"], unnamed=entry["unnamed"]))
            continue
        message = entry["message"]
        name = f"kept{number}" if isinstance(message, dict) and "method" in message and isinstance(message.get("id"), int | str) else None
        found.append(sent({**message, "id": name} if name else message, number=name))
    return found
