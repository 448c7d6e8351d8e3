"""Tuning a model to fill in the middle.

Its examples are holes in contexts of any length, and a run goes on where it stopped.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from engine.training import infill_tuning
from engine.training.corpus import PROMPTS, TrainingPrompt
from engine.training.infill_examples import nearby
from engine.training.infill_tuning import Options, Tuning

HOLE = TrainingPrompt("infill", "line", "p==1:m.py", prefix="first\n" * 100 + "value = ", middle="1", suffix="\n" + "last\n" * 100)


@pytest.mark.parametrize("chars", [300, 500, 700])
def test_a_context_is_cut_to_whole_lines_near_the_hole(chars: int):
    cut = nearby(HOLE, chars)
    assert cut.middle == "1"
    assert HOLE.prefix.endswith(cut.prefix)
    assert HOLE.suffix.startswith(cut.suffix)
    assert cut.prefix.startswith("first\n")
    assert cut.suffix.endswith("last\n")
    assert chars - 12 <= len(cut.prefix) + len(cut.suffix) <= chars


def test_a_context_that_is_short_enough_stays_whole():
    assert nearby(HOLE, 5000) == HOLE


def test_a_line_longer_than_the_context_is_cut_within():
    hole = TrainingPrompt("infill", "line", "p==1:m.py", prefix="x" * 900, middle="1", suffix="y" * 900)
    cut = nearby(hole, 300)
    assert (len(cut.prefix), len(cut.suffix)) == (210, 90)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    rng = random.Random(5)
    folder = tmp_path / "corpus"
    folder.mkdir()
    holes = [
        TrainingPrompt("infill", "line", f"p{i % 3}==1:m{i}.py", prefix="a = 1\n" * rng.randint(1, 9), middle=str(i), held_out=i % 5 == 0)
        for i in range(20)
    ]
    (folder / PROMPTS).write_text("".join(json.dumps(asdict(hole)) + "\n" for hole in holes), encoding="utf-8")
    return folder


def test_an_interrupted_tuning_goes_on_along_the_same_losses(corpus: Path, tiny_folder: Path, tmp_path: Path, monkeypatch):
    """Stopped behind a checkpoint and started again, a run ends where an uninterrupted one does.

    No step is in its log twice.
    """
    monkeypatch.setattr(infill_tuning, "MEASURE_EVERY", 2)
    monkeypatch.setattr(infill_tuning, "HELD_OUT", 4)

    def tuning(name: str) -> Tuning:
        return Tuning(Options(corpus, tmp_path / f"{name}.safetensors", str(tiny_folder), 4, 3, 4, 0, 0.01, 2, 0))

    tuning("whole").train()
    stopped = tuning("stopped")
    update = stopped.update

    def interrupted(step: int) -> dict[str, object]:
        if step == 3:
            raise KeyboardInterrupt
        return update(step)

    stopped.update = interrupted
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    tuning("stopped").train()
    logs = [[json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()] for name in ("whole", "stopped")]
    assert [line["step"] for line in logs[1]] == [0, 1, 2, 3, 4]
    assert [{**line, "seconds": 0} for line in logs[0]] == [{**line, "seconds": 0} for line in logs[1]]
    for suffix in (".state", ".safetensors"):
        whole, other = (load_file(tmp_path / f"{name}{suffix}") for name in ("whole", "stopped"))
        assert whole.keys() == other.keys()
        assert all(torch.equal(whole[name], other[name]) for name in whole)
