"""When a suggestion is there, for somebody who types at a pace and then pauses.

    python -m benchmarks.typing FOLDER [--model NAME] [--deadline MS]

FOLDER holds the packages that ``python -m benchmarks.holes make`` fetched. Lines of them are typed
over LSP up to a letter somewhere in them, at the gaps of a fast typist, and what counts is the time
from that letter to the answer, as the editor sees it. The model has read what stands above. Whether
the suggestion is right is not looked at: `benchmarks.holes` and `benchmarks.noise` do that.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.latency import percentile
from benchmarks.noise import lines_to_type, text_of, texts_of, typing_parser
from benchmarks.report import finish, machine, say
from seed_lsp.cli.headless import HeadlessEditor

GAP_S, SPREAD = 0.16, 0.4
"""Between two keys: the median, and the deviation of its logarithm. Some 75 words a minute."""
EDITOR_WAITS_S = 0.7
"""VS Code waits 760 ms behind a letter for a suggestion, of which it spends 50 before it asks
(docs/LOG.md).
"""


async def pause_in(editor: HeadlessEditor, path: Path, text: str, span: tuple[int, int], rng: random.Random) -> tuple[float, int]:
    """Type the line in `span` up to a letter in it.

    Returns the seconds until the answer to that key, and the answer's characters.
    """
    start, end = span
    stop = rng.choice([at for at in range(start + 3, end) if text[at].isalnum()])
    editor.open_file(path, text[:start] + text[end:])
    await editor.complete(text.rindex("\n", 0, start), automatic=False)
    for at in range(start, stop + 1):
        editor.type(at, text[at])
        pressed = time.monotonic()
        answer = asyncio.ensure_future(editor.complete(at + 1, automatic=True))
        if at < stop:
            await asyncio.sleep(rng.lognormvariate(0, SPREAD) * GAP_S)
    items = await answer
    return time.monotonic() - pressed, len(text_of(items))


async def measure(folder: Path, settings: dict[str, Any], lines: int, seed: int) -> list[tuple[float, int]]:
    editor = HeadlessEditor("seed-lsp typist")
    await editor.open_server(settings)
    found = []
    try:
        for path, text, rng in texts_of(folder, seed):
            for number, span in enumerate(lines_to_type(text, lines, rng)):
                found.append(await pause_in(editor, path.with_name(f"{path.stem}_{number}.py"), text, span, rng))
    finally:
        await editor.close_server()
    return found


def main() -> None:
    options = typing_parser("typing", __doc__, lines=4).parse_args()
    settings = {"model": options.model, "inline": {"typingDeadlineMs": options.deadline}}
    found = asyncio.run(measure(options.folder, settings, options.lines, options.seed))
    seconds = sorted(took for took, _ in found)
    shown = [(took, length) for took, length in found if length]
    report = {
        "pauses": len(found),
        "with text": len(shown),
        "with text in time for VS Code": sum(took < EDITOR_WAITS_S for took, _ in shown),
        "characters, median": statistics.median([length for _, length in shown] or [0]),
        "p50_s": round(statistics.median(seconds), 3),
        "p95_s": round(percentile(seconds, 95), 3),
    }
    say(f"{len(found)} pauses, {len(shown)} with text; the answer after {report['p50_s']} s, p95 {report['p95_s']} s")
    finish({"bench": "typing", "model": options.model, "machine": machine(), "deadline_ms": options.deadline, **report}, options.json)


if __name__ == "__main__":
    main()
