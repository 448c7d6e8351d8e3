"""Verdicts on what was proposed: by the syntax tree first, then by the package's tests."""

from __future__ import annotations

import ast
import json
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.refactorings.applying import answers_path
from benchmarks.refactorings.cases import DOCSTRING, HINTS, OWN, SIMPLIFY, Case, cases_of, original_text
from benchmarks.refactorings.functions import Function, read_functions
from benchmarks.refactorings.instructions import INSTRUCTIONS
from benchmarks.refactorings.instructions.instruction import problem, reference_text
from benchmarks.refactorings.judges import docstrings, hints
from benchmarks.refactorings.judges.same import Target, docstring_text, size
from benchmarks.refactorings.packages import NOT_RUN, PACKAGES, TIMEOUT, Workplace, root_of
from benchmarks.refactorings.prepared import Places
from benchmarks.report import say
from engine.evaluation.records import drop_partial_line, read_records

Found = dict[str, Any]
RIGHT, WRONG, UNTESTED = "right", "wrong", "untested"
NO_SHORTER = "no shorter"
"""A simplification that is correct, and simplifies nothing."""
SHORTENS = (SIMPLIFY, "rule", "modernise")
"""Actions of these names have to make code shorter, or at least no longer."""


def verdicts_path(folder: Path, name: str) -> Path:
    return folder / f"verdicts-{name}.jsonl"


def judge(folder: Path, name: str, limit_s: float | None, *, again: bool = False) -> None:
    """Judge the answers that have no verdict yet, for at most `limit_s` seconds.

    `again`: the verdicts that there are were another judge's, and are thrown away.
    """
    path = verdicts_path(folder, name)
    if again:
        path.unlink(missing_ok=True)
    drop_partial_line(path)
    done = {record["case"] for record in read_records(path)}
    records = [record for record in read_records(answers_path(folder, name)) if record["case"] not in done]
    end = None if limit_s is None else time.monotonic() + limit_s
    cases = {case.id: case for case in _cases(folder, records)}
    with tempfile.TemporaryDirectory(prefix="seed-lsp-judge-") as scratch, path.open("a", encoding="utf-8") as file:
        judges = Judges(folder, Path(scratch))
        for record in records:
            if end is not None and time.monotonic() > end:
                say("the time is over; the same command goes on")
                return
            results = [judges.verdict(cases[record["case"]], result) for result in record["results"]]
            file.write(json.dumps({"case": record["case"], "results": results}) + "\n")
            file.flush()
            for result in results:
                say(f"{record['case']}: {result.get('verdict', '')} {result.get('problem', '')}")


def _cases(folder: Path, records: Sequence[Found]) -> Iterator[Case]:
    """All cases of the functions that were asked about, since reading each one takes time."""
    functions = {function.id: function for function in read_functions(folder)}
    asked: dict[str, dict[str, Function]] = {}
    for record in records:
        asked.setdefault(record["action"], {})[record["function"]] = functions[record["function"]]
    for action, some in asked.items():
        yield from cases_of(folder, action, list(some.values()), None)


