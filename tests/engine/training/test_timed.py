"""A run by the clock on the small random model, and what feeds a fast device.

It goes from prompts to an adapter in pieces.
"""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import pytest
import torch

from engine.model.adapter import load_adapter
from engine.model.batched import BatchedTransformer
from engine.model.pieces import join
from engine.training import generation, timed
from engine.training.acceptance import Acceptance, acceptance, acceptance_together
from engine.training.answers import Answer
from engine.training.batches import Batches, loader
from engine.training.blocks import Text
from engine.training.config import ConfigError, Run, Stage
from engine.training.denoiser import Known, run_clean
from engine.training.timed import ADAPTER, ANSWERS, LOG, Clock, TimedRun
from engine.training.token_answers import read_token_answers, write_token_answers
from engine.training.token_prompts import Ending, TokenPrompt, TokenPromptsError, write_token_prompts
from tests.conftest import SHAPES, TINY, random_tensors
from tests.engine.training.test_denoiser import networks

ENDING = Ending(frozenset({256}), ())


@pytest.fixture(autouse=True)
def _short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "LONGEST", {"generation": 40, "edit": 60, "infill": 20})


@pytest.fixture
def prompts() -> list[TokenPrompt]:
    rng = random.Random(2)
    kinds = ("generation", "infill", "edit")
    return [
        TokenPrompt(3 * i, kinds[i % 3], i % 4 == 0, [rng.randrange(250) for _ in range(rng.randint(3, 30))], [1, 2], ENDING)
        for i in range(40)
    ]


@pytest.fixture
def make_timed(make_run, prompts: list[TokenPrompt], tmp_path: Path):
    write_token_prompts(tmp_path / "prompts.npz", prompts)

    def make(clock: Clock | None = None, **more) -> TimedRun:
        run = make_run(**{"stages": (Stage("mask", 4, 0.02),), "smallest_block": 1, "neighbour_width": 8, **more})
        clock = clock or Clock(3600.0, lambda: 0.0, 0.0)
        return TimedRun(run, tmp_path / "prompts.npz", tmp_path / "out", clock, device=torch.device("cpu"), slots=8, workers=0)

    return make


def log_in(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / LOG).read_text(encoding="utf-8").splitlines()]


def ticking(seconds: float) -> Clock:
    """A second for each look at it."""
    return Clock(seconds, map(float, itertools.count()).__next__, 0.0)


def test_the_whole_way(make_timed, prompts: list[TokenPrompt], tmp_path: Path):
    """Whoever has a machine for minutes gets answers, a curve and an adapter that loads.

    No hand is needed in between.
    """
    run = make_timed()
    assert run.go()
    answers = read_token_answers(tmp_path / "out" / ANSWERS, prompts)
    assert {answer.index for answer in answers} == {prompt.index for prompt in prompts}
    assert answers == run.answers
    log = log_in(tmp_path / "out")
    assert [line["stage"] for line in log if "stage_seconds" in line] == ["load", "generate", "train"]
    measured = [line["acceptance"]["all"]["run"] for line in log if line["acceptance"]]
    assert len(measured) == 2
    assert log[-1]["steps"] == sum("loss" in line for line in log) == 4
    assert log[-1]["rows_seen"] == sum(line.get("rows", 0) for line in log) > 200
    join(tmp_path / "out" / ADAPTER, tmp_path / "joined")
    adapter = load_adapter(tmp_path / "joined/models/adapter.safetensors", TINY, device=torch.device("cpu"), dtype=torch.float32)
    assert adapter.expected_accepted == pytest.approx(max(measured))
    assert adapter.hydra_head is not None


@pytest.mark.slow
def test_it_learns(make_timed, tmp_path: Path):
    run = make_timed(stages=(Stage("mask", 60, 0.02, warmup=2),), rows=200)
    assert run.go()
    losses = [line["loss"] for line in log_in(tmp_path / "out") if "loss" in line]
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


