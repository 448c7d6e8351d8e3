"""What of a model's text may be a comment: one line of words."""

from __future__ import annotations

import re

from seed_lsp.errors import RejectedResultError
from seed_lsp.features.refactor.intents.insertions.asking import require_visible
from seed_lsp.source.syntax import UNREADABLE, parse_python

_WIDTH = 96
_FEWEST_WORDS = 2
_NO_COMMENT = re.compile(
    r"(?:todo|fixme|xxx|hack|noqa|nosec|type:|pylint|pragma|mypy|ruff|fmt:|isort|region|endregion|!|%%|-{2,}|={2,}|#)", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<![eigc]\.[egf])[.!?](?= [A-Z])")


def words_of(text: str, column: int, following: str, opening: str = "") -> str:
    """The words behind an `opening`, without what does not fit on a line; `following` is the code
    behind.
    """
    words = " ".join(text.split()).lstrip("# ").rstrip(":;, ")
    require_visible(words)
    if found := _SENTENCE.search(words):
        words = words[: found.end()]
    if len(words.split()) < _FEWEST_WORDS or _NO_COMMENT.match(words):
        raise RejectedResultError("the model wrote no comment")
    if is_code(words) or words in {line.strip() for line in following.split("\n")}:
        raise RejectedResultError("the model wrote code instead of a comment")
    words = f"{opening} {words}" if opening else words
    if len(words) + column > _WIDTH:
        words = _shortened(words, _WIDTH - column)
    return words


def is_code(words: str) -> bool:
    """Whether words are code of Python: they parse, perhaps with a body that is missing."""
    for code in (words, f"{words}:\n    pass", f"{words}\n    pass"):
        try:
            parse_python(code)
        except UNREADABLE:
            continue
        return True
    return False


def _shortened(words: str, width: int) -> str:
    for found in reversed(list(re.finditer(r"(?:,|;| -| \(| so that| because)(?= )", words))):
        if found.start() <= width and len(words[: found.start()].split()) > _FEWEST_WORDS:
            return words[: found.start()]
    raise RejectedResultError("the model wrote no comment that fits on a line")
