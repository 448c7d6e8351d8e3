"""The training network against the one that serves, and the losses against sums written out."""

from __future__ import annotations

import math
import random

import pytest
import torch

from engine.model.adapter import HYDRA_PREFIX, Adapter, fuse_updates
from engine.model.batched import BatchedTransformer
from engine.model.draft_head import NAMES, HydraHead
from engine.model.network import NoisyBlock
from engine.model.transformer import Transformer
from engine.training.blocks import IGNORED, Block, Text, masked_block, pack, roots_of, spread_roots
from engine.training.denoiser import Denoiser, pack_over, run_clean
from engine.training.lora import Lora
from engine.training.objectives import row_losses, run_loss
from engine.training.padded import pad
from tests.conftest import SHAPES, random_tensors


def networks(shape: str, *, lowest_layer: int = 0) -> tuple[Transformer, Denoiser]:
    """The network that serves and the one that trains, in float32.

    Both have the same base and the same adapter.
    """
    config = SHAPES[shape]
    tensors = random_tensors(config, 5)
    lora = Lora(config, rank=3, alpha=6.0, mask_embedding=torch.ones(config.hidden_size), lowest_layer=lowest_layer, neighbour_width=5)
    with torch.no_grad():
        for name, parameter in lora.named_parameters():
            if name.endswith(":b"):
                parameter.normal_(0, 0.3, generator=torch.Generator().manual_seed(len(name)))
        lora.edit_outputs.normal_(0, 0.3, generator=torch.Generator().manual_seed(1))
        lora.neighbours["out"].normal_(0, 0.3, generator=torch.Generator().manual_seed(2))
    named = lora.tensors()
    hydra_head = HydraHead(*(named.pop(f"{HYDRA_PREFIX}{name}") for name in NAMES))
    adapter = Adapter(named.pop("mask_embedding"), named.pop("edit_outputs"), hydra_head, fuse_updates(named, config, 6.0))
    return Transformer(config, tensors, adapter), Denoiser(config, tensors, torch.arange(config.vocab_size), lora)


@pytest.mark.parametrize("lowest_layer", [0, 1])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_the_training_network_is_the_serving_one(shape: str, lowest_layer: int):
    """What is learnt is what is run.

    Many blocks packed over one clean pass give the logits of a forward for each block alone.
    """
    serving, training = networks(shape, lowest_layer=lowest_layer)
    rng = random.Random(4)
    tokens = [rng.randrange(200) for _ in range(30)]
    blocks = []
    for root in (0, 7, 20, 29):
        rows = tuple(rng.choice([None, rng.randrange(200)]) for _ in range(rng.randint(1, 6)))
        left = tuple(rng.choice([None, rng.randrange(200)]) for _ in rows)
        blocks.append(Block(root, rows, (1,) * len(rows), (1.0,) * len(rows), left))
    clean, _ = run_clean(serving, tokens)
    logits, followed = training([pack(blocks, len(tokens))], [clean])
    many = [*blocks] * 9
    grouped = training(*zip(*pack_over(many, clean), strict=True)).own
    torch.testing.assert_close(grouped, logits.repeat(9, 1), atol=1e-4, rtol=1e-3)
    sizes = [len(block.rows) for block in blocks]
    with torch.no_grad():
        for block, ours, behind in zip(blocks, torch.split(logits, sizes), torch.split(followed, sizes), strict=True):
            cache = serving.new_cache()
            result = serving.forward(
                tokens[: block.root + 1], cache, noisy=[NoisyBlock(list(block.rows), block.root + 1)], logits_from=block.root + 1
            )
            torch.testing.assert_close(ours[:, :-2], result.logits, atol=2e-4, rtol=1e-3)
            torch.testing.assert_close(ours[:, -2:], serving.edit_logits(result.hidden[block.root + 1 :]), atol=2e-4, rtol=1e-3)
            for row, left, own, given in zip(result.hidden[block.root + 1 :], block.left, ours, behind, strict=True):
                wanted = own[:-2] if left is None else serving.followed_logits(row, left, range(len(own) - 2))
                torch.testing.assert_close(given[:-2], wanted, atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("shape", list(SHAPES))
def test_a_rectangle_of_texts_gives_the_same(shape: str):
    """What a GPU learns from is what a CPU learns from.

    Logits and gradients of the rows with a target are equal, whatever fills up the shorter texts.
    """
    serving, training = networks(shape)
    rng = random.Random(6)
    texts = [Text([rng.randrange(200) for _ in range(length)], 5, "edit") for length in (30, 12, 44)]
    blocks = [
        [masked_block(text, root, rng.randint(1, 6), shift=True, rows=None) for root in spread_roots(text, 4.0, rng, shift=True)]
        for text in texts
    ]
    blocks[1].append(Block(8, (3, None, 4), (9, None, training.delete), (1.0, 1.0, 0.5), (None, 5, None)))
    padded = pad(texts, blocks)
    clean = BatchedTransformer(serving.config, random_tensors(serving.config, 5)).clean_rows(padded.clean)
    pieces = [pack_over(some, run_clean(serving, text.tokens)[0]) for text, some in zip(texts, blocks, strict=True)]
    packed, rows = zip(*(piece for group in pieces for piece in group), strict=True)
    targets = torch.cat([one.targets for one in packed])
    found, gradients = [], []
    for logits in (training.forward_padded(padded, clean), training(packed, rows, targets != IGNORED)):
        training.lora.zero_grad()
        sum(one.square().mean() for one in logits).backward()
        found.append(logits)
        gradients.append([parameter.grad for parameter in training.lora.parameters()])
    assert padded.targets.flatten()[padded.wanted].tolist() == targets[targets != IGNORED].tolist()
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-4, rtol=1e-3)
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-4, rtol=1e-3)


