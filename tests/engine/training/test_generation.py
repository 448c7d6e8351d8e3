"""Many sequences at once: the same tokens as one alone, whatever stands in the other places."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from engine.decoding.detokenizer import IncrementalDetokenizer
from engine.model.batched import BatchedTransformer
from engine.model.tokenizer import Tokenizer
from engine.model.transformer import Transformer
from engine.training import answers, generation
from engine.training.answers import Answer
from engine.training.generation import Writer
from engine.training.token_prompts import Ending, TokenPrompt
from tests.conftest import SHAPES, random_tensors

NOTHING = Ending(frozenset(), ())


def some_prompts(count: int, ending: Ending = NOTHING, seed: int = 1) -> list[TokenPrompt]:
    rng = random.Random(seed)
    kinds = ("generation", "infill", "edit")
    return [
        TokenPrompt(i, kinds[i % 3], i % 10 == 0, [rng.randrange(250) for _ in range(rng.choice((1, 2, 17, 40)))], [i], ending)
        for i in range(count)
    ]


def alone(network: Transformer, tokenizer: Tokenizer, prompt: TokenPrompt) -> list[int]:
    """What `autoregressive` writes, a token a forward."""
    cache = network.new_cache()
    detokenizer = IncrementalDetokenizer(tokenizer, stop_tokens=prompt.ending.stop_tokens, stop_strings=prompt.ending.stop_strings)
    logits = network.forward(prompt.tokens, cache).logits
    cache.commit(len(prompt.tokens))
    found: list[int] = []
    while True:
        found.append(int(logits[-1].argmax()))
        if detokenizer.feed(found[-1]) or len(found) == answers.LONGEST[prompt.kind]:
            return found
        logits = network.forward(found[-1:], cache).logits
        cache.commit(1)


@pytest.fixture(autouse=True)
def _short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (answers, generation):
        monkeypatch.setattr(module, "LONGEST", {"generation": 21, "edit": 30, "infill": 6})


@pytest.fixture
def tokenizer(tokenizer_folder: Path) -> Tokenizer:
    return Tokenizer(tokenizer_folder)


@pytest.mark.slow
@pytest.mark.parametrize("shape", list(SHAPES))
def test_many_are_written_as_each_would_be_alone(shape: str, tokenizer: Tokenizer):
    """Answers come from the base, whatever stands in the other slots.

    One that another sequence's rows, a filled slot or the padding touched would teach something
    else.
    """
    config, tensors = SHAPES[shape], random_tensors(SHAPES[shape], 5)
    serving = Transformer(config, tensors)
    # The stop strings are a newline and some letters: they end in the middle of what is written,
    # and some tokens end it at once.
    ends = [NOTHING, Ending(frozenset({7, 200}), ()), Ending(frozenset({256}), (" e", "ab\n", "z"))]
    prompts = [replace(prompt, ending=ends[i % len(ends)]) for i, prompt in enumerate(some_prompts(50))]
    writer = Writer(BatchedTransformer(config, tensors), tokenizer, slots=7)
    found = {answer.index: answer for answer in writer.write(prompts)}
    assert sorted(found) == list(range(50))
    wanted = [alone(serving, tokenizer, prompt) for prompt in prompts]
    assert [found[i].answer for i in range(50)] == wanted
    assert len({len(answer) for answer in wanted}) > 3, "nothing ended early"
    assert found[3] == Answer(3, "generation", False, prompts[3].tokens, [3], wanted[3])


def test_places_are_filled_again_as_answers_end(tokenizer: Tokenizer):
    """The device does not compute for the longest answer of each batch, and mostly for nobody."""
    config = SHAPES["qwen2"]
    prompts = [replace(prompt, kind="edit" if i % 8 == 0 else "infill") for i, prompt in enumerate(some_prompts(64))]
    writer = Writer(BatchedTransformer(config, random_tensors(config, 5)), tokenizer, slots=8)
    answers_found = list(writer.write(prompts))
    assert len(answers_found) == 64
    # Eight batches of one long answer each would be 8 x 32 steps.
    assert writer.steps <= 120


def test_writing_ends_by_the_clock(tokenizer: Tokenizer):
    config = SHAPES["qwen2"]
    writer = Writer(BatchedTransformer(config, random_tensors(config, 5)), tokenizer, slots=4)
    looks = iter([True] * 3)
    found = list(writer.write(some_prompts(1000), lambda: next(looks, False)))
    assert 0 < len(found) < 30
    assert writer.steps == 24


def test_a_cache_longer_than_the_model_is_refused():
    config = replace(SHAPES["qwen2"], max_positions=64)
    with pytest.raises(ValueError, match="64 positions"):
        BatchedTransformer(config, random_tensors(config, 5)).new_cache(2, 65)


def test_prompts_of_about_one_length_come_together():
    """A prefill runs as many rows for each prompt as the longest has."""
    lengths = [len(prompt.tokens) for prompt in generation.by_length(some_prompts(100), 60)]
    assert lengths == sorted(lengths[:60], reverse=True) + sorted(lengths[60:], reverse=True)
