"""The tokenizer of a GGUF file.

It gives the very tokens that transformers' conversion of the file gives, or refuses in words.
"""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import transformers
from tokenizers import Regex, models, pre_tokenizers, trainers

from benchmarks.robustness import gguf_bytes
from benchmarks.robustness.gguf_bytes import ARRAY, STRING, U32, Gguf, array, text, u32
from engine.api import ModelUnavailableError
from engine.config import UnsupportedModelError
from engine.engine import Engine
from engine.model.gguf_file import GgufFile
from engine.model.gguf_tokenizer import SPLITTINGS, USER_DEFINED
from engine.model.reading import CheckpointError
from engine.model.tokenizer import Tokenizer
from engine.store import Store, find_spec

ROOT = Path(__file__).parents[3]
REAL = "qwen2.5-coder-0.5b"
TEXTS = (
    "",
    " ",
    "\n\n\n",
    'def f(x):\r\n\treturn \'é😀\' if x<10 else [1234567, """a"""]\n\n\n    # 中文\n',
    'fn main() -> Result<(), Box<dyn Error>> {\n    println!("{:?}", v.iter().map(|x| x + 1));\n}\n',
    "const f = async ({a, b: [c]}) => `${a ?? c}\\u2028`;\r\n// it's, we'LL, I'D, they'Ve\r\n",
    "func (s *Server) Serve(ctx context.Context) error {\n\tfor i := range 1_000 {\n\t}\n\treturn nil\n}",
    "#include <vector>\ntemplate <class T> auto f(T&& x) -> decltype(x) { return x >> 2 ^ 0xFFu; }",
    "SELECT * FROM t WHERE a >= 12345.678e-9 AND b LIKE '%x%';  \t \n",
    "日本語のコメント、한국어 주석, комментарий, تعليق, ตัวอย่าง, हिन्दी टिप्पणी",
    "👩‍👩‍👧‍👦 🏳️‍🌈 𝒳𝓎 ½ ² Ⅷ ٣ 　 \u00a0\u2009\ufeff\u200b\u2028\u2029\x0c\x0b\x1c\x85",
    "a\x00b\x01\x1f\x7f",
    "<|im_start|>user\nIgnore <|im_end|><|fim_prefix|>x<|fim_suffix|><|fim_middle|> < | im_end | ><|endoftext|>",
    "<tool_call>{}</tool_call> <|im_end |> <|not_a_token|>",
    "x" * 3000 + " " * 3000 + "\n" * 300,
)


def many_texts() -> list[str]:
    """Texts to compare: those above, this project's own files, and random bytes and characters.

    They are composed, since some releases of transformers compose each text.
    """
    rng = random.Random(0)
    files = [*ROOT.glob("engine/model/*.py"), *ROOT.glob("engine/native/*.h"), *ROOT.glob("editors/vscode/src/*.ts"), ROOT / "README.md"]
    samples = [*TEXTS, *(path.read_bytes().decode() for path in files)]
    samples += [rng.randbytes(rng.randint(1, 200)).decode("utf-8", "replace") for _ in range(200)]
    samples += [rng.randbytes(rng.randint(1, 200)).decode("latin-1") for _ in range(100)]
    samples += ["".join(map(chr, rng.choices(range(0xD800), k=rng.randint(1, 100)))) for _ in range(200)]
    return [unicodedata.normalize("NFC", sample) for sample in samples]


def of_transformers(path: Path) -> Any:
    return transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)


def require_equal(path: Path, folder: Path) -> Any:
    """Check that our tokenizer of a file is transformers', which is returned.

    They have the same vocabulary, control tokens and tokens of each text.
    """
    GgufFile(path, tied_head=True).write_tokenizer(folder)
    made = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    expected = of_transformers(path)
    assert made.get_vocab(with_added_tokens=True) == expected.get_vocab()
    assert made.get_vocab(with_added_tokens=False) == expected.backend_tokenizer.get_vocab(with_added_tokens=False)
    control = {number: (token.content, token.special) for number, token in made.get_added_tokens_decoder().items()}
    assert control == {number: (token.content, token.special) for number, token in expected.added_tokens_decoder.items()}
    ours = Tokenizer(folder)
    for sample in many_texts():
        tokens = expected(sample)["input_ids"]
        assert made.encode(sample).ids == tokens, sample[:100]
        assert ours.decode(ours.encode(sample)) == sample
        if not any(token in sample for token, _ in control.values()):
            assert ours.encode(sample) == tokens, sample[:100]
    return expected


def trained(pre: str) -> Gguf:
    """A file whose merges were learnt from this project's own code.

    Texts are split in the way `pre`.
    """
    splitting = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLITTINGS[pre].pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    learner = tokenizers.Tokenizer(models.BPE())
    learner.pre_tokenizer = splitting
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    learner.train(
        [str(path) for path in sorted(ROOT.glob("engine/model/*.py"))],
        trainers.BpeTrainer(vocab_size=1500, initial_alphabet=alphabet, show_progress=False),
    )
    model = json.loads(learner.to_str())["model"]
    tokens = [*sorted(model["vocab"], key=model["vocab"].get), *gguf_bytes.CONTROL, "<tool_call>", "[PAD1]"]
    kinds = [1] * len(model["vocab"]) + [3] * len(gguf_bytes.CONTROL) + [USER_DEFINED, 5]
    return (
        gguf_bytes.valid()
        .with_field("tokenizer.ggml.pre", STRING, text(pre))
        .with_field("tokenizer.ggml.tokens", ARRAY, array(STRING, [text(token) for token in tokens]))
        .with_field("tokenizer.ggml.token_type", ARRAY, array(U32, [u32(kind) for kind in kinds]))
        .with_field("tokenizer.ggml.merges", ARRAY, array(STRING, [text(" ".join(merge)) for merge in model["merges"]]))
        .with_field("tokenizer.ggml.eos_token_id", U32, u32(tokens.index("<|im_end|>")))
    )


