"""Training text and runs on the small random model."""

from __future__ import annotations

import json
import random
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from engine.training.answers import Answer
from engine.training.config import Run, Stage


@pytest.fixture(autouse=True)
def _gradients(_no_gradients):
    """Training needs what the other tests switch off."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """Forty answers, of the three kinds, that repeat themselves: there is something to learn."""
    rng = random.Random(3)
    path = tmp_path / "answers-tiny.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for i in range(40):
            pair = [rng.randrange(65, 70), 80]
            answer = Answer(i, ("generation", "infill", "edit")[i % 3], i % 5 == 0, [rng.randrange(65, 90) for _ in range(9)], [], pair * 8)
            file.write(json.dumps(asdict(answer)) + "\n")
    return path


@pytest.fixture
def make_run(answers: Path, tiny_folder: Path, tmp_path: Path):
    def make(**more) -> Run:
        stages = more.pop("stages", (Stage("mask", 6, 0.01),))
        fields = {"model": str(tiny_folder), "answers": answers, "folder": tmp_path / "run", "rank": 4, "alpha": 8.0, "rows": 60}
        return Run(**{**fields, "block_size": 4, "checkpoint_every": 3, "held_out_texts": 4, "stages": stages, **more})

    return make
