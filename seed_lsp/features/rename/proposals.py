"""New names for a symbol, from the model.

The model fills the hole in the symbol's definition several times. A name is kept if the rename to
it could be made.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable

from engine.api import Finished, InfillRequest, SamplingOptions
from seed_lsp.errors import SeedError
from seed_lsp.features.rename.sites import word_pattern
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document

MOST = 5
TRIES = 10
"""How many answers are drawn, the first one greedily: some repeat, and some names are taken."""
TEMPERATURE = 1.0
LINES_ABOVE, LINES_BELOW = 10, 25
MAX_TOKENS = 12
_STOPS = ("(", ":", ",", ")", " ", "=", "\n", ".", "[", "{", ";")


async def proposed_names(
    document: Document, start: CharOffset, name: str, ask: Callable[[InfillRequest], Awaitable[Finished]], settings: Settings
) -> list[str]:
    """The names that the model would give to what `document` defines as `name` at `start`.

    The name that came most often is first.
    """
    answers = [(await ask(request)).text for request in name_requests(document, start, name, settings)]
    return read_names(answers, name)


def name_requests(document: Document, start: CharOffset, name: str, settings: Settings) -> list[InfillRequest]:
    """Requests with a hole where the name is defined, and the lines around that lack the name."""
    line = document.line_of(start)
    first, last = max(0, line - LINES_ABOVE), min(len(document.line_starts) - 1, line + LINES_BELOW)
    word = word_pattern(name)
    above = [text for i in range(first, line) if not word.search(text := document.line_text(i))]
    below = [text for i in range(line + 1, last + 1) if not word.search(text := document.line_text(i))]
    here = document.line_text(line)
    column = start - document.line_starts[line]
    prefix = "\n".join([*above, here[:column]])
    suffix = "\n".join([word.sub("", here[column + len(name) :]), *below]) + "\n"
    requests = []
    for seed in range(TRIES):
        sampling = SamplingOptions(
            mode=settings.mode,
            max_new_tokens=MAX_TOKENS,
            temperature=TEMPERATURE if seed else 0.0,
            seed=seed,
            deadline_s=float(settings.edit_deadline_s),
        )
        requests.append(InfillRequest(0, settings.model, sampling, prefix=prefix, suffix=suffix, stop=_STOPS))
    return requests


def read_names(answers: Iterable[str], old: str) -> list[str]:
    """The names among the answers, in the old name's capitals, without the old name itself.

    The most frequent name is first.
    """
    found = [answer.strip() for answer in answers]
    styled = [_in_style(name, old) for name in found if re.fullmatch(r"[^\W\d]\w*", name)]
    return [name for name, _ in Counter(name for name in styled if name != old).most_common()]


def usable(candidates: Iterable[str], plan: Callable[[str], object]) -> list[str]:
    """Up to five of the names for which `plan` is not refused."""
    found: list[str] = []
    for name in candidates:
        try:
            plan(name)
        except SeedError:
            continue
        found.append(name)
        if len(found) == MOST:
            break
    return found


def _in_style(name: str, old: str) -> str:
    """The name with capitals, and a leading underscore, as the old name has them."""
    bare = old.strip("_")
    words = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)] or [name]
    if bare.isupper() and len(bare) > 1:
        styled = "_".join(words).upper()
    elif bare[:1].isupper():
        styled = name if name[:1].isupper() and "_" not in name else "".join(word.capitalize() for word in words)
    elif any(char.isupper() for char in bare):
        styled = words[0] + "".join(word.capitalize() for word in words[1:])
    else:
        styled = "_".join(words)
    private = len(old) - len(old.lstrip("_"))
    return "_" * min(private, 1) + styled
