"""Teach a model's clean rows to fill in the middle: ``python -m engine.training.infill_tuning
CORPUS OUTPUT --model NAME --steps N``.

Instruction tuning costs small models the end of what they fill in: they go on with what the suffix
has. Here a LoRA on the attention alone, which is merged into the weights
(`engine.model.merged_lora`), learns by the plain next-token loss what stood in the corpus's holes
and the end behind it. A run goes on from the checkpoint beside `OUTPUT`; what a step sees depends
on the seed and the step alone.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F

from engine.engine import physical_cores
from engine.model import checkpoint
from engine.model.merged_lora import PROJECTIONS, save_merged_lora
from engine.model.tokenizer import Tokenizer
from engine.store import Store
from engine.training.blocks import IGNORED, Packed
from engine.training.corpus import PROMPTS, read_prompts
from engine.training.denoiser import CleanRows, Denoiser
from engine.training.infill_examples import InfillExamples
from engine.training.loop import Loop, Progress
from engine.training.lora import Lora
from engine.training.optimizer import BETAS, GRADIENT_NORM
from engine.training.run_log import Line, RunLog

WARMUP = 10
MEASURE_EVERY = 40
HELD_OUT = 96


@dataclass(frozen=True)
class Measured:
    """What held-out holes say.

    `loss` is the mean loss of a token. `exact` is the share of holes of which each token, the end
    included, is the likeliest one, so that a greedy answer is what stood there. `ends` is the share
    of ends that are the likeliest token.
    """

    loss: float
    exact: float
    ends: float


@dataclass(frozen=True)
class Options:
    """What to tune, and how; the command line says what each is."""

    corpus: Path
    output: Path
    model: str
    steps: int
    holes: int
    rank: int
    lowest_layer: int
    rate: float
    cooldown: int
    seed: int


class Tuning:
    """The learner of an infilling run. It owns the holes, the network with its LoRA, and the
    optimizer.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        torch.set_num_threads(physical_cores())
        folder = checkpoint.ensure_converted(Store().locate(options.model).published(), "bfloat16")
        config, tensors = checkpoint.load_folder(folder, device=torch.device("cpu"), dtype=torch.bfloat16)
        self.lora = Lora(
            config,
            rank=options.rank,
            alpha=2.0 * options.rank,
            mask_embedding=torch.zeros(config.hidden_size),
            lowest_layer=options.lowest_layer,
            projections=PROJECTIONS,
            seed=options.seed,
        )
        self.network = Denoiser(config, tensors, torch.arange(config.vocab_size), self.lora)
        empty = torch.zeros(config.num_kv_heads, 0, config.head_dim, dtype=torch.bfloat16)
        self._no_rows: CleanRows = [(empty, empty)] * config.num_layers
        self._trained = list(self.lora.pairs.parameters())
        self.optimizer = torch.optim.AdamW(self._trained, lr=options.rate, betas=BETAS, weight_decay=0.0)
        holes = [prompt for prompt in read_prompts(options.corpus / PROMPTS) if prompt.kind == "infill"]
        self.holes = [hole for hole in holes if not hole.held_out]
        self.held_out = [hole for hole in holes if hole.held_out]
        self._examples = InfillExamples(Tokenizer(folder), self.holes)
        self.totals = {"rows": 0, "targets": 0}

    def train(self) -> None:
        """Do the steps that are left."""
        output = self.options.output
        Loop(self, self.options.steps, output.with_suffix(".state"), RunLog(output.with_suffix(".jsonl"), json.dumps)).run()

    def rate(self, step: int) -> float:
        options = self.options
        return options.rate * min((step + 1) / WARMUP, 1.0, (options.steps - step) / options.cooldown)

    def update(self, step: int) -> Line:
        """One step of the optimizer: its mean loss."""
        rng = random.Random(f"{self.options.seed} {step}")
        total = count = 0.0
        for some in self._examples.passes(rng, self.holes, self.options.holes):
            logits, targets = self._run(some)
            loss = F.cross_entropy(logits.float(), targets, reduction="sum")
            loss.backward()  # type: ignore[no-untyped-call]
            total, count = total + float(loss.detach()), count + len(targets)
            self.totals["rows"] += sum(len(p.tokens) for p in some)
        self.totals["targets"] += int(count)
        for parameter in self._trained:
            assert parameter.grad is not None
            parameter.grad /= count
        torch.nn.utils.clip_grad_norm_(self._trained, GRADIENT_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return {"loss": round(total / count, 4)}

    def is_due(self, steps: int) -> bool:
        return steps % MEASURE_EVERY == 0 or steps == self.options.steps

    def measure(self) -> Line:
        """The same held-out holes each time; see `Measured`."""
        rng = random.Random(0)
        loss = tokens = exact = ends = holes = 0.0
        with torch.no_grad():
            for some in self._examples.passes(rng, self.held_out, HELD_OUT):
                logits, targets = self._run(some)
                loss += float(F.cross_entropy(logits.float(), targets, reduction="sum"))
                right = torch.split(logits.argmax(-1) == targets, [int((p.targets != IGNORED).sum()) for p in some])
                exact += sum(bool(rows.all()) for rows in right)
                ends += sum(bool(rows[-1]) for rows in right)
                tokens, holes = tokens + len(targets), holes + len(some)
        return {"measured": asdict(Measured(loss / tokens, exact / holes, ends / holes))}

    def save(self, steps: int, measured: Line) -> None:
        del steps, measured
        tensors = {name: tensor for name, tensor in self.lora.tensors().items() if name.startswith("layers.")}
        save_merged_lora(self.options.output, tensors, alpha=self.lora.alpha)

    def line(self, progress: Progress, noted: Line) -> Line:
        return {"step": progress.steps, **noted, **self.totals, "seconds": round(progress.seconds, 1)}

    def _run(self, some: list[Packed]) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits (rows, vocabulary) of the rows with a target, and the targets (rows,)."""
        targets = torch.cat([p.targets for p in some])
        wanted = targets != IGNORED
        logits = self.network(some, [self._no_rows] * len(some), wanted).own
        return logits[:, : self.network.config.vocab_size], targets[wanted]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.training.infill_tuning", description=__doc__)
    parser.add_argument("corpus", type=Path, help="the folder that `python -m engine.training.corpus` wrote")
    parser.add_argument("output", type=Path, help="the tuned LoRA's file, .safetensors")
    parser.add_argument("--model", required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--holes", type=int, default=16, help="holes of one step (default: %(default)s)")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--lowest-layer", type=int, default=0)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument(
        "--cooldown", type=int, default=100, help="the steps at the end over which the rate falls to 0 (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    Tuning(Options(**vars(parser.parse_args()))).train()


if __name__ == "__main__":
    main()
