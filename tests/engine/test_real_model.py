"""The 0.5B as published: its tokenizer and network, and that `verified` writes the base's text.

These tests need its file.
"""

from __future__ import annotations

import pytest
import torch
import transformers

from benchmarks.contest.peer import transformers_network
from engine.api import EditRequest, SamplingOptions
from engine.engine import Engine
from engine.evaluation.lossless import compare
from engine.evaluation.samples import lossless_samples
from engine.model import checkpoint
from engine.native import ops
from engine.prompts import EDIT_SYSTEM
from engine.store import Store, find_spec

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

NAME = "qwen2.5-coder-0.5b"
CODE = 'def f(x):\r\n\treturn \'é😀\' if x<10 else [1234567, """a"""]\n\n\n    # 中文\n'


@pytest.fixture(scope="module")
def engine() -> Engine:
    if not Store().is_fetched(find_spec(NAME)):
        pytest.fail(f"run first: seed-lsp model fetch {NAME}")
    return Engine.load(NAME, device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def packed() -> Engine:
    if ops.load(threads=1) is None:
        pytest.skip("no kernels for this processor, or they are not built")
    return Engine.load(NAME, device="cpu", dtype="int4")


@pytest.mark.parametrize("sample", lossless_samples()[::4], ids=lambda sample: sample.name)
def test_verified_writes_the_bases_text_on_the_kernels(packed: Engine, sample):
    """What users run by default is lossless as well, to the last token.

    A row does not depend on the rows beside it.
    """
    result = compare(packed, sample, max_new_tokens=64)
    assert result.parted_at is None
    assert result.tokens > 0


def test_the_kernels_choose_as_float32_does(engine: Engine, packed: Engine):
    """With 4- and 8-bit weights and 8-bit activations nearly every choice is the same.

    The text is the model's own.
    """
    sample = lossless_samples()[12]
    options = SamplingOptions(max_new_tokens=200)
    prompt = engine.prompt_of(sample.make(options))
    tokens = prompt.tokens + list(engine.sample(prompt.tokens, options, old=prompt.old, stop_tokens=prompt.stop_tokens).tokens)
    expected = engine.network.forward(tokens, engine.network.new_cache()).logits[len(prompt.tokens) - 1 :]
    actual = packed.network.forward(tokens, packed.network.new_cache()).logits[len(prompt.tokens) - 1 :]
    assert expected.shape[0] > 40
    assert (expected.argmax(-1) == actual.argmax(-1)).float().mean() > 0.95


def test_tokens_are_those_of_transformers(engine: Engine):
    """Text is cut as the model was trained on it, and the chat template is the publisher's."""
    path = Store().require(find_spec(NAME))
    reference = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    assert engine.tokenizer.encode(CODE) == reference(CODE)["input_ids"]
    assert engine.tokenizer.decode(engine.tokenizer.encode(CODE)) == CODE
    request = EditRequest(1, "", SamplingOptions(), before="", region="x = 1\n", after="", instruction="Rename x to y.")
    messages = [
        {"role": "system", "content": EDIT_SYSTEM},
        {"role": "user", "content": "Rename x to y.\n\n```python\nx = 1\n```"},
    ]
    expected = reference.apply_chat_template(messages, add_generation_prompt=True, tokenize=False) + "```python\n"
    assert engine.prompt_of(request).tokens == reference(expected)["input_ids"]


def test_logits_are_those_of_transformers(engine: Engine):
    """Right network, on the real weights: within 1e-4 in float32, and the same choices."""
    folder = checkpoint.ensure_converted(Store().locate(NAME))
    config, tensors = checkpoint.load_folder(folder, device=torch.device("cpu"), dtype=torch.float32)
    reference = transformers_network(config, tensors)
    tokens = engine.tokenizer.encode(CODE * 3)
    expected = reference(torch.tensor([tokens])).logits[0]
    actual = engine.network.forward(tokens, engine.network.new_cache()).logits
    assert torch.equal(actual.argmax(-1), expected.argmax(-1))
    difference = float((actual - expected).abs().max())
    print(f"largest difference {difference:.2e}, largest logit {float(expected.abs().max()):.1f}")
    assert difference < 1e-4


@pytest.mark.parametrize("sample", lossless_samples(), ids=lambda sample: sample.name)
def test_verified_writes_the_bases_text(engine: Engine, sample):
    """Lossless on real prompts, completions and edits: token for token, in float32."""
    result = compare(engine, sample, max_new_tokens=40)
    assert result.parted_at is None
    assert result.tokens > 0


def test_an_edit_of_real_code_is_right_and_cheap(engine: Engine):
    """A rename changes every use, keeps the rest, and costs far fewer forwards than tokens.

    This is the main job, small.
    """
    region = "def area(w, h):\n    size = w * h\n    if size < 0:\n        raise ValueError(size)\n    return size\n"
    request = EditRequest(
        1, NAME, SamplingOptions(max_new_tokens=96), before="", region=region, after="", instruction="Rename the variable size to result."
    )
    *_, finished = engine.run(request)
    assert finished.text == region.replace("size", "result")
    assert finished.forwards <= finished.new_tokens / 2
