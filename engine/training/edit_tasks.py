"""Edits that the model is asked to make in a definition, by honest instructions."""

from __future__ import annotations

import ast
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.training.definitions import Definition, bodies, parses


@dataclass(frozen=True)
class Instruction:
    """`code` is what the instruction is about: the definition, or a changed copy of it."""

    text: str
    code: str
    how: str


def instructions(definition: Definition, rng: random.Random) -> list[Instruction]:
    """Some edits of the definition that one could ask for."""
    makers = [_rename, _mutation, _ready_made, _ready_made, _parameter, _extraction, _codemod]
    rng.shuffle(makers)
    made = (maker(definition, rng) for maker in makers[:2])
    return [instruction for instruction in made if instruction is not None]


READY_MADE = (
    "Simplify this code: make it shorter and more idiomatic, keep its behaviour and its names.",
    "Add type hints to the parameters and the return value. Add no imports.",
    "Add type hints.",
    "Add a docstring that says what this does.",
    "Rewrite the docstring in the Google style, with sections for arguments and return value.",
    "Add a short comment above each step.",
    "Remove all comments and the docstring.",
    "Check the arguments first and raise ValueError with a clear message where they are wrong.",
    "Use early returns instead of nested conditions.",
    "Use f-strings.",
    "Log at debug level what is being done, with a module-level logger named `logger`.",
    "Handle errors: catch the exceptions that can be expected here and raise RuntimeError with a clear message.",
    "Split this into smaller functions.",
    "Use more descriptive names for the local variables.",
    "Add an optional parameter `verbose` that is False by default; if it is true, print what is being done.",
    "Make it faster if you can, without changing what it returns.",
    "Return None instead of raising an exception.",
)


def _ready_made(definition: Definition, rng: random.Random) -> Instruction:
    return Instruction(rng.choice(READY_MADE), definition.text, "ready-made")


def _rename(definition: Definition, rng: random.Random) -> Instruction | None:
    node = definition.tree
    if isinstance(node, ast.ClassDef):
        return None
    assigned = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    arguments = {a.arg for a in (*node.args.args, *node.args.kwonlyargs)} - {"self", "cls"}
    names = sorted(assigned | arguments)
    if not names:
        return None
    old = rng.choice(names)
    new = rng.choice((f"{old}_", f"new_{old}", f"{old}_value", f"current_{old}", f"the_{old}", old.lower() + "s", f"my_{old}"))
    kind = "parameter" if old in arguments else "variable"
    return Instruction(rng.choice((f"Rename the {kind} `{old}` to `{new}`.", f"rename {old} to {new}")), definition.text, "rename")


_PARAMETERS = (
    ("timeout", "None"), ("strict", "False"), ("default", "None"), ("limit", "None"), ("encoding", '"utf-8"'), ("logger", "None"), ("retries", "3"),
    ("dry_run", "False"), ("key", "None"), ("prefix", '""'), ("copy", "True"), ("callback", "None"),
)  # fmt: skip


def _parameter(definition: Definition, rng: random.Random) -> Instruction | None:
    """A parameter more, or one under another name."""
    node = definition.tree
    if isinstance(node, ast.ClassDef):
        return None
    taken = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)}
    name, default = rng.choice(_PARAMETERS)
    if name in taken:
        return None
    what = rng.choice((f"Add a parameter `{name}` with the default {default}, and use it.", f"Add an optional parameter {name}={default}."))
    return Instruction(what, definition.text, "parameter")


def _extraction(definition: Definition, rng: random.Random) -> Instruction | None:
    """Some statements of the body to become a function of their own."""
    node = definition.tree
    if isinstance(node, ast.ClassDef):
        return None
    blocks = [
        body for one in ast.walk(node) for body in bodies(one) if one is not node and (body[-1].end_lineno or 0) - body[0].lineno >= 2
    ]
    if not blocks:
        return None
    body = rng.choice(blocks)
    first = definition.text.splitlines()[body[0].lineno - 1].strip()
    lines = (body[-1].end_lineno or 0) - body[0].lineno + 1
    what = rng.choice(
        (
            f"Move the {lines} lines that begin with `{first}` into a function of their own.",
            f"Extract the block at `{first}` into a helper.",
        )
    )
    return Instruction(what, definition.text, "extraction")


