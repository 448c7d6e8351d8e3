"""Text to tokens and back for byte-level BPE models (Qwen2, Qwen3, Llama 3), exact to the byte."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer as BpeTokenizer

from engine.config import UnsupportedModelError
from engine.model.reading import CheckpointError

_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Message:
    """One turn of a chat: `role` is system, user or assistant."""

    role: str
    content: str


class Tokenizer:
    """User text is never read as control tokens: ``encode`` knows none, and a prompt places them by
    name (`special`).
    """

    def __init__(self, folder: Path, rows: int | None = None) -> None:
        """Read ``tokenizer.json``, and ``chat_template.jinja`` where there is one.

        `rows`: of the network's embedding table. Text whose tokens it has no rows for is a
        `CheckpointError`; a control token beyond it is one that the model has not.
        """
        source = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        self._special = {token["content"]: int(token["id"]) for token in source.get("added_tokens", [])}
        if rows is not None:
            self._special = {name: token for name, token in self._special.items() if 0 <= token < rows}
            if (largest := max(source["model"]["vocab"].values(), default=0)) >= rows:
                raise CheckpointError(f"it has a token {largest}, and the model {rows} rows; it is another model's")
        self._plain = BpeTokenizer.from_str(json.dumps({**source, "added_tokens": [], "post_processor": None}))
        self._plain.no_padding()
        self._plain.no_truncation()
        template = folder / "chat_template.jinja"
        self._template = template.read_text(encoding="utf-8") if template.is_file() else None
        self._byte_of = {char: byte for byte, char in enumerate(byte_alphabet())}
        self._control = set(self._special.values())

    def encode(self, text: str) -> list[int]:
        """The tokens of a text; half a character, which an editor may send and no model knows,
        counts as U+FFFD.
        """
        return list(self._plain.encode(_HALF_A_CHARACTER.sub("\ufffd", text), add_special_tokens=False).ids)

    def special(self, name: str) -> int:
        """The id of a control token; `UnsupportedModelError` if the model has none of that name."""
        try:
            return self._special[name]
        except KeyError:
            raise UnsupportedModelError(f"the model has no {name} token") from None

    def has_special(self, name: str) -> bool:
        return name in self._special

    def token_bytes(self, token: int) -> bytes:
        """The bytes that a token stands for: none for control tokens and ids without a token."""
        if token in self._control:
            return b""
        piece = self._plain.id_to_token(token)
        if piece is None:
            return b""
        return bytes(self._byte_of[char] for char in piece if char in self._byte_of)

    def decode(self, tokens: list[int]) -> str:
        return b"".join(map(self.token_bytes, tokens)).decode("utf-8", errors="replace")

    def chat(self, messages: list[Message]) -> list[int]:
        """The prompt of a chat through the model's own template, up to where the assistant's answer
        begins.

        The template is rendered around marks in place of the contents, so that no content can forge
        a turn.
        """
        if self._template is None:
            raise UnsupportedModelError("the model has no chat template; use an instruction-tuned model for edits")
        marks = [f"\x01{i}\x01" for i in range(len(messages))]
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        turns = [{"role": m.role, "content": mark} for m, mark in zip(messages, marks, strict=True)]
        try:
            frame = environment.from_string(self._template).render(messages=turns, add_generation_prompt=True, tools=None)
        except Exception as error:  # a template is a program of its author's
            raise UnsupportedModelError(f"its chat template cannot be used ({type(error).__name__})") from error
        tokens: list[int] = []
        for mark, message in zip(marks, messages, strict=True):
            before, found, frame = frame.partition(mark)
            if not found:
                raise UnsupportedModelError(f"the chat template leaves out the {message.role} message")
            tokens += self._encode_frame(before) + self.encode(message.content)
        return tokens + self._encode_frame(frame)

    def _encode_frame(self, text: str) -> list[int]:
        """Encode text of the template, in which control tokens are written out."""
        hits = [(text.find(name), -len(name), name) for name in self._special if name in text]
        if not hits:
            return self.encode(text)
        start, _, name = min(hits)
        return [*self.encode(text[:start]), self._special[name], *self._encode_frame(text[start + len(name) :])]


def byte_alphabet() -> list[str]:
    """The printable character that byte-level BPE writes for each byte (Radford et al., GPT-2,
    2019).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    moved = [byte for byte in range(256) if byte not in printable]
    alphabet = [chr(byte) for byte in range(256)]
    for i, byte in enumerate(moved):
        alphabet[byte] = chr(256 + i)
    return alphabet
