"""Training runs learn, go on where they stopped, and say what is wrong with a configuration."""

from __future__ import annotations

import json
import random

import pytest
import torch
from safetensors.torch import load_file

from engine.api import SamplingOptions
from engine.engine import Engine
from engine.evaluation.records import drop_partial_line
from engine.model.adapter import load_adapter
from engine.training import answers as answering
from engine.training.config import ConfigError, Run, Stage, load_run
from engine.training.corpus import TrainingPrompt
from engine.training.denoiser import run_clean
from engine.training.trainer import ADAPTER, LOG, STATE, Trainer
from tests.conftest import TINY


def log_of(run: Run) -> list[dict]:
    return [json.loads(line) for line in (run.folder / LOG).read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize(
    "stage",
    [
        Stage("mask", 30, 0.02),
        Stage("mask", 30, 0.02, loss="kl"),
        Stage("mask", 30, 0.02, loss="run"),
        Stage("edit", 30, 0.02),
        Stage("trajectory", 30, 0.02),
        Stage("on_policy", 30, 0.02),
    ],
    ids=lambda stage: f"{stage.kind} {stage.loss}",
)
def test_every_stage_learns(make_run, stage: Stage):
    """Its own loss falls on texts that repeat themselves, and the adapter that it writes loads."""
    run = make_run(stages=(stage,), checkpoint_every=30)
    Trainer(run).train()
    losses = [line["loss"] for line in log_of(run) if "loss" in line]
    assert sum(losses[-6:]) / 6 < sum(losses[:3]) / 3 - 0.01
    adapter = load_adapter(run.folder / ADAPTER, TINY, device=torch.device("cpu"), dtype=torch.float32)
    assert adapter.trained
    assert adapter.block_size == 4


def test_an_interrupted_run_goes_on_along_the_same_losses(make_run, tmp_path):
    """Stopped behind its first checkpoint and started again, a run ends where an uninterrupted one
    does.
    """
    whole = make_run(folder=tmp_path / "whole")
    Trainer(whole).train()
    stopped = make_run(folder=tmp_path / "stopped")
    first = Trainer(stopped)
    first.update = interrupted_after(first.update, 4)
    with pytest.raises(KeyboardInterrupt):
        first.train()
    Trainer(stopped).train()
    assert [(line["step"], line.get("loss")) for line in log_of(stopped)] == [(line["step"], line.get("loss")) for line in log_of(whole)]
    ends = [load_file(run.folder / STATE) for run in (stopped, whole)]
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])
    assert not list(stopped.folder.glob(".*partial"))


def interrupted_after(update, count: int):
    left = iter(range(count))

    def limited(step):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return update(step)

    return limited


def test_a_run_goes_on_from_an_adapter(make_run, tmp_path):
    first = make_run(folder=tmp_path / "first")
    Trainer(first).train()
    second = Trainer(make_run(folder=tmp_path / "second", start_from=first.folder / ADAPTER))
    assert torch.count_nonzero(second.denoiser.lora.pairs["0:q_proj:b"]) > 0


def test_held_out_answers_are_not_learnt_from(make_run):
    trainer = Trainer(make_run())
    assert len(trainer.texts) == 32, "one in five of forty is held out"
    assert len(trainer.held_out) == 4
    assert {known.text.kind for known in trainer.held_out} == {"generation", "infill", "edit"}


def test_answers_written_together_are_those_written_alone(tiny_folder):
    """Batching changes no token, and the number of slots changes no answer."""
    engine = Engine.load(str(tiny_folder), dtype="float32")
    prompts = [TrainingPrompt("infill", "line", f"p:{i}", prefix="x = " + "ab" * i, suffix="\n") for i in range(5)]
    alone = {a.index: a.answer for a in answering.write_answers(engine, enumerate(prompts), 1)}
    together = {a.index: a.answer for a in answering.write_answers(engine, enumerate(prompts), 3)}
    assert alone == together
    for index, prompt in enumerate(prompts):
        made = engine.prompt_of(prompt.request(SamplingOptions()))
        options = SamplingOptions(mode="autoregressive", max_new_tokens=answering.LONGEST["infill"])
        assert alone[index] == list(engine.sample(made.tokens, options, stop_tokens=made.stop_tokens).tokens)


def test_an_answer_cut_off_by_an_interruption_is_dropped(answers):
    whole = answering.read_answers(answers)
    with answers.open("a", encoding="utf-8") as file:
        file.write('{"index": 77, "kind"')
    assert answering.read_answers(answers) == whole
    drop_partial_line(answers)
    assert answers.read_text(encoding="utf-8").endswith("}\n")
    assert answering.read_answers(answers) == whole


CONFIG = """
[run]
model = "m"
answers = "a.jsonl"
folder = "out"
rank = 8
[[stage]]
kind = "mask"
steps = 10
learning_rate = 1e-3
"""


def test_a_configuration_is_read_with_paths_beside_it(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text(CONFIG, encoding="utf-8")
    run = load_run(path)
    assert run.answers == tmp_path.resolve() / "a.jsonl"
    assert run.stages == (Stage("mask", 10, 1e-3),)
    assert run.rank == 8


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rank = 8", "ranks = 8", "unknown settings ranks"),
        ("rank = 8", "rank = 0", "rank is 0"),
        ("rank = 8", 'rank = "8"', "rank is '8'"),
        ('kind = "mask"', 'kind = "guess"', "one of mask, edit"),
        ("steps = 10", "steps = 10\nfull = 2.0", r"full is 2\.0"),
        ("rank = 8", "smallest_block = 7", "smallest_block is 7"),
        ("[[stage]]", "[[stages]]", "unknown tables stages"),
        ('model = "m"', "", "model"),
        ("[run]", "[run", "cannot read"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_place(tmp_path, old, new, message):
    path = tmp_path / "run.toml"
    path.write_text(CONFIG.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load_run(path)


@pytest.mark.parametrize("kind", ["mask", "on_policy"])
def test_drafts_have_any_number_of_masks_between_the_bounds(make_run, kind: str):
    """Drafts have the sizes of use, or `block_size` where no smallest one is given."""
    for smallest, sizes in ((0, {4}), (2, {2, 3, 4})):
        trainer = Trainer(make_run(stages=(Stage(kind, 1, 0.01, full=1.0),), smallest_block=smallest))
        text = trainer.texts[0]
        clean, _ = run_clean(trainer.network, text.tokens)
        made = [trainer.batches.maker.make(trainer.run.stages[0], text, clean, random.Random(i)) for i in range(20)]
        # Where the text ends there is no room for more.
        ends = len(text.tokens) - 2 - trainer.run.block_size
        assert {len(block.rows) for blocks in made for block in blocks if block.root < ends and None not in block.targets} == sizes


def test_a_run_without_answers_says_how_to_make_them(make_run, tmp_path):
    with pytest.raises(ConfigError, match=r"engine\.training\.answers"):
        Trainer(make_run(answers=tmp_path / "none.jsonl"))
    assert not (tmp_path / "run" / STATE).exists()


def test_the_learning_rate_rises_and_falls():
    stage = Stage("mask", 10, 0.8, warmup=4, cooldown=5)
    assert [round(stage.rate(i), 3) for i in range(10)] == [0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 0.64, 0.48, 0.32, 0.16]
