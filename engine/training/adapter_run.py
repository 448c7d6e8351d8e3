"""What a run of the diffusion adapter begins with and what it leaves: a denoiser, and a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.config import ModelConfig
from engine.model.adapter import save_adapter
from engine.training.blocks import Text
from engine.training.config import Run
from engine.training.denoiser import Denoiser
from engine.training.lora import Lora


def new_denoiser(run: Run, texts: Iterable[Text], config: ModelConfig, tensors: Mapping[str, Tensor]) -> Denoiser:
    """Make a denoiser with the adapter that the run starts from, on the device of `tensors`.

    Its vocabulary are the tokens of the `texts`' answers.
    """
    # A mask's embedding of zero drafts best of several starting points (docs/LOG.md).
    start = torch.zeros(config.hidden_size)
    lora = Lora(
        config,
        rank=run.rank,
        alpha=run.alpha,
        mask_embedding=start,
        lowest_layer=run.lowest_layer,
        neighbour_width=run.neighbour_width,
        seed=run.seed,
    )
    if run.start_from is not None:
        lora.load(load_file(run.start_from))
    vocabulary = torch.tensor(sorted({token for text in texts for token in text.tokens[text.start :]}))
    return Denoiser(config, tensors, vocabulary, lora.to(tensors["model.embed_tokens.weight"].device))


def write_adapter(path: Path, lora: Lora, run: Run, expected: float) -> None:
    """Write the adapter as it ships, in bfloat16.

    `expected` is the mean run of accepted tokens that it reached on held-out text.
    """
    tensors = {name: tensor.to("cpu", torch.bfloat16) for name, tensor in lora.tensors().items()}
    save_adapter(path, tensors, alpha=lora.alpha, logit_shift=run.logit_shift, block_size=run.block_size, expected_accepted=expected)
