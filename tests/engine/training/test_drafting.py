"""The measure of drafts: every source writes the same text, and counts are over all texts."""

from __future__ import annotations

import json

import pytest

from engine.api import SamplingOptions
from engine.engine import Engine
from engine.training import curves
from engine.training.answers import Answer
from engine.training.drafting import SOURCES, held_out, measure, written_anew


def test_every_source_writes_the_same_text(tiny_folder):
    engine = Engine.load(str(tiny_folder), dtype="float32")
    prompt = [65, 66, 67, 68]
    tokens = list(engine.sample(prompt, SamplingOptions(mode="autoregressive", max_new_tokens=20)).tokens)
    rows = measure(engine, [Answer(0, "edit", True, prompt, tokens, tokens), Answer(1, "infill", True, prompt, [], tokens[:8])])
    assert {(row.kind, row.source) for row in rows} == {(kind, source) for kind in ("edit", "infill", "all") for source in SOURCES}
    by = {(row.kind, row.source): row for row in rows}
    assert by["all", "none"].tokens == 28
    assert by["all", "none"].tokens_per_forward == 1.0
    assert by["edit", "copy"].tokens_per_forward >= 20 / 3, "the old code is the answer"
    with pytest.raises(SystemExit, match="answer 7"):
        measure(engine, [Answer(7, "edit", True, prompt, [], [tokens[0] ^ 1])])


def test_answers_of_another_number_format_are_written_anew(tiny_folder):
    """Prompts are measured although a GPU answered them.

    What it wrote in bfloat16 is not to the letter what the kernels write.
    """
    engine = Engine.load(str(tiny_folder), dtype="float32")
    prompt = [65, 66, 67, 68]
    tokens = list(engine.sample(prompt, SamplingOptions(mode="autoregressive", max_new_tokens=9)).tokens)
    [found] = written_anew(engine, [Answer(7, "edit", True, prompt, [], [tokens[0] ^ 1, *tokens[1:]])])
    assert found == Answer(7, "edit", True, prompt, [], tokens)


def test_only_held_out_texts_are_measured():
    answers = [Answer(i, "edit", i % 2 == 0, [1], [], [2]) for i in range(10)]
    assert [a.index for a in held_out(answers, 3)] == [0, 2, 4]


def test_curves_are_drawn_from_a_log(tmp_path):
    log = tmp_path / "log.jsonl"
    measured = {"all": {"run": 0.5, "first": 0.4, "blocks": 9}}
    lines = [{"step": i, "loss": 1 / i, "rows_seen": 10 * i, "acceptance": measured if i % 2 else None} for i in range(1, 9)]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    curves.draw(tmp_path / "c.png", [log])
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
