"""The tokenizer that a GGUF file describes, as the files that `engine.model.tokenizer` reads.

Only byte-level BPE is known, which llama.cpp calls ``gpt2``; so are its names for the ways in which
a text is split before (`LLAMA_VOCAB_PRE_TYPE_*` in
https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp). With another way to split, a
text would become other tokens than those that the model was trained on, and nobody would notice:
such a file is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from engine.config import UnsupportedModelError
from engine.model.gguf_header import StoredArray, Value, integers_of, texts_of
from engine.model.reading import CheckpointError

CONTROL, USER_DEFINED = 3, 4
"""The values of ``tokenizer.ggml.token_type`` for entries of the vocabulary that are no pieces of
text.
"""


@dataclass(frozen=True)
class Splitting:
    """How a text is cut into words.

    `whole_words`: a word that is in the vocabulary is that token, whatever the merges would make of
    it.
    """

    pattern: str
    whole_words: bool = False


_CONTRACTION_OR_WORD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
_SIGNS_OR_SPACE = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_QWEN2 = Splitting(rf"{_CONTRACTION_OR_WORD}|\p{{N}}|{_SIGNS_OR_SPACE}")
_LLAMA3 = Splitting(rf"{_CONTRACTION_OR_WORD}|\p{{N}}{{1,3}}|{_SIGNS_OR_SPACE}", whole_words=True)
SPLITTINGS = {"qwen2": _QWEN2, "deepseek-r1-qwen": _QWEN2, "llama-bpe": _LLAMA3, "llama3": _LLAMA3, "llama-v3": _LLAMA3}


def write_tokenizer(fields: dict[str, Value], data: np.ndarray, folder: Path) -> None:
    """Write ``tokenizer.json``, and ``chat_template.jinja`` where the file has a template, into
    `folder`, which is made if it is not there.

    `data` is the whole file (bytes,), in which the arrays of `fields` lie. `UnsupportedModelError`
    for a kind of tokenizer that is unknown, `CheckpointError` for a vocabulary that is none.
    """
    tokenizer = _build(fields, data)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    if isinstance(template := fields.get("tokenizer.chat_template"), str):
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")


def _build(fields: dict[str, Value], data: np.ndarray) -> Tokenizer:
    splitting = _splitting(fields)
    tokens = texts_of(data, _array(fields, "tokens"))
    vocabulary = {token: number for number, token in enumerate(tokens)}
    if len(vocabulary) < len(tokens):
        raise CheckpointError("it holds a token twice")
    kinds = integers_of(data, _array(fields, "token_type"))
    if len(kinds) != len(tokens):
        raise CheckpointError(f"it says of {len(kinds):,} tokens what they are, and has {len(tokens):,}")
    merges = [_pair(merge) for merge in texts_of(data, _array(fields, "merges"))]
    try:
        tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=splitting.whole_words))
    except Exception as error:  # the library has no class for its errors
        raise CheckpointError(f"its merges do not fit its tokens ({str(error)[:100]})") from error
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(splitting.pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    # There is no normalizer, though the publisher of Qwen names one (NFC): a file's text has to
    # come back as it is.
    tokenizer.add_special_tokens([AddedToken(tokens[i], special=True, normalized=False) for i in _of_kind(kinds, CONTROL)])
    tokenizer.add_tokens([AddedToken(tokens[i], special=False, normalized=False) for i in _of_kind(kinds, USER_DEFINED)])
    return tokenizer


def _splitting(fields: dict[str, Value]) -> Splitting:
    kind, name = fields.get("tokenizer.ggml.model"), fields.get("tokenizer.ggml.pre")
    if kind != "gpt2":
        raise UnsupportedModelError(
            f"its tokenizer is of the kind {_shown(kind)}; only byte-level BPE, which files call 'gpt2', can be used"
        )
    if not isinstance(name, str) or name not in SPLITTINGS:
        raise UnsupportedModelError(f"its tokenizer splits text in the way {_shown(name)}, which is not one of {', '.join(SPLITTINGS)}")
    return SPLITTINGS[name]


def _array(fields: dict[str, Value], name: str) -> StoredArray:
    found = fields.get(f"tokenizer.ggml.{name}")
    if not isinstance(found, StoredArray):
        raise CheckpointError(f"it lacks the array tokenizer.ggml.{name}")
    return found


def _pair(merge: str) -> tuple[str, str]:
    left, space, right = merge.partition(" ")
    if not (left and space and right) or " " in right:
        raise CheckpointError(f"its merge {_shown(merge)} is no pair of tokens")
    return left, right


def _of_kind(kinds: tuple[int, ...], wanted: int) -> list[int]:
    return [number for number, kind in enumerate(kinds) if kind == wanted]


def _shown(value: Value | None) -> str:
    return repr(value)[:60] if isinstance(value, int | float | str) else "that it does not say"
