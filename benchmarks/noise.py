"""Whether suggestions keep quiet where nothing should come.

    python -m benchmarks.noise FOLDER [--model NAME] [--lines N]

It types into real files key by key over LSP. FOLDER holds the packages that ``python -m
benchmarks.holes make`` fetched. It says what share of the keys got a suggestion, how many of those
the next three characters bear out, how often text gave way to other text (flicker), and whether
there is silence within words, before more of an expression and behind statements that are finished.
It waits for each answer, so it says nothing about time: `benchmarks.typing` does.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lsprotocol import types

from benchmarks.renames.packages import PACKAGES
from benchmarks.report import finish, machine, parser_of, say
from seed_lsp.cli.headless import HeadlessEditor
from seed_lsp.server.inline_handlers import COMPLETION_STATISTICS
from seed_lsp.session.settings import Settings

BORNE_OUT = 3


def files_of(folder: Path) -> list[Path]:
    found = []
    for package, (version, code, _) in PACKAGES.items():
        root = folder / f"{package}-{version}"
        paths = [
            p
            for p in sorted((root / code).rglob("*.py"))
            if "test" not in p.relative_to(root).as_posix() and 3000 < p.stat().st_size < 30_000
        ]
        found += paths[:1]
    return found


def texts_of(folder: Path, seed: int) -> Iterator[tuple[Path, str, random.Random]]:
    """Each file with its text and a generator of its own."""
    for path in files_of(folder):
        say(path.name)
        yield path, path.read_text("utf-8"), random.Random(f"{seed} {path.name}")


def text_of(items: list[types.InlineCompletionItem]) -> str:
    """What the first item inserts; nothing where there is none."""
    fresh = items[0].insert_text if items else ""
    return str(getattr(fresh, "value", fresh))


def typing_parser(name: str, description: str | None, *, lines: int) -> argparse.ArgumentParser:
    """The options that measurements by typing have in common.

    `lines` is the default of ``--lines``.
    """
    parser = parser_of(name, description, model=Settings().model)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=lines, help="lines that are typed of each file (default: %(default)s)")
    parser.add_argument("--deadline", type=int, default=Settings().inline_typing_deadline_ms)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def lines_to_type(text: str, count: int, rng: random.Random) -> list[tuple[int, int]]:
    """Lines of code of the later two thirds: from behind the indentation to the end."""
    spans, at = [], 0
    for line in text.split("\n"):
        bare = line.strip()
        if at > len(text) // 3 and 20 <= len(bare) <= 70 and bare[0] not in "#\"'@)]}" and line.startswith("    "):
            spans.append((at + len(line) - len(line.lstrip()), at + len(line)))
        at += len(line) + 1
    rng.shuffle(spans)
    return spans[:count]


async def type_lines(editor: HeadlessEditor, path: Path, text: str, spans: list[tuple[int, int]], counts: Counter[str]) -> None:
    for number, (start, end) in enumerate(spans):
        line = text[start:end]
        editor.open_file(path.with_name(f"{path.stem}_{number}.py"), text[:start] + text[end:])
        shown = ""
        for i, key in enumerate(line):
            editor.type(start + i, key)
            items = await editor.complete(start + i + 1, automatic=True)
            fresh = text_of(items)
            rest = line[i + 1 :]
            counts["keys"] += 1
            counts["shown"] += bool(fresh)
            if fresh and len(rest) >= BORNE_OUT:
                counts["judged"] += 1
                counts["borne out"] += fresh.startswith(rest[:BORNE_OUT])
            # What was shown and typed along must not turn into something else.
            if shown and fresh:
                counts["shown twice running"] += 1
                counts["flicker"] += shown[1:] != fresh if shown.startswith(key) else 1
                counts["flicker though right"] += shown.startswith(key) and shown[1:] != fresh
            shown = fresh


def silent_offsets(text: str, rng: random.Random) -> dict[str, list[int]]:
    """Where nothing should be suggested: in finished code."""
    within_word, within_line, finished, at = [], [], [], 0
    for line in text.split("\n"):
        bare = line.strip()
        if len(bare) > 10 and bare[0] not in "#\"'":
            indent = len(line) - len(line.lstrip())
            middle = range(indent + 1, len(line))
            within_word += [at + i for i in middle if line[i - 1].isalnum() and line[i].isalnum()]
            within_line += [at + i for i in middle if line[i - 1] in " (,=" and (line[i].isalnum() or line[i] in "\"'[(")]
            if bare[-1] in ")]\"'" or bare[-1].isalnum():
                finished.append(at + len(line))
        at += len(line) + 1
    return {
        name: rng.sample(found, min(8, len(found))) for name, found in (("word", within_word), ("line", within_line), ("end", finished))
    }


async def ask_silent(editor: HeadlessEditor, path: Path, text: str, offsets: dict[str, list[int]], counts: Counter[str]) -> None:
    editor.open_file(path.with_name(f"{path.stem}_whole.py"), text)
    for kind, some in offsets.items():
        for at in sorted(some):
            items = await editor.complete(at, automatic=True)
            counts[f"{kind} places"] += 1
            counts[f"{kind} silent"] += not items


async def measure(folder: Path, settings: dict[str, Any], lines: int, seed: int) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    editor = HeadlessEditor("seed-lsp noise")
    await editor.open_server(settings)
    try:
        for path, text, rng in texts_of(folder, seed):
            await ask_silent(editor, path, text, silent_offsets(text, rng), counts)
            await type_lines(editor, path, text, lines_to_type(text, lines, rng), counts)
        reasons = (await editor.command(COMPLETION_STATISTICS))["reasons"]
    finally:
        await editor.close_server()
    return {"counts": dict(counts), "reasons": reasons if isinstance(reasons, dict) else vars(reasons)}


def card(report: dict[str, Any]) -> None:
    c = report["counts"]
    say(
        f"{c['keys']} keys: {c['shown'] / c['keys']:.1%} with a suggestion; of {c['judged']} of these {c['borne out'] / c['judged']:.1%} borne out"
    )
    say(
        f"flicker: {c['flicker']} of {c['shown twice running']} keys with text before and after; {c['flicker though right']} of them though it was right"
    )
    for kind in ("word", "line", "end"):
        say(f"silent, {kind}: {c[f'{kind} silent']} of {c[f'{kind} places']}")


def main() -> None:
    parser = typing_parser("noise", __doc__, lines=3)
    parser.add_argument("--chance", type=int, default=Settings().inline_min_chance, help="the setting seed.inline.minChance, in percent")
    options = parser.parse_args()
    settings = {"model": options.model, "inline": {"minChance": options.chance, "typingDeadlineMs": options.deadline}}
    report = asyncio.run(measure(options.folder, settings, options.lines, options.seed))
    card(report)
    finish({"bench": "noise", "model": options.model, "machine": machine(), "chance": options.chance, **report}, options.json)


if __name__ == "__main__":
    main()
