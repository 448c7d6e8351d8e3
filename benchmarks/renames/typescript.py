"""Our scopes of JavaScript and TypeScript beside those of TypeScript's language service.

    python -m benchmarks.renames.typescript FOLDER

Installs npm's typescript and some packages into FOLDER, and for each name that one of their files
defines compares the sites that are *exact* here with those that the service would rename. A site
more than the service's is an error; one less is listed as possible, or is a comment (the service
follows JSDoc). It compares single files: names that other files use are not looked at. Needs npm
and node.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

from benchmarks.report import finish, machine, parser_of, say
from seed_lsp.features.rename.other_languages.lexical import LexicalFile, own_sites
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import read_document

PACKAGES = ("typescript@5.9.3", "express@5.1.0", "chalk@5.6.2", "zod@4.1.12")
FILES = (
    *(f"express/lib/{name}.js" for name in ("application", "request", "response", "utils", "view")),
    *(
        "qs/lib/parse.js",
        "qs/lib/stringify.js",
        "object-inspect/index.js",
        "send/index.js",
        "chalk/source/index.js",
        "path-to-regexp/dist/index.js",
    ),
    *(f"zod/src/v3/{name}.ts" for name in ("ZodError", "standard-schema", "types")),
    *(f"zod/src/v4/core/{name}.ts" for name in ("doc", "parse", "regexes", "registries", "schemas", "util")),
)


def main() -> None:
    parser = parser_of("renames.typescript", __doc__, model=None)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", *PACKAGES], cwd=folder, check=True)
    script = folder / "typescript.cjs"
    script.write_text(Path(__file__).with_suffix(".cjs").read_text(encoding="utf-8"), encoding="utf-8")
    files = [str(folder / "node_modules" / name) for name in FILES]
    answer = subprocess.run(["node", str(script), *files], cwd=folder, check=True, capture_output=True, text=True).stdout
    counts: Counter[str] = Counter()
    for file, names in json.loads(answer).items():
        document = read_document(Path(file))
        for entry in names:
            found = LexicalFile(Path(file), document, entry["name"])
            leaves = dict(found.leaves)
            comments = {int(start) for start, leaf in found.leaves if "comment" in leaf.type}
            leaf = leaves.get(entry["start"])
            binding = None if leaf is None or found.is_member(leaf) else found.lookup(leaf)
            ours = {int(site.start) for site in own_sites(found, binding) if site.tier == "exact"}
            theirs = set(entry["places"]) - comments
            verdict = "the same" if ours == theirs else "more" if ours - theirs else "less"
            counts[verdict] += 1
            if verdict == "more":
                line = document.line_of(CharOffset(min(ours - theirs))) + 1
                say(f"{file}:{line}: {entry['name']} is exact here, and not the service's")
    say(f"{len(FILES)} files, {counts.total()} names: {dict(counts)}")
    finish({"bench": "renames.typescript", "machine": machine(), "files": len(FILES), "names": dict(counts)}, options.json)


if __name__ == "__main__":
    main()
