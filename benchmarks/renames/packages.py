"""Renames in real packages, judged by the packages' own tests.

    python -m benchmarks.renames.packages FOLDER [PACKAGE …] [--compare N]

Fetches source distributions into FOLDER, runs each one's tests, renames up to 30 functions,
methods, classes, parameters and attributes of it one after the other, and runs the tests after each
kind. A rename that leaves a possible site, a string that may name the symbol, or a doctest, asks
the user to look, and nobody is here who could: it is counted as asked and not made. What is made
must not break a test. Refusals are counted with their reasons. It renames Python alone, to names
that nothing else has: `benchmarks.renames.campaign` tries names that are taken.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.renames.peers import PeerServer, by_jedi, installed
from benchmarks.report import BenchError, finish, machine, parser_of, say
from seed_lsp.errors import SeedError
from seed_lsp.features.rename.change import plan_rename
from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.names import PythonFile
from seed_lsp.features.rename.python.references import IN_DOCTEST, IN_NAMING_STRING
from seed_lsp.features.rename.query import Query
from seed_lsp.features.rename.sites import APPLIED, TIERS
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import WorkspaceFiles, read_document
from seed_lsp.source.resolve import Resolver
from seed_lsp.source.writing import Replacement, write_files

# Packages of pure Python, whose source distributions have tests that need pytest alone: name,
# version, the folder of the code, that of the tests.
PACKAGES = {
    "cachetools": ("6.2.1", "src", "tests"),
    "toolz": ("1.1.0", ".", "toolz/tests"),
    "more-itertools": ("10.8.0", ".", "tests"),
    "tabulate": ("0.9.0", ".", "test"),
    "mistune": ("3.1.4", "src", "tests"),
    "tomlkit": ("0.13.3", ".", "tests"),
    "pathspec": ("0.12.1", ".", "tests"),
    "isodate": ("0.7.2", "src", "tests"),
    "blinker": ("1.9.0", "src", "tests"),
    "parse": ("1.20.2", ".", "tests"),
}
KINDS = ("function", "method", "class", "parameter", "attribute")
EACH = 30
SUITE_LIMIT_S = 300
PASSED = "pass"


@dataclass
class Agreement:
    """How the renames of another engine compare with ours.

    It was `asked` for so many and did not make the `refused` ones. `both`, `ours` and `theirs` are
    the lines that both change, only we, and only it.
    """

    asked: int = 0
    refused: int = 0
    both: int = 0
    ours: int = 0
    theirs: int = 0


@dataclass
class Outcome:
    """What came of the renames of one kind.

    So many were `renamed`, and so many would have `asked`. `sites` are those of both by tier, and
    `tests` is what the package's tests said afterwards.
    """

    package: str
    kind: str
    renamed: int = 0
    asked: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    sites: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TIERS, 0))
    seconds: float = 0.0
    tests: str = ""
    peers: dict[str, Agreement] = field(default_factory=dict)


def fetch(folder: Path, name: str, version: str) -> Path:
    """The unpacked source distribution."""
    target = folder / f"{name}-{version}"
    if not target.is_dir():
        command = [sys.executable, "-m", "pip", "download", "--no-deps", f"--no-binary={name}", "-q"]
        subprocess.run([*command, "-d", str(folder), f"{name}=={version}"], check=False, capture_output=True)
        archive = next(path for path in folder.glob("*.tar.gz") if re.sub(r"[-_.]+", "-", path.name).startswith(f"{name}-"))
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")
            found = folder / file.getnames()[0].split("/")[0]
        found.rename(target)
    return target


def run_tests(root: Path, code: str, tests: str, limit_s: float = SUITE_LIMIT_S) -> str:
    """``pass``, or the first test that fails."""
    environment = {**os.environ, "PYTHONPATH": str(root / code), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-rfE",
        "--color=no",
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore",
        "--no-header",
        tests,
    ]
    try:
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return "timeout"
    if done.returncode == 0:
        return PASSED
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return f"fail: {failed[0]}" if failed else f"exit {done.returncode}"


def candidates(root: Path, code: str, kind: str, rng: random.Random) -> list[tuple[Path, str]]:
    """Definitions of a kind, in random order, by their file and name."""
    found = set()
    for path in sorted((root / code).rglob("*.py")):
        if "test" in path.relative_to(root).as_posix():
            continue
        file = PythonFile(read_document(path))
        found |= {(path, name) for name, of_kind in definitions(file) if of_kind == kind and not name.startswith("__") and len(name) > 1}
    chosen = sorted(found)
    rng.shuffle(chosen)
    return chosen


def definitions(file: PythonFile) -> Iterator[tuple[str, str]]:
    for node in names.walk(file.tree.root_node):
        if node.type in {"function_definition", "class_definition"}:
            name = node.child_by_field_name("name")
            if name is not None:
                in_class = scoping.scope_of(node).type == "class_definition"
                yield file.text_of(name), "class" if node.type == "class_definition" else "method" if in_class else "function"
        elif node.type == "identifier" and node.parent is not None and scoping.binding_scope(node) is not None:
            if node.parent.type in {"parameters", "default_parameter", "typed_parameter", "typed_default_parameter"}:
                if file.text_of(node) not in {"self", "cls"}:
                    yield file.text_of(node), "parameter"
            elif node.parent.type == "assignment" and scoping.scope_of(node).type == "class_definition":
                yield file.text_of(node), "attribute"
        elif (
            node.type == "attribute"
            and file.text_of(node).startswith("self.")
            and node.parent is not None
            and node.parent.type == "assignment"
        ):
            yield file.text_of(node).removeprefix("self."), "attribute"


def offset_of(path: Path, name: str, kind: str) -> CharOffset | None:
    """The offset of the first definition of a name in a file as it is now."""
    file = PythonFile(read_document(path))
    for occurrence in file.occurrences(name):
        node = occurrence.node
        if (
            occurrence.role == "attribute"
            and kind == "attribute"
            and node.parent is not None
            and file.text_of(node.parent) == f"self.{name}"
        ):
            return occurrence.start
        if occurrence.role != "name" or scoping.binding_scope(node) is None or names.is_imported(node) or node.parent is None:
            continue
        scope = scoping.binding_scope(node)
        assert scope is not None, "checked"
        found = {"function_definition": "method" if scope.type == "class_definition" else "function", "class_definition": "class"}.get(
            node.parent.type
        )
        in_parameters = node.parent.type in {"parameters", "default_parameter", "typed_parameter", "typed_default_parameter"}
        found = found or ("parameter" if in_parameters else "attribute" if scope.type == "class_definition" else None)
        if found == kind:
            return occurrence.start
    return None


def rename_some(root: Path, code: str, outcome: Outcome, seed: int) -> None:
    rng = random.Random(f"{seed} {outcome.package} {outcome.kind}")
    files = WorkspaceFiles(root)
    resolver = Resolver(root / code, files.open_text)
    refused: Counter[str] = Counter()
    for path, name in candidates(root, code, outcome.kind, rng):
        offset = offset_of(path, name, outcome.kind)
        if offset is None:
            continue
        started = time.perf_counter()
        try:
            found = plan_rename(Query(files, resolver, path, offset), f"renamed_{name.strip('_')}")
            documents = found.references.documents
            changes = {changed: Replacement(documents[changed].text, text) for changed, text in found.texts().items()}
        except SeedError as error:
            refused[re.sub(rf"\b(renamed_)?{re.escape(name)}\b|line \d+|\S+\.py", "…", str(error))] += 1
            continue
        outcome.seconds += time.perf_counter() - started
        counts = found.references.counts()
        for tier, count in counts.items():
            outcome.sites[tier] += count
        running = any(site.reason in {IN_DOCTEST, IN_NAMING_STRING} for site in found.references.sites)
        if counts["possible"] or running:
            outcome.asked += 1
            continue
        write_files(changes)
        outcome.renamed += 1
        if outcome.renamed == EACH:
            break
    outcome.refused = dict(refused.most_common())


async def compare(root: Path, code: str, outcome: Outcome, *, seed: int, most: int) -> None:
    """Ask the other engines for the same renames, in the package as it came."""
    rng = random.Random(f"{seed} {outcome.package} {outcome.kind}")
    files = WorkspaceFiles(root)
    resolver = Resolver(root / code, files.open_text)
    servers = {name: PeerServer(name, root) for name in installed() if name != "jedi"}
    for server in servers.values():
        await server.start()
    compared = 0
    for path, name in candidates(root, code, outcome.kind, rng):
        offset = offset_of(path, name, outcome.kind)
        if offset is None:
            continue
        new_name = f"renamed_{name.strip('_')}"
        try:
            found = plan_rename(Query(files, resolver, path, offset), new_name)
        except SeedError:
            continue
        documents = found.references.documents
        ours = frozenset(
            (site.path.relative_to(root).as_posix(), documents[site.path].line_of(site.start))
            for site in found.references.sites
            if site.tier in APPLIED
        )
        answers = {"jedi": by_jedi(root, path, offset, new_name)}
        for peer, server in servers.items():
            answers[peer] = await server.rename(path, offset, new_name)
        for peer, theirs in answers.items():
            agreement = outcome.peers.setdefault(peer, Agreement())
            agreement.asked += 1
            if theirs is None:
                agreement.refused += 1
                continue
            agreement.both += len(ours & theirs)
            agreement.ours += len(ours - theirs)
            agreement.theirs += len(theirs - ours)
        compared += 1
        if compared == most:
            break
    for server in servers.values():
        await server.stop()


def main() -> None:
    parser = parser_of("renames.packages", __doc__, model=None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("packages", nargs="*", default=list(PACKAGES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compare", type=int, default=0, metavar="N", help="ask the other engines, too, for N renames of each kind")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    outcomes = [one for package in options.packages for one in outcomes_of(folder, package, options.seed, options.compare)]
    card(outcomes)
    if options.compare:
        card_of_peers(outcomes)
    report = {"bench": "renames.packages", "machine": machine(), "seed": options.seed, "outcomes": [asdict(one) for one in outcomes]}
    finish(report, options.json)


def outcomes_of(folder: Path, package: str, seed: int, compared: int) -> Iterator[Outcome]:
    """What renames of each kind make of a package, each kind in a copy of its own."""
    version, code, tests = PACKAGES[package]
    original = fetch(folder, package, version)
    before = run_tests(original, code, tests)
    say(f"{package} {version}: {before}")
    if before != PASSED:
        raise BenchError(f"{package}'s own tests do not pass before anything was renamed")
    for kind in KINDS:
        work = folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(original, work)
        outcome = Outcome(package, kind)
        rename_some(work, code, outcome, seed)
        outcome.tests = run_tests(work, code, tests)
        if compared:
            asyncio.run(compare(original, code, outcome, seed=seed, most=compared))
        say(f"  {outcome}")
        yield outcome


def card(outcomes: list[Outcome]) -> None:
    heads = ["package", "kind", "renamed", "asked", "refused", *TIERS, "s each", "tests"]
    say(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for one in outcomes:
        each = one.seconds / max(1, one.renamed + one.asked)
        counts = [one.renamed, one.asked, sum(one.refused.values()), *(one.sites[tier] for tier in TIERS), f"{each:.2f}"]
        say(f"| {one.package} | {one.kind} | {' | '.join(map(str, counts))} | {one.tests} |")


def card_of_peers(outcomes: list[Outcome]) -> None:
    say("\n| engine | renames | not made | lines that both change | only we | only it |\n|---|---|---|---|---|---|")
    for peer in installed():
        some = [one.peers[peer] for one in outcomes if peer in one.peers]
        sums = [str(sum(getattr(a, part) for a in some)) for part in ("asked", "refused", "both", "ours", "theirs")]
        say(f"| {peer} | {' | '.join(sums)} |")


if __name__ == "__main__":
    main()
