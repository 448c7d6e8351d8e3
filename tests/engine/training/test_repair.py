"""What counts as repaired and as kept, with denoisers whose proposals are known."""

from __future__ import annotations

import random

import pytest
import torch

from engine.training import repair as repairing
from engine.training.blocks import Text
from engine.training.denoiser import Known, Logits, run_clean
from engine.training.stages import edited_block
from tests.engine.training.test_denoiser import networks


@pytest.fixture
def parts():
    serving, training = networks("qwen2")
    rng = random.Random(8)
    return serving, training, [Text([rng.randrange(200) for _ in range(60)], 10, "edit") for _ in range(4)]


def proposing(training, what):
    """The denoiser with logits that propose `what` for each row.

    It is the row's target, or the token after the row's own position that the block holds.
    """

    def forward(packed, clean, wanted=None):
        rows = []
        for group in packed:
            held = torch.cat([group.tokens[1:], group.tokens[:1]])
            rows.append(training.columns[group.targets.clamp(min=0) if what == "targets" else held])
        places = torch.cat(rows)
        logits = torch.nn.functional.one_hot(places, len(training.vocabulary) + 2).float()
        return Logits(logits, logits)

    return forward


def test_proposing_what_should_stand_there_repairs_everything_and_copying_nothing(parts, monkeypatch):
    serving, training, texts = parts
    known = [Known(text, run_clean(serving, text.tokens)[0]) for text in texts]
    monkeypatch.setattr(training, "forward", proposing(training, "targets"))
    right = repairing.repair(training, known, size=12, shift=True)
    assert (right.repaired, right.kept) == (1.0, 1.0)
    assert right.changes > 10
    assert right.others > 5 * right.changes
    monkeypatch.setattr(training, "forward", proposing(training, "held"))
    copied = repairing.repair(training, known, size=12, shift=True)
    assert (copied.repaired, copied.kept) == (0.0, 1.0)
    assert (copied.changes, copied.others) == (right.changes, right.others), "the same edits for the same seed"


def test_a_row_too_many_is_to_be_deleted_and_a_gap_to_be_filled_before_the_next(parts, monkeypatch):
    _, training, texts = parts
    clean = texts[0].tokens[20:26]
    for corrupted, label in (([*clean[:3], 199, *clean[3:]], training.delete), ([*clean[:3], *clean[4:]], training.insert)):
        monkeypatch.setattr("engine.training.stages.edit_tokens", lambda *_, rows=corrupted: rows)
        block = edited_block(training, texts[0], 19, random.Random(0), size=6, edits=1, shift=True)
        assert block.rows == tuple(corrupted)
        assert block.targets[2] == label, "with the shift the row before says what becomes of a token"
        assert block.targets[-1] == texts[0].tokens[26]
