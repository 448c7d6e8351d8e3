"""The rename cases of jedi's own test suite, read from its source distribution.

``python -m tests.features.rename.jedi_cases FOLDER`` prints how our results differ. The cases are
read where they are; none of their text is kept here.
"""

from __future__ import annotations

import ast
import difflib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from seed_lsp.errors import SeedError
from seed_lsp.features.rename.change import plan_rename
from seed_lsp.features.rename.query import Query
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import WorkspaceFiles, read_document
from seed_lsp.source.resolve import Resolver

_CASE = re.compile(r"^# -{5,} ?(?P<title>[^\n]*)\n(?P<code>.*?)^# \+{5,}\n(?P<result>.*?)(?=^# -{5,}|\Z)", re.DOTALL | re.MULTILINE)
_PLACE = re.compile(r"#\? (?P<column>\d+)(?: (?P<kind>error|text))? *(?P<arguments>\{[^\n]*\})")


@dataclass(frozen=True)
class JediCase:
    """A case of jedi's suite.

    `expected` has the lines that jedi removes and adds, with their file; it is None if jedi refuses
    the rename.
    """

    title: str
    code: str
    line: int
    column: int
    new_name: str
    expected: frozenset[str] | None


def fetch(folder: Path) -> Path:
    """The folder with the cases of the jedi version that is installed."""
    name = f"jedi-{version('jedi')}"
    if not (folder / name).is_dir():
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--no-binary=jedi",
            "-d",
            str(folder),
            name.replace("-", "=="),
        ]
        subprocess.run(command, check=True, capture_output=True)
        with tarfile.open(folder / f"{name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return folder / name / "test" / "refactor"


def read_cases(folder: Path) -> list[JediCase]:
    cases = []
    for match in _CASE.finditer((folder / "rename.py").read_text(encoding="utf-8")):
        place = _PLACE.search(match["code"])
        assert place is not None, f"{match['title']}: no place"
        line = match["code"][: place.start()].count("\n") + 1
        expected = None if place["kind"] == "error" else _changed_lines(match["result"])
        arguments = ast.literal_eval(place["arguments"])
        cases.append(JediCase(match["title"], match["code"], line, int(place["column"]), arguments["new_name"], expected))
    return cases


def ours(case: JediCase, folder: Path, work: Path) -> tuple[frozenset[str] | None, str]:
    """The lines that we change in the case, and what is left; None and the reason if refused."""
    root = work.resolve() / "refactor"
    shutil.copytree(folder, root)
    path = root / "rename.py"
    path.write_text(case.code, encoding="utf-8")
    files = WorkspaceFiles(root)
    document = read_document(path)
    try:
        offset = CharOffset(document.line_starts[case.line] + case.column)
        found = plan_rename(Query(files, Resolver(root, files.open_text), path, offset), case.new_name)
    except SeedError as error:
        return None, str(error)
    documents = found.references.documents
    diff = ""
    for changed, text in sorted(found.texts().items()):
        name = changed.relative_to(root).as_posix()
        diff += f"--- {name}\n" + "".join(difflib.ndiff(documents[changed].text.splitlines(keepends=True), text.splitlines(keepends=True)))
    return _changed_lines(diff), "; ".join(f"{site.tier}: {site.reason}" for site in found.left())


def _changed_lines(diff: str) -> frozenset[str]:
    """``file -line`` and ``file +line`` for each line that a diff removes or adds."""
    name, found = "", set()
    for line in diff.splitlines():
        if line.startswith("--- "):
            name = line.removeprefix("--- ")
        elif line[:1] in {"-", "+"} and not line.startswith("+++ "):
            found.add(f"{name} {line[0]}{line[1:].strip()}")
        elif line.startswith("rename "):
            found.add(line)
    return frozenset(found)


def differences(folder: Path) -> dict[str, str]:
    """How our results differ from jedi's, by the title of the case."""
    cases = fetch(folder)
    found = {}
    for case in read_cases(cases):
        with tempfile.TemporaryDirectory() as work:
            lines, said = ours(case, cases, Path(work))
        if lines != case.expected:
            how = "refused" if lines is None else ", ".join(sorted(lines ^ (case.expected or frozenset())))
            found[case.title] = f"{how} ({said})"
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    found = differences(folder)
    print(f"{len(read_cases(fetch(folder)))} cases, {len(found)} treated otherwise")
    for title, how in found.items():
        print(f"{title}: {how}")


if __name__ == "__main__":
    main()