def _codemod(definition: Definition, rng: random.Random) -> Instruction | None:
    """What one of LibCST's codemods would change here, in words; None where none changes anything.

    Only codemods that ask for no import are tried.
    """
    from libcst import ParserSyntaxError
    from libcst.codemod import CodemodContext, TransformSuccess, transform_module
    from libcst.codemod.commands.convert_format_to_fstring import ConvertFormatStringCommand
    from libcst.codemod.commands.convert_percent_format_to_fstring import ConvertPercentFormatStringCommand
    from libcst.codemod.commands.convert_type_comments import ConvertTypeComments
    from libcst.codemod.commands.unnecessary_format_string import UnnecessaryFormatString

    # Parsing takes 20 ms for each: what a codemod acts on has to be there.
    words = {
        ConvertFormatStringCommand: (r"\bformat\b", "Use f-strings instead of calls of `str.format`."),
        ConvertPercentFormatStringCommand: ("%", "Use f-strings instead of the % operator."),
        ConvertTypeComments: ("#.*type", "Turn type comments into annotations."),
        UnnecessaryFormatString: ("[fF][rR]?[\"']", "Take the f off strings that need none."),
    }
    commands = list(words)
    rng.shuffle(commands)
    for command in commands:
        marker, text = words[command]
        if not re.search(marker, definition.text):
            continue
        try:
            done = transform_module(command(CodemodContext()), definition.text)
        except (ParserSyntaxError, RecursionError):
            return None
        if isinstance(done, TransformSuccess) and done.code != definition.text:
            return Instruction(text, definition.text, f"codemod {command.__name__}")
    return None


_SWAPS = {
    " == ": " != ", " != ": " == ", " < ": " <= ", " > ": " >= ", " <= ": " < ", " >= ": " > ", " and ": " or ", " or ": " and ",
    " + ": " - ", " - ": " + ", " not ": " ", "True": "False", "False": "True", " is None": " is not None", " in ": " not in ",
    "[0]": "[1]", " += ": " -= ", "break": "continue", "min(": "max(", "max(": "min(", ".append(": ".extend(", "range(": "range(1, ",
}  # fmt: skip


def _mutation(definition: Definition, rng: random.Random) -> Instruction | None:
    """One small defect put in, to be found and mended."""
    start = definition.text.find(":\n") + 2
    swaps = [(m.start() + start, old) for old in _SWAPS for m in re.finditer(re.escape(old), definition.text[start:])]
    if not swaps:
        return None
    at, old = rng.choice(swaps)
    code = definition.text[:at] + _SWAPS[old] + definition.text[at + len(old) :]
    if not parses(code):
        return None
    what = rng.choice(
        (
            "Fix the bug in this code.",
            f"Fix the bug in {definition.tree.name}.",
            "This does not work as it should. Find the bug and fix it.",
        )
    )
    return Instruction(what, code, "mutation")


def linted(chosen: Sequence[Definition], *, most_of_a_rule: int) -> Iterator[tuple[Definition, Instruction]]:
    """Edits that `ruff` would make, with the rule's message as the instruction.

    There are at most so many of a rule.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for i, definition in enumerate(chosen):
            (folder / f"d{i}.py").write_text(definition.text, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--isolated",
            "--select",
            "ALL",
            "--ignore",
            "D,W,I,E,Q,COM,F401,F821,ANN,INP,ERA",
        ]
        run = subprocess.run([*command, "--output-format", "json", "--exit-zero", str(folder)], capture_output=True, text=True, check=True)
        counts: dict[str, int] = {}
        seen: set[str] = set()
        for finding in json.loads(run.stdout):
            file, code = Path(finding["filename"]).stem, finding["code"]
            if not finding.get("fix") or file in seen or counts.get(code, 0) >= most_of_a_rule:
                continue
            seen.add(file)
            counts[code] = counts.get(code, 0) + 1
            definition = chosen[int(file[1:])]
            advice = finding["fix"].get("message") or ""
            text = f"{finding['message']}. {advice}".rstrip(". ").replace("\n", " ") + "."
            yield definition, Instruction(text, definition.text, f"ruff {code}")


def between_releases(old: Definition, new: Definition) -> Instruction | None:
    """What changed between two releases of a function, said from the syntax alone.

    None where nothing simple can be said.
    """
    before, after = old.tree, new.tree
    if isinstance(before, ast.ClassDef) or isinstance(after, ast.ClassDef) or old.text == new.text:
        return None
    said = []
    if ast.unparse(before.args) != ast.unparse(after.args) or _returns(before) != _returns(after):
        said.append(f"Change the signature to `{_signature(after)}`.")
    if old.docstring != new.docstring and new.docstring:
        said.append("Bring the docstring up to date.")
    called, calls = _called(before), _called(after)
    if gone := sorted(called - calls):
        said.append(f"Do not use {_listed(gone)} any more.")
    if fresh := sorted(calls - called):
        said.append(f"Use {_listed(fresh)}.")
    return Instruction(" ".join(said), old.text, "releases") if said else None


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return f"{node.name}({ast.unparse(node.args)})" + (f" -> {_returns(node)}" if node.returns else "")


def _returns(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return ast.unparse(node.returns) if node.returns else ""


def _called(node: ast.AST) -> set[str]:
    calls = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
    return {ast.unparse(f) for f in calls if isinstance(f, ast.Name | ast.Attribute) and len(ast.unparse(f)) < 40}


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:4])
