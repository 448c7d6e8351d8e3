"""Golden cases of renaming, one readable text for each subject (`cases/*.txt`).

The format of a case:

- a line ``=== title``
- a line ``rename NEW_NAME``, perhaps followed by ``also possible`` and the like
- perhaps lines ``signature (…)``, ``form method``, ``was new=old``, ``argument name=expression``
- files, each under a line ``>>> path``; ``‸`` stands before the cursor's character
- under a line ``+++``: the unified diff and the sites that are left, or ``refused: reason``

``python -m tests.features.rename.cases`` writes what it finds into the cases that expect nothing
yet, for the author to read.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from seed_lsp.errors import SeedError
from seed_lsp.features.rename.change import plan_rename
from seed_lsp.features.rename.query import Query
from seed_lsp.features.rename.signature.definitions import NewSignature
from seed_lsp.features.rename.signature.moving import Form
from seed_lsp.features.rename.sites import APPLIED
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.patch import unified_diff
from seed_lsp.source.resolve import Resolver

FOLDER = Path(__file__).parent / "cases"
CURSOR = "‸"


@dataclass(frozen=True)
class Case:
    title: str
    new_name: str
    also: frozenset[str]
    signature: NewSignature | None
    form: Form | None
    files: dict[str, str]
    expected: str

    def found_in(self, root: Path) -> str:
        """The result in the words of the case; `root` is an empty folder."""
        root = root.resolve()
        cursor = None
        for name, text in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace(CURSOR, ""), encoding="utf-8")
            if CURSOR in text:
                cursor = (path, CharOffset(text.index(CURSOR)))
        assert cursor is not None, f"{self.title}: no cursor"
        files = WorkspaceFiles(root)
        resolver = Resolver(root, files.open_text)
        try:
            rename = plan_rename(Query(files, resolver, *cursor), self.new_name, signature=self.signature, form=self.form)
            documents, tiers = rename.references.documents, APPLIED | self.also
            texts = sorted(rename.texts(tiers).items())
        except SeedError as error:
            return f"refused: {error}\n"
        out = "".join(unified_diff(documents[path].text, text, path.relative_to(root).as_posix()) for path, text in texts)
        for site in rename.left(tiers):
            document = documents[site.path]
            line = document.line_of(site.start)
            place = f"{site.path.relative_to(root).as_posix()}:{line + 1}:{site.start - document.line_starts[line] + 1}"
            out += f"left: {place} {site.tier}: {site.reason}\n"
        return out


def read_cases(path: Path) -> list[Case]:
    cases = []
    for text in path.read_text(encoding="utf-8").split("\n=== ")[1:]:
        head, _, expected = text.partition("\n+++")
        lines = head.split("\n")
        words = lines[1].split()
        assert words[0] == "rename", f"{path.name}: {lines[0]}: {lines[1]!r} is no command"
        files: dict[str, str] = {}
        name, signature, form, pairs = "", "", None, {"was": {}, "argument": {}}
        for line in lines[2:]:
            command, _, rest = line.partition(" ")
            if not name and command == "signature":
                signature = rest
            elif not name and command == "form":
                form = rest
            elif not name and command in pairs:
                key, _, value = rest.partition("=")
                pairs[command][key] = value
            elif line.startswith(">>> "):
                name = line.removeprefix(">>> ")
                files[name] = ""
            else:
                files[name] += line + "\n"
        wanted = NewSignature(signature, pairs["was"], pairs["argument"]) if signature else None
        cases.append(Case(lines[0], words[1], frozenset(words[3:]), wanted, form, files, expected.lstrip("\n").rstrip("\n") + "\n"))
    return cases


def main() -> None:
    for path in sorted(FOLDER.glob("*.txt")):
        pieces = path.read_text(encoding="utf-8").split("\n=== ")
        for i, case in enumerate(read_cases(path), start=1):
            if not case.expected.strip():
                with tempfile.TemporaryDirectory() as folder:
                    pieces[i] = pieces[i].rstrip("\n").removesuffix("+++").rstrip("\n") + "\n+++\n" + case.found_in(Path(folder))
        path.write_text("\n=== ".join(pieces), encoding="utf-8")
    sys.stderr.write("read what was written into the cases\n")


if __name__ == "__main__":
    main()
