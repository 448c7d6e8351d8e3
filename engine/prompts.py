"""Turns requests into tokens: a hole into fill-in-the-middle tokens, an edit or a question into the
model's chat template.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.api import EditExample, EditRequest, GenerateRequest, InfillRequest, InvalidRequestError, Request
from engine.fences import fence_around
from engine.model.tokenizer import Message, Tokenizer

# Control tokens after which a completion has said all it has to say (Qwen2.5-Coder, arXiv
# 2409.12186, section 3.1).
_INFILL_STOPS = (
    "<|endoftext|>",
    "<|im_end|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
_CHAT_STOPS = ("<|im_end|>", "<|endoftext|>")

EDIT_SYSTEM = (
    "You are a careful programmer. Rewrite the code exactly as the instruction asks and change nothing else. "
    "Answer with the complete rewritten code in one code block and nothing else."
)
BLANK = " \t"
"""The characters that an empty line may hold. A form feed is text, and must survive."""
_DEFINITION = re.compile(r"@|(?:async +)?def\b|class\b")
_FENCE = re.compile(r"^`{3,}", re.MULTILINE)
_LAST_FENCE = re.compile(r"\n`{3,}[ \t]*\n*\Z")
CONTEXT_LINES = 40
"""The number of lines that the prompt shows before and after the region, if the request has so
many.
"""


@dataclass(frozen=True)
class Prompt:
    """The `tokens` to continue, where the continuation ends, and how it is read back.

    The continuation probably repeats the tokens `old`. `indent` was taken off the region's lines;
    `ends_line` says whether the region ended with a line break; `start` is the part of the answer
    that the prompt already holds. `fences` is the number of the region's lines that begin with
    three backticks. The last `opening` tokens open the code block of an answer.
    """

    tokens: list[int]
    stop_tokens: frozenset[int]
    stop_strings: tuple[str, ...] = ()
    old: tuple[int, ...] = ()
    indent: str = ""
    ends_line: bool = False
    start: str = ""
    fences: int = 0
    opening: int = 1

    def read(self, text: str) -> str:
        """Read the model's text as the editor wants it: with the given start, the indentation and
        the last line break put back.
        """
        text = self.start + text
        if self.fences and (len(_FENCE.findall(text)) - self.fences) % 2:
            # One more than there are pairs: the model's own end of the block.
            text = _LAST_FENCE.sub("", text)
        if not self.indent and not self.ends_line:
            return text
        text = text.rstrip("\n")
        out = "\n".join(self.indent + line if line.strip(BLANK) else "" for line in text.split("\n"))
        return out + "\n" if self.ends_line and text else out


def prompt_of(tokenizer: Tokenizer, request: Request) -> Prompt:
    """Turn a request of any kind into the tokens to continue."""
    if isinstance(request, InfillRequest):
        return infill_prompt(tokenizer, request)
    if isinstance(request, EditRequest):
        return edit_prompt(tokenizer, request)
    if isinstance(request, GenerateRequest):
        return generate_prompt(tokenizer, request)
    raise InvalidRequestError(f"unknown request {type(request).__name__}")


def infill_prompt(tokenizer: Tokenizer, request: InfillRequest) -> Prompt:
    """Lay out prefix, suffix and what is given of the middle.

    Related files come before, each behind the file separator, as in a repository.
    """
    special, encode = tokenizer.special, tokenizer.encode
    tokens: list[int] = []
    if request.related:
        tokens += [special("<|repo_name|>"), *encode("workspace\n")]
        for file in request.related:
            tokens += [special("<|file_sep|>"), *encode(f"{file.path}\n{file.text}\n")]
        tokens += [special("<|file_sep|>"), *encode(f"{request.path or 'file'}\n")]
    tokens += [special("<|fim_prefix|>"), *encode(request.prefix)]
    tokens += [special("<|fim_suffix|>"), *encode(request.suffix)]
    tokens += [special("<|fim_middle|>"), *encode(request.start)]
    return Prompt(tokens, _present(tokenizer, _INFILL_STOPS), request.stop, start=request.start)


def edit_prompt(tokenizer: Tokenizer, request: EditRequest) -> Prompt:
    """Show the region flush left in a code block, below the file around it if there is one, and
    open a code block for the answer.

    Nothing of the region can end the block early, since its fence is longer than any run of
    backticks in the text. Models open a block with that fence, yet close it with three backticks.
    Where no line of the region begins with three backticks, these end the answer; where one does,
    they are taken off its end (`Prompt.read`).
    """
    region = request.region.removesuffix("\n")
    indent = _common_indent(region)
    flush = _dedent(region, indent)
    guess = _dedent((request.guess or request.region).removesuffix("\n"), indent)
    fences = len(_FENCE.findall(flush))
    fence = fence_around(request.before + request.region + request.after)
    block = f"{fence}{request.language}\n{flush}\n{fence}"
    instruction = request.instruction.strip()
    if file := _surroundings(request):
        block = f"Rewrite only the following part of it; leave out the rest of the file.\n{block}"
        user = f"Here is a file:\n{fence}{request.language}\n{file}\n{fence}\n\n{block}\n\n{instruction}"
    else:
        user = f"{instruction}\n\n{block}"
    tokens = tokenizer.chat([Message("system", EDIT_SYSTEM), *_turns(request.examples), Message("user", user)])
    opening = _DEFINITION.match(flush) if request.keep_start else None
    start = opening.group(0) if opening else ""
    begun = tokenizer.encode(f"{fence}{request.language}\n{start}")
    tokens += begun
    return Prompt(
        tokens,
        _present(tokenizer, _CHAT_STOPS),
        (f"\n{fence}",) if fences else ("\n```",),
        old=tuple(tokenizer.encode(f"{guess.removeprefix(start)}\n{fence}")),
        start=start,
        indent=indent,
        ends_line=request.region.endswith("\n"),
        fences=fences,
        opening=len(begun),
    )


def _turns(examples: Sequence[EditExample]) -> list[Message]:
    """Examples as a conversation that went before; always the same text, whose rows are kept."""
    turns = []
    for one in examples:
        before, after = (f"```python\n{code.strip()}\n```" for code in (one.before, one.after))
        turns += [Message("user", f"{one.instruction}\n\n{before}"), Message("assistant", after)]
    return turns


def generate_prompt(tokenizer: Tokenizer, request: GenerateRequest) -> Prompt:
    messages = [Message("system", request.system)] if request.system else []
    messages.append(Message("user", request.prompt))
    tokens = tokenizer.chat(messages) + tokenizer.encode(request.start)
    return Prompt(tokens, _present(tokenizer, _CHAT_STOPS), request.stop, start=request.start)


def _present(tokenizer: Tokenizer, names: tuple[str, ...]) -> frozenset[int]:
    return frozenset(tokenizer.special(name) for name in names if tokenizer.has_special(name))


def _surroundings(request: EditRequest) -> str:
    """The region with some lines of the file around it; empty where the request has none."""
    if not (request.before.strip() or request.after.strip()):
        return ""
    before, after = request.before.split("\n"), request.after.split("\n")
    return ("\n".join(before[-CONTEXT_LINES:]) + request.region + "\n".join(after[:CONTEXT_LINES])).strip("\n")


def _common_indent(text: str) -> str:
    """The white space that every line with text starts with."""
    whites = [line[: len(line) - len(line.lstrip(BLANK))] for line in text.split("\n") if line.strip(BLANK)]
    # What the first and the last in order have in common all have.
    first, last = min(whites, default=""), max(whites, default="")
    return first[: next((i for i, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), min(len(first), len(last)))]


def _dedent(text: str, indent: str) -> str:
    return "\n".join(line.removeprefix(indent) if line.strip(BLANK) else "" for line in text.split("\n"))