def test_gradients_are_the_numerical_ones():
    """The frozen products' own backward pass, packed for the processor, gives the losses' slope."""
    serving, training = networks("qwen2")
    tokens = list(range(40, 60))
    packed = [pack([Block(10, (None, 3, None), (7, 8, 9), (1.0,) * 3, (4, None, 6))], len(tokens))]
    clean = [run_clean(serving, tokens)[0]]

    def loss() -> torch.Tensor:
        return row_losses(training(packed, clean).followed, torch.tensor([7, 8, 9]), None, "cross_entropy").sum()

    loss().backward()
    lora = training.lora
    for parameter in (lora.mask_embedding, lora.pairs["0:up_proj:a"], lora.pairs["1:q_proj:b"], lora.neighbours["token"]):
        place = int(parameter.grad.abs().argmax())
        values, step = [], 1e-2
        for sign in (1, -1):
            with torch.no_grad():
                parameter.view(-1)[place] += sign * step
                values.append(float(loss()))
                parameter.view(-1)[place] -= sign * step
        assert (values[0] - values[1]) / (2 * step) == pytest.approx(float(parameter.grad.view(-1)[place]), rel=0.05)


def test_an_untrained_adapter_is_zero():
    config = SHAPES["qwen2"]
    lora = Lora(config, rank=2, alpha=4.0, mask_embedding=torch.zeros(config.hidden_size))
    update = lora.update(0, "q_proj", torch.randn(5, config.hidden_size))
    assert torch.count_nonzero(update) == 0


def test_an_adapter_of_another_rank_is_refused():
    config = SHAPES["qwen2"]
    small, large = (Lora(config, rank=rank, alpha=4.0, mask_embedding=torch.zeros(config.hidden_size)) for rank in (2, 3))
    with pytest.raises(ValueError, match="other shapes"):
        large.load(small.tensors())


def test_blocks_propose_what_is_masked():
    """With the shift a row proposes the token after it.

    A token that stands there already is not learnt.
    """
    text = Text(list(range(100, 120)), 10, "edit")
    block = masked_block(text, 11, 4, shift=True)
    assert (block.rows, block.targets) == ((None,) * 4, (113, 114, 115, 116))
    block = masked_block(text, 11, 4, shift=True, rows=[112, None, 114, None], decay=0.5)
    assert block.targets == (113, None, 115, 116)
    assert block.weights == (1.0, 0.5, 0.25, 0.125)
    block = masked_block(text, 11, 4, shift=False, rows=[112, None, 114, None])
    assert block.targets == (None, 113, None, 115)
    assert masked_block(text, 16, 4, shift=True).targets == (118, 119), "cut where the text ends"


@pytest.mark.parametrize("shift", [True, False])
def test_every_root_has_room_for_a_row(shift: bool):
    text = Text(list(range(30)), 20, "infill")
    for root in roots_of(text, shift=shift):
        assert masked_block(text, root, 4, shift=shift).targets[0] is not None
    assert roots_of(text, shift=shift)[0] == 19, "the first block stands behind the prompt"
    assert len(spread_roots(text, 3.0, random.Random(0), shift=shift)) == 3


def test_total_variation_and_divergence_of_written_out_distributions():
    drafted, base = torch.tensor([[0.5, 0.25, 0.25]]).log(), torch.tensor([[0.25, 0.25, 0.5]]).log()
    target = torch.tensor([0])
    assert float(row_losses(drafted, target, base, "total_variation")) == pytest.approx(0.25)
    assert float(row_losses(drafted, target, base, "kl")) == pytest.approx(0.25 * math.log(0.5) + 0.5 * math.log(2))
    assert float(row_losses(drafted, target, None, "cross_entropy")) == pytest.approx(math.log(2))


def test_the_expected_run_of_written_out_chances():
    """Two blocks: 0.5 + 0.5 · 0.25, and 0.75."""
    logits = torch.tensor([[0.5, 0.5], [0.25, 0.75], [0.75, 0.25]]).log()
    losses = run_loss(logits, torch.tensor([0, 0, 0]), [2, 1])
    assert losses.tolist() == pytest.approx([-0.625, -0.75])
