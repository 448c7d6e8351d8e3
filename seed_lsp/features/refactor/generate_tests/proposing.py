"""Write tests for one function of a Python module, into the file that its module's tests are in, or
into a new one of its project.

The frame is computed: where the file goes, what it imports, and whether its tests are functions or
methods of a `TestCase`. The model writes the tests; those that call the function and assert
something about it are kept. Nothing is run.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from engine.api import GenerateRequest
from seed_lsp.errors import RejectedResultError, SelectionError
from seed_lsp.features.refactor.action import Action, NewFile, Offer, OtherFile, Proposal, Selection, Tools, require_wanted
from seed_lsp.features.refactor.generate_tests.existing import additions
from seed_lsp.features.refactor.generate_tests.frame import Frame, Target, find_target, frame_of
from seed_lsp.features.refactor.generate_tests.reading import read_tests
from seed_lsp.features.refactor.generate_tests.sense import function_of, is_generator
from seed_lsp.session.settings import Settings

MAX_TOKENS = 512
SYSTEM = "You are a careful programmer who writes short, plain tests. Answer with one code block and nothing else."


async def offers(selection: Selection) -> Sequence[Offer]:
    target = find_target(selection)
    return [Offer(f"Generate tests for {target.name}")] if target is not None and selection.path is not None else []


async def propose(selection: Selection, _argument: str, tools: Tools) -> Proposal:
    target = find_target(selection)
    if target is None:
        raise SelectionError("tests are written for a function or method of a Python module; put the cursor on its first line")
    frame = await tools.look_up(selection, lambda files, _resolver, check: frame_of(files, selection, target, check))
    finished = require_wanted(await tools.ask(_request(target, frame, tools.settings)))
    tests = read_tests(finished.text.removeprefix(_FENCE), target, frame)
    if tests is None:
        raise RejectedResultError(f"none of the model's tests calls {target.name} and asserts something about it; nothing was written")
    note = "The tests were not run: look at the values that they expect."
    if frame.existing is None:
        return Proposal((), target.span, note, (finished,), NewFile(frame.path, f"{tests.head}\n\n\n{tests.body}\n"))
    added = OtherFile(frame.path, frame.existing, additions(frame.existing, tests.body, tests.imports))
    return Proposal((), target.span, note, (finished,), other_file=added)


_FENCE = "```python\n"


def _request(target: Target, frame: Frame, settings: Settings) -> GenerateRequest:
    kind = "methods of a unittest.TestCase" if frame.is_unittest else "pytest functions"
    prompt = (
        f"Write three short tests, as {kind}, for `{target.call}` of this module, `{frame.module}`:\n\n"
        f"{_FENCE}{target.source}\n```\n\n"
        "Each calls it with plain values and asserts what it returns, or the error that it raises. Use no files, no network and no mocks."
        f"{_hint(target)}"
    )
    first = "class Test" if frame.is_unittest else f"def test_{target.name.strip('_')}"
    return GenerateRequest(
        0,
        settings.model,
        settings.edit_sampling(min(MAX_TOKENS, settings.edit_max_tokens)),
        prompt=prompt,
        system=SYSTEM,
        start=f"{_FENCE}{frame.head}\n\n\n{first}",
        stop=("\n```",),
    )


def _hint(target: Target) -> str:
    """How what the function returns is looked at, where it is not the result itself."""
    function = function_of(target)
    if isinstance(function, ast.AsyncFunctionDef):
        return " It is a coroutine: run it by `asyncio.run`."
    return " It is a generator: take a `list` of what it gives." if function is not None and is_generator(function) else ""


ACTIONS = (Action("generate-tests", "Generate tests", "refactor", offers, propose),)
