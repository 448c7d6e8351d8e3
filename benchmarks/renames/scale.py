"""A rename's cost against the size of the workspace.

    python -m benchmarks.renames.scale FOLDER [--sizes 100 1000 10000] [--png FILE]

Makes workspaces of the standard library's files, again and again under other names, in which every
hundredth file uses one function. For each size, in a process of its own: the first rename (nothing
read before), the second (the index is there), and the memory. It renames one function alone, which
jedi resolves at once; symbols with many candidates cost more.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.report import finish, machine, parser_of, say
from seed_lsp.features.rename.change import plan_rename
from seed_lsp.features.rename.query import Query
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.resolve import Resolver

LARGEST_BYTES = 40_000
USED_EVERY = 100
TARGET = "def measure_everything(items, *, weight=1):\n    return len(items) * weight\n"
USE = "from target import measure_everything\nimport target\n\nmeasure_everything([], weight=2)\ntarget.measure_everything([])\n\n\n"


@dataclass(frozen=True)
class Cost:
    files: int
    megabytes: float
    sites: int
    first_s: float
    second_s: float
    memory_mb: float


def make(root: Path, size: int) -> None:
    library = Path(sysconfig.get_paths()["stdlib"])
    sources = [p for p in sorted(library.rglob("*.py")) if p.stat().st_size <= LARGEST_BYTES and "site-packages" not in p.parts]
    texts = []
    for path in sources:
        try:
            texts.append(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
    shutil.rmtree(root, ignore_errors=True)
    for number in range(size - 1):
        folder = root / f"part{number // 100}"
        folder.mkdir(parents=True, exist_ok=True)
        text = texts[number % len(texts)]
        (folder / f"module{number}.py").write_text((USE if number % USED_EVERY == 0 else "") + text, encoding="utf-8")
    (root / "target.py").write_text(TARGET, encoding="utf-8")


def measure(root: Path) -> Cost:
    """Measure in this process, which has done nothing else."""
    import psutil

    process = psutil.Process()
    before = process.memory_info().rss
    files = WorkspaceFiles(root)
    resolver = Resolver(root, files.open_text)
    seconds, sites = [], 0
    path, offset = files.root / "target.py", CharOffset(TARGET.index("measure"))
    for _ in range(2):
        started = time.perf_counter()
        found = plan_rename(Query(files, resolver, path, offset), "weigh_everything")
        seconds.append(time.perf_counter() - started)
        sites = len(found.references.sites)
    size = sum(p.stat().st_size for p in root.rglob("*.py")) / 1e6
    memory = (process.memory_info().rss - before) / 1e6
    return Cost(len(files), round(size, 1), sites, round(seconds[0], 2), round(seconds[1], 2), round(memory, 1))


def draw(costs: list[Cost], png: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    times, memory = figure.subplots(1, 2)
    sizes = [cost.files for cost in costs]
    times.plot(sizes, [cost.first_s for cost in costs], "o-", label="first")
    times.plot(sizes, [cost.second_s for cost in costs], "o-", label="second, the index is there")
    times.set(xlabel="Python files", ylabel="seconds a rename", ylim=(0, None))
    times.legend()
    memory.plot(sizes, [cost.memory_mb for cost in costs], "o-")
    memory.set(xlabel="Python files", ylabel="MB more", ylim=(0, None))
    figure.savefig(png, dpi=110)


def main() -> None:
    parser = parser_of("renames.scale", __doc__, model=None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 3000, 10000])
    parser.add_argument("--png", type=Path, help="draw the figure into this file")
    parser.add_argument("--only-measure", action="store_true", help="the folder is a workspace; print its cost as JSON")
    options = parser.parse_args()
    if options.only_measure:
        print(json.dumps(asdict(measure(options.folder))))
        return
    costs = []
    say("| files | MB | sites | first, s | second, s | memory, MB |\n|---|---|---|---|---|---|")
    for size in options.sizes:
        root = options.folder / f"files{size}"
        make(root, size)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.renames.scale", str(root), "--only-measure"], capture_output=True, text=True, check=True
        )
        cost = Cost(**json.loads(done.stdout))
        costs.append(cost)
        say(f"| {' | '.join(str(value) for value in asdict(cost).values())} |")
        shutil.rmtree(root)
    if options.png is not None:
        draw(costs, options.png)
    finish({"bench": "renames.scale", "machine": machine(), "sizes": [asdict(cost) for cost in costs]}, options.json)


if __name__ == "__main__":
    main()
