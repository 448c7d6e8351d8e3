"""Random programs run before and after a change of a signature.

    python -m benchmarks.renames.signature_campaign --programs 5000 --seed 1

A program has to print the same, or the change is refused, or the calls that were left are listed.
Tells of each program that went wrong, and counts those that were changed and refused; the exit
status is 1 if one went wrong. The programs are small and of two modules: nothing is said of how
long a change takes in a large workspace.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import traceback
import types
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.renames.signature_programs import ADDED, Generator, Program
from benchmarks.report import finish, machine, parser_of, say
from seed_lsp.errors import SeedError
from seed_lsp.features.rename.change import Rename, plan_rename
from seed_lsp.features.rename.query import Query
from seed_lsp.features.rename.signature.definitions import NewSignature
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver

NOTES = ("defines it with another signature", "repr, astuple", "calls of its objects are followed")
"""What is said of a definition, and not of a call."""


class Workspace:
    """One folder for one program after another: what is known of the library is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = WorkspaceFiles(folder)
        self._resolver = Resolver(folder, self._files.open_text)

    def plan(self, program: Program) -> Rename:
        for name, text in program.files.items():
            (self._folder / name).write_text(text, encoding="utf-8")
        main = program.files["m.py"]
        start = main.index(f"class {program.anchor}") + 6 if program.by_class else main.index(f"def {program.anchor}") + 4
        signature = NewSignature(program.signature, program.was, program.arguments)
        return plan_rename(
            Query(self._files, self._resolver, self._folder / "m.py", CharOffset(start)), program.anchor, signature=signature
        )


def problem(program: Program, workspace: Workspace) -> str:
    """What is wrong after the change; "" if nothing is, and "refused: …" where there was none."""
    before = _run(program.files)
    assert "Error" not in before, f"{before}\n{program.files['m.py']}"
    try:
        found = workspace.plan(program)
        texts = program.files | {path.name: text for path, text in found.texts().items()}
    except SeedError as error:
        return f"refused: {error}"
    except Exception:  # noqa: BLE001 - whatever it is, it is a fault of ours, and the campaign goes on
        return traceback.format_exc()
    wanted, got = _run(_without(program.files, _lines_left(found))), _run(_without(texts, _lines_left(found, after=True)))
    return "" if wanted == got else f"--- before\n{wanted}--- after\n{got}" + "".join(f"=== {name}\n{text}" for name, text in texts.items())


def _lines_left(found: Rename, *, after: bool = False) -> dict[str, set[int]]:
    """The lines with calls that were left, which no longer need to run.

    With `after` they stand as the edits move them.
    """
    lines: dict[str, set[int]] = {}
    for site in found.left():
        if site.reason.startswith(NOTES) or site.tier != "possible":
            continue
        document = found.references.documents[site.path]
        line = document.line_of(site.start)
        for edit in found.all_edits().get(site.path, ()) if after else ():
            if edit.end <= site.start:
                line += edit.text.count("\n") - document.text[edit.start : edit.end].count("\n")
        lines.setdefault(site.path.name, set()).add(line)
    return lines


def _without(texts: Mapping[str, str], left: Mapping[str, set[int]]) -> dict[str, str]:
    """The texts with these statements taken out.

    The names that they bind are bound to nothing that is called.
    """
    result = {}
    for name, text in texts.items():
        lines = text.split("\n")
        for line in left.get(name, ()):
            lines[line] = lines[line][: len(lines[line]) - len(lines[line].lstrip())] + "pass"
        result[name] = "\n".join(lines)
    return result


def _run(texts: Mapping[str, str]) -> str:
    """What the program prints, and the error that it ends with."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            for name in ("m", "use"):
                module = types.ModuleType(name)
                sys.modules[name] = module
                # The program is our own, made by the generator.
                exec(compile(texts[f"{name}.py"], f"{name}.py", "exec"), module.__dict__)
        except Exception as error:  # noqa: BLE001 - any failure of the program is what is looked for
            out.write(f"{type(error).__name__}: {error}\n")
        finally:
            for name in ("m", "use"):
                sys.modules.pop(name, None)
    # What only the new arguments print.
    return out.getvalue().replace(f"e {ADDED}\n", "")


def campaign(programs: int, seed: int) -> Iterator[tuple[int, Program, str]]:
    """Number, program and what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder).resolve())
        for number in range(seed, seed + programs):
            program = Generator(number).program()
            yield number, program, problem(program, workspace)


def main() -> int:
    parser = parser_of("renames.signature_campaign", __doc__, model=None)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="the number of the first program")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    for number, program, found in campaign(options.programs, options.seed):
        counts["refused" if found.startswith("refused") else "wrong" if found else "changed"] += 1
        if found and not found.startswith("refused"):
            change = f"{program.anchor} {program.signature} was {program.was} arguments {program.arguments}"
            say(f"##### {number}: {change}\n{program.files['m.py']}{found}")
    say(", ".join(f"{count} {what}" for what, count in counts.items() if count))
    finish({"bench": "renames.signature_campaign", "machine": machine(), "seed": options.seed, **counts}, options.json)
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