@pytest.mark.slow
def test_it_ends_by_the_clock(make_timed, tmp_path: Path):
    """The machine is taken away at its time; what is not written by then is lost."""
    run = make_timed(ticking(400.0), stages=(Stage("mask", 10_000, 0.02),))
    assert run.go()
    stages = {line["stage"]: line for line in log_in(tmp_path / "out") if "stage_seconds" in line}
    assert 0 < stages["generate"]["answers"] <= 40
    assert stages["generate"]["total_seconds"] < 400 / 3 + 5
    assert 0 < stages["train"]["steps"] < 400
    assert stages["train"]["total_seconds"] < 0.98 * 400
    assert sum(line["acceptance"] is not None for line in log_in(tmp_path / "out")) >= 4, "measured every minute"


@pytest.mark.slow
def test_slow_measuring_takes_its_time_from_the_training(make_timed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The last one is not over the limit, however slow the machine turns out to be."""
    seconds = [0.0]

    def slow(*_: object, **__: object) -> dict[str, Acceptance]:
        seconds[0] += 90
        return {"all": Acceptance(1.0, 0.5, 10)}

    def now() -> float:
        seconds[0] += 1
        return seconds[0]

    monkeypatch.setattr(timed, "acceptance_together", slow)
    run = make_timed(Clock(600.0, now, 0.0), stages=(Stage("mask", 10_000, 0.02),))
    assert run.go()
    last = log_in(tmp_path / "out")[-1]
    assert last["steps"] > 0
    assert last["total_seconds"] < 0.98 * 600


def test_the_rate_falls_to_zero_with_the_time():
    stage = Stage("mask", 1000, 0.1, warmup=4)
    assert [timed.rate(stage, step, 0.0) for step in range(5)] == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1])
    assert timed.rate(stage, 50, 0.75) == pytest.approx(0.025)
    assert timed.rate(stage, 50, 1.01) == 0.0


def test_what_a_failing_stage_leaves(make_timed, prompts: list[TokenPrompt], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The answers of a third of the time are not lost with the training behind them."""
    monkeypatch.setattr(timed, "Batches", lambda *_: 1 / 0)
    run = make_timed()
    assert not run.go()
    assert len(read_token_answers(tmp_path / "out" / ANSWERS, prompts)) == 40
    assert "ZeroDivisionError" in log_in(tmp_path / "out")[-1]["error"]


def test_training_goes_on_with_the_answers_of_a_stage_that_failed(make_timed, prompts: list[TokenPrompt], tmp_path: Path, monkeypatch):
    writing = timed.Writer.write

    def cut_off(self, *arguments):
        yield from itertools.islice(writing(self, *arguments), 25)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(timed.Writer, "write", cut_off)
    assert not make_timed().go()
    assert len(read_token_answers(tmp_path / "out" / ANSWERS, prompts)) == 25
    assert log_in(tmp_path / "out")[-1]["steps"] == 4
    assert (tmp_path / "out" / ADAPTER).is_dir()


def test_a_worse_adapter_takes_no_better_ones_place(make_timed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the last minute of a run spoilt does not ship."""
    runs = iter([0.5, 1.5, 1.0])
    monkeypatch.setattr(timed, "acceptance_together", lambda *_, **__: {"all": Acceptance(next(runs), 0.5, 10)})
    run = make_timed(ticking(200.0), stages=(Stage("mask", 12, 0.02, warmup=1),))
    kept = []
    writing = run._write_adapter
    monkeypatch.setattr(run, "_write_adapter", lambda: (kept.append(run.denoiser.lora.mask_embedding.detach().clone()), writing()))
    assert run.go()
    join(tmp_path / "out" / ADAPTER, tmp_path / "joined")
    adapter = load_adapter(tmp_path / "joined/models/adapter.safetensors", TINY, device=torch.device("cpu"), dtype=torch.float32)
    assert adapter.expected_accepted == 1.5
    assert len(kept) == 2
    torch.testing.assert_close(adapter.mask_embedding, kept[1], atol=1e-2, rtol=1e-2)


def test_a_run_of_another_kind_is_refused(make_timed):
    for stages in ((Stage("edit", 3, 0.1),), (Stage("mask", 3, 0.1, loss="kl"),), (Stage("mask", 3, 0.1),) * 2):
        with pytest.raises(ConfigError, match="kind mask"):
            make_timed(stages=stages)


def test_answers_are_read_back(tmp_path: Path, prompts: list[TokenPrompt]):
    """Answers come back as they were written.

    A file that was cut off on its way is not taken for a shorter one.
    """
    path = tmp_path / "answers.npz"
    answers = [Answer(p.index, p.kind, p.held_out, p.tokens, p.old, [p.index] * i) for i, p in enumerate(prompts)]
    write_token_answers(path, answers)
    assert read_token_answers(path, prompts) == answers
    with pytest.raises(TokenPromptsError, match="answers to these prompts"):
        read_token_answers(path, prompts[:-1])
    whole = path.read_bytes()
    for cut in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(TokenPromptsError, match="cut off"):
            read_token_answers(path, prompts)
    with pytest.raises(TokenPromptsError, match="cannot read"):
        read_token_answers(tmp_path / "none.npz", prompts)


def test_many_texts_measure_the_same(make_run):
    """The held-out run of a GPU is that of a CPU."""
    serving, training = networks("qwen2")
    rng = random.Random(1)
    texts = [Text([rng.randrange(200) for _ in range(length)], 4, kind) for length, kind in zip(range(7, 47), "ab" * 20, strict=True)]
    known = [Known(text, run_clean(serving, text.tokens)[0]) for text in texts]
    network = BatchedTransformer(SHAPES["qwen2"], random_tensors(SHAPES["qwen2"], 5))
    assert acceptance_together(training, network, texts, size=6, shift=True) == acceptance(training, known, size=6, shift=True)
    assert acceptance_together(training, network, [Text([1, 2], 1, "a")], size=6, shift=True) == {}


def batches_of(run: Run) -> Batches:
    lengths = sorted([*range(20, 400)] * 7)
    return Batches(run, run.stages[0], [Text(list(range(length)), length // 2, "edit") for length in lengths])


def test_batches_depend_on_their_number_alone(make_run):
    """However many processes make them, and wherever a run begins."""
    batches = batches_of(make_run(rows=300, smallest_block=1))
    alone = [batches[i] for i in range(6)]
    for workers in (0, 2):
        made = list(loader(batches, range(2, 6), workers=workers, device=torch.device("cpu")))
        assert all(
            torch.equal(ours, theirs) for one, other in zip(made, alone[2:], strict=True) for ours, theirs in zip(one, other, strict=True)
        )


def test_a_batch_has_the_rows_that_were_asked_for_and_little_filling(make_run):
    batches = batches_of(make_run(rows=2000, smallest_block=1, block_size=6))
    used: list[tuple[float, float]] = []
    for made in map(batches.__getitem__, range(20)):
        rows = int((made.blocks >= 0).sum())
        starts = made.clean.amax(1) + 1
        assert 2000 <= rows < 2000 + 400 + 6
        used.append((rows / made.blocks.numel(), int(starts.sum()) / made.clean.numel()))
        assert bool((made.roots >= (starts // 2 - 1)[:, None])[made.blocks >= 0].all()), "a block stands in a prompt"
    assert min(sum(shares) / len(shares) for shares in zip(*used, strict=True)) > 0.85, "texts of any length together would fill half"


def test_texts_without_room_for_a_block_are_left_out(make_run):
    with pytest.raises(ValueError, match="long enough"):
        Batches(make_run(), Stage("mask", 1, 0.1), [Text([1, 2, 3], 3, "edit")])