@pytest.mark.parametrize("pre", ["qwen2", "llama-bpe"])
def test_a_files_tokens_are_those_of_transformers(pre: str, tmp_path: Path):
    """Text is cut as the model was trained on it; control tokens are control tokens."""
    (tmp_path / "m.gguf").write_bytes(trained(pre).written())
    require_equal(tmp_path / "m.gguf", tmp_path / "made")


@pytest.mark.model
def test_the_published_files_tokens_are_those_of_transformers(tmp_path: Path):
    """The same for the vocabulary that users have, with the publisher's chat template."""
    expected = require_equal(Store().require(find_spec(REAL)), tmp_path / "made")
    template = (tmp_path / "made" / "chat_template.jinja").read_text(encoding="utf-8")
    assert template == expected.chat_template


def test_a_text_comes_back_as_it_is(tmp_path: Path):
    """Accents that a file writes as two characters stay two.

    An edit must not change what it was not asked to change.
    """
    tokenizer = made_of(gguf_bytes.valid(), tmp_path)
    assert tokenizer.decode(tokenizer.encode("e\u0301")) == "e\u0301"
    assert all(tokenizer.has_special(name) for name in gguf_bytes.CONTROL)


def test_llama_3_takes_a_word_of_the_vocabulary_whole(tmp_path: Path):
    """Words that no merges lead to are tokens where a file says so.

    The model was trained on them; Qwen's vocabulary is read by its merges alone.
    """
    tokens = array(STRING, [text("xyz" if token == "ab" else token) for token in gguf_bytes.TOKENS])
    file = (
        gguf_bytes.valid().with_field("tokenizer.ggml.tokens", ARRAY, tokens).with_field("tokenizer.ggml.merges", ARRAY, array(STRING, []))
    )
    assert len(made_of(file, tmp_path / "qwen").encode("xyz")) == 3
    assert made_of(file.with_field("tokenizer.ggml.pre", STRING, text("llama-bpe")), tmp_path / "llama").encode("xyz") == [256]


def made_of(file: Gguf, folder: Path) -> Tokenizer:
    folder.mkdir(exist_ok=True)
    (folder / "m.gguf").write_bytes(file.written())
    GgufFile(folder / "m.gguf").write_tokenizer(folder)
    return Tokenizer(folder)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("tokenizer.ggml.model", "llama", r"of the kind 'llama'; only byte-level BPE"),
        ("tokenizer.ggml.pre", "gpt-4o", r"in the way 'gpt-4o', which is not one of qwen2, "),
        ("tokenizer.ggml.pre", None, r"in the way that it does not say"),
        ("tokenizer.ggml.model", None, r"of the kind that it does not say"),
    ],
)
def test_an_unknown_kind_of_tokenizer_is_refused(field: str, value: str | None, words: str, tmp_path: Path):
    """A kind of tokenizer that is not known is refused.

    Read in another way, each text would be other tokens than the model knows, and its answers bad
    without a word.
    """
    whole = gguf_bytes.valid()
    file = whole.without_field(field) if value is None else whole.with_field(field, STRING, text(value))
    (tmp_path / "m.gguf").write_bytes(file.written())
    with pytest.raises(ModelUnavailableError, match=rf"m\.gguf: its tokenizer .*{words}"):
        Engine.load(str(tmp_path / "m.gguf"), store=Store(tmp_path / "cache"), device="cpu")
    assert not list((tmp_path / "cache" / "converted").glob("m-*")), "half a conversion is no model"
    with pytest.raises(UnsupportedModelError):
        GgufFile(tmp_path / "m.gguf").write_tokenizer(tmp_path)


def texts(*elements: str | bytes) -> tuple[int, bytes]:
    return ARRAY, array(STRING, [text(element) for element in elements])


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("tokens", (ARRAY, array(U32, [u32(7)] * 300)), "an array of texts is one of numbers"),
        ("tokens", texts(*[b"\xff"] * 300), "no UTF-8"),
        ("tokens", (STRING, text("all")), "lacks the array tokenizer.ggml.tokens"),
        ("tokens", texts(*gguf_bytes.TOKENS[:-1], "a"), "a token twice"),
        ("tokens", texts(*gguf_bytes.TOKENS, "more"), "says of 266 tokens what they are, and has 267"),
        ("token_type", texts(*gguf_bytes.TOKENS), "an array of integers holds something else"),
        ("merges", texts("a"), "its merge 'a' is no pair"),
        ("merges", texts("a b c"), "its merge 'a b c' is no pair"),
        ("merges", texts("ab cd"), "its merges do not fit its tokens"),
    ],
)
def test_a_vocabulary_that_is_none_is_told(field: str, value: tuple[int, bytes], words: str, tmp_path: Path):
    (tmp_path / "m.gguf").write_bytes(gguf_bytes.valid().with_field(f"tokenizer.ggml.{field}", *value).written())
    with pytest.raises(CheckpointError, match=rf"m\.gguf holds no tokenizer that can be used: .*{words}"):
        GgufFile(tmp_path / "m.gguf").write_tokenizer(tmp_path)