class Judges:
    """All judges, with a copy of each package to run its tests in."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._folder, self._scratch = folder, scratch
        self._places: dict[str, Workplace] = {}

    def verdict(self, case: Case, result: Found) -> Found:
        """The verdict, the problem if there is one, and what the action's own judge counts.

        It has no verdict where nothing was offered.
        """
        if result["outcome"] != "offered":
            return {"holes": len(hints.annotations_of(self._original(case).node))} if case.action == HINTS else {}
        if result["new_file"] is not None:
            return self._of_new_file(case, result)
        if wrong := outside(case, result):
            return {"verdict": WRONG, "problem": wrong}
        try:
            new = Target(result["text"], case.function.name)
        except ValueError as error:
            return {"verdict": WRONG, "problem": str(error)}
        found = self._by_tree(case, new)
        if found.get("problem"):
            return {"verdict": WRONG, **found}
        broken = self._broken(case, new)
        if broken:
            return {"verdict": UNTESTED if broken == UNTESTED else WRONG, **found, "problem": broken}
        return {"verdict": RIGHT, **found}

    def _by_tree(self, case: Case, new: Target) -> Found:
        old = case.target()
        if case.action == HINTS:
            found = hints.compare(self._original(case), old, new)
            return {"holes": found.holes, "filled": found.filled, "equal": found.equal, "problem": found.problem}
        if case.action == DOCSTRING:
            return {"problem": docstrings.problem(old, new), "lines": len(docstring_text(new.node).split("\n"))}
        if case.action == OWN:
            return {"problem": problem(INSTRUCTIONS[case.detail], old, new)}
        return {"shorter": size(old.node) - size(new.node)} if case.action.startswith(SHORTENS) else {}

    def _original(self, case: Case) -> Target:
        return Target(original_text(self._folder, case.function), case.function.name)

    def _broken(self, case: Case, new: Target) -> str:
        """The first test that breaks and should not; empty if none does.

        `UNTESTED` where no test tells anything, since all of them fail with what was asked for.
        """
        failing = self._failing(case, new.text)
        if not failing:
            return ""
        allowed = self._failing(case, self._reference(case))
        if allowed & {TIMEOUT, NOT_RUN} or allowed >= set(case.function.tests):
            return UNTESTED
        return f"breaks {min(failing - allowed)}" if failing - allowed else ""

    def _reference(self, case: Case) -> str:
        """A text that is right, or the one as it was: tests that fail with it tell nothing."""
        return reference_text(INSTRUCTIONS[case.detail], case.target()) if case.action == OWN else case.text

    def _failing(self, case: Case, text: str) -> frozenset[str]:
        place = self._place(case.function.package)
        with place.holding(case.function.path, text):
            return place.failing(case.function.tests)

    def _place(self, package: str) -> Workplace:
        if package not in self._places:
            self._places[package] = Workplace(root_of(self._folder, package), self._scratch / package, PACKAGES[package][1])
        return self._places[package]

    def _of_new_file(self, case: Case, result: Found) -> Found:
        """Tests that were written have to run, and pass: the code that they test is right."""
        text, root = result["new_file"]["text"], root_of(self._folder, case.function.package).resolve()
        try:
            tree = ast.parse(text)
        except SyntaxError:
            return {"verdict": WRONG, "problem": "the new file does not parse"}
        tests = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name.startswith("test")]
        if not tests:
            return {"verdict": WRONG, "problem": "the new file has no test"}
        path = Path(result["new_file"]["path"]).relative_to(root).as_posix()
        place = self._place(case.function.package)
        with place.holding(path, text):
            failing = place.failing([path])
        return {"verdict": WRONG, "problem": f"fails: {min(failing)}"} if failing else {"verdict": RIGHT, "tests": len(tests)}


def outside(case: Case, result: Found) -> str:
    """What changed outside of the region and the imports, in words; empty if nothing did.

    It looks at the two texts, and at the region alone that the proposal names.
    """
    start, end = result["span"]
    if case.action in {HINTS, DOCSTRING, OWN, SIMPLIFY} and not case.start <= start <= end <= case.end:
        return "the region is not the one that was asked for"
    imports = import_end(case.text)
    for first, last, _ in result["edits"]:
        if not (start <= first <= last <= end or last <= imports):
            return "changes code outside of the region and the imports"
    text, at = "", 0
    for first, last, new in result["edits"]:
        if first < at:
            return "the edits overlap"
        text += case.text[at:first] + new
        at = last
    return "" if text + case.text[at:] == result["text"] else "the edits do not make the text"


def import_end(text: str) -> int:
    """Where the first statement begins that is no import; comments before it are at the head, too.

    That is the end of the text where there is none.
    """
    for node in ast.parse(text).body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_guarded = isinstance(node, ast.If | ast.Try) and bool(re.search(r"\bimport\b", ast.unparse(node)))
        if not (is_docstring or is_guarded or isinstance(node, ast.Import | ast.ImportFrom)):
            first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
            return Places(text).line(first)
    return len(text)
