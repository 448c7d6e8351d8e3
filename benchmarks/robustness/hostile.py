"""Answers of a model that does what it should not, for the checks that stand behind it."""

from __future__ import annotations

import random
from collections.abc import Callable

from engine.api import EditRequest, Finished, FinishReason, GenerateRequest, InfillRequest, Request

ODD = ("\u202e", "\u200b", "\ufeff", "\x0c", "\r", "\u2028", "😀", "<|im_end|>", "\t", "`", '"""', "'", "\\", "#", "}", ")")
CODE = (
    "import os\nfrom typing import *\n",
    "def other(a, b):\n    return a\n",
    "class Other:\n    pass\n",
    "return\n",
    "x = 1\n",
    '"""Text."""\n',
    "# A comment.\n",
    "```python\n",
    "if True:\n",
)
HOLES = (
    *("int", "str | None", "list[int]", "dict[str, Any]", "Path", "Undefined", "None", "typing.Sequence[str]", "'int'", "callable"),
    *(
        "int = None",
        "int, more",
        "int) -> None:\n    pass\n\ndef g(a",
        "list[int",
        "int]",
        "1",
        "",
        " ",
        "\n",
        "lambda: 0",
        "int  # why",
        "int\\",
    ),
    *("name", "a name", "class", "self", "os", "result_value", "Do it.", 'Say "it".', 'Say."""\n    return 1', "Args:\n    nobody: x", "é"),
)


def answer(request: Request, rng: random.Random) -> Finished:
    """Anything at all, and often what is nearly right."""
    if isinstance(request, EditRequest):
        text = _region(request, rng)
    elif isinstance(request, InfillRequest):
        text = rng.choice(HOLES) if rng.random() < 0.8 else rng.choice((request.suffix[:80], request.prefix[-80:], *CODE))
    else:
        assert isinstance(request, GenerateRequest), "there is no other request"
        text = rng.choice((*CODE, *HOLES, "def test_it():\n    assert True\n"))
    reason: FinishReason = "stop" if rng.random() < 0.95 else rng.choice(("length", "deadline", "cancelled", "unsure"))
    return Finished(request.id, text, reason, "verified", 7, 3, 11, 0, 0.01, 0.02, 1, request.model, "cpu", "float32")


def _region(request: EditRequest, rng: random.Random) -> str:
    text = request.region
    for _ in range(rng.choice((1, 1, 2, 3))):
        text = rng.choice(_CHANGES)(text, request, rng)
    return text


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _without_line(text: str, _request: EditRequest, rng: random.Random) -> str:
    lines = _lines(text)
    if lines:
        lines.pop(rng.randrange(len(lines)))
    return "".join(lines)


def _with_line(text: str, _request: EditRequest, rng: random.Random) -> str:
    lines = _lines(text)
    lines.insert(rng.randint(0, len(lines)), rng.choice(CODE))
    return "".join(lines)


def _shuffled(text: str, _request: EditRequest, rng: random.Random) -> str:
    lines = _lines(text)
    rng.shuffle(lines)
    return "".join(lines)


def _with_surroundings(text: str, request: EditRequest, rng: random.Random) -> str:
    before, after = _lines(request.before), _lines(request.after)
    return "".join(before[-rng.randint(0, 5) :]) + text + "".join(after[: rng.randint(0, 5)])


def _renamed(text: str, _request: EditRequest, rng: random.Random) -> str:
    words = sorted({word for word in text.split() if word.isidentifier()})
    return text.replace(rng.choice(words), "renamed") if words else text


def _with_other_white_space(text: str, _request: EditRequest, rng: random.Random) -> str:
    old, new = rng.choice((("    ", ""), ("    ", "\t"), ("\n", "\r\n"), ("\n\n", "\n"), (" ", "  "), ("\n", " \n"), ("\n", "\n\n")))
    return text.replace(old, new)


def _with_odd(text: str, _request: EditRequest, rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(ODD) + text[at:]


def _cut(text: str, _request: EditRequest, rng: random.Random) -> str:
    return text[: rng.randint(0, len(text))]


def _with_imports(text: str, _request: EditRequest, _rng: random.Random) -> str:
    return CODE[0] + text


def _deeper(text: str, _request: EditRequest, rng: random.Random) -> str:
    return "".join(rng.choice(("    ", "  ")) + line for line in _lines(text))


def _other(_text: str, _request: EditRequest, rng: random.Random) -> str:
    return rng.choice((*CODE, "", "\n", "I cannot do that."))


_CHANGES: tuple[Callable[[str, EditRequest, random.Random], str], ...] = (
    _without_line,
    _with_line,
    _with_line,
    _shuffled,
    _with_surroundings,
    _renamed,
    _renamed,
    _with_other_white_space,
    _with_odd,
    _cut,
    _with_imports,
    _deeper,
    _other,
)
