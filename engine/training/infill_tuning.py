"""Teach a model's own, clean rows to fill in the middle again: ``python -m engine.training.infill_tuning CORPUS OUTPUT --model NAME --steps N``.

The plain next-token loss on what stood in the corpus's holes and on the end behind it, over a LoRA on the attention alone (`engine.model.merged_lora`).
Instruction tuning costs small models the end: they go on with what the suffix has. Goes on from the checkpoint beside `OUTPUT`; what a step sees depends on
the seed and the step alone.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F

from engine.api import InfillRequest, RelatedFile, SamplingOptions
from engine.engine import physical_cores
from engine.model import checkpoint
from engine.model.merged_lora import PROJECTIONS, save_parent
from engine.model.tokenizer import Tokenizer
from engine.prompts import infill_prompt
from engine.store import Store
from engine.training.blocks import IGNORED, NO_TOKEN, Packed
from engine.training.corpus import PROMPTS, TrainingPrompt, read_prompts
from engine.training.denoiser import CleanRows, Denoiser
from engine.training.lora import Lora
from engine.training.state import load_state, save_state

END = "<|endoftext|>"
LONGEST = 900
"""Tokens of a text; longer ones are left out."""
ROWS_TOGETHER = 2000
"""Of one pass: a row keeps 1.4 MB of the 0.5B until its way back."""
GRADIENT_NORM = 1.0
WARMUP = 10
MEASURE_EVERY = 40
HELD_OUT = 96
LEAST_CHARS = 300
"""Of what stands around a hole in training: contexts of every length from here on, as the short files and the long ones in an editor have them."""
BEFORE = 0.7
"""The share of them that stands before the hole."""
WITH_RELATED = 0.25
"""The share of holes that are asked for with another piece of their package in sight, as the editor does."""


@dataclass(frozen=True)
class Measured:
    """Over held-out holes: the mean loss of a token, the share of holes of which each token, the end included, is the likeliest one (a greedy
    answer is exactly what stood there), and the share of ends that are the likeliest token.
    """

    loss: float
    exact: float
    ends: float


def example(tokenizer: Tokenizer, hole: TrainingPrompt, related: Sequence[TrainingPrompt]) -> Packed:
    """Prompt, middle and end as causal rows; the targets are the middle's tokens and the end."""
    files = tuple(RelatedFile(other.origin.split(":")[1], other.prefix + other.middle + other.suffix) for other in related)
    request = InfillRequest(1, "", SamplingOptions(), hole.prefix, hole.suffix, hole.origin.split(":")[1], files)
    prompt = infill_prompt(tokenizer, request).tokens
    tokens = [*prompt, *tokenizer.encode(hole.middle), tokenizer.special(END)]
    rows = len(tokens) - 1
    return Packed(
        torch.tensor(tokens[:-1]),
        torch.zeros(rows, dtype=torch.bool),
        torch.arange(rows),
        torch.ones(rows, rows, dtype=torch.bool).triu(1),
        torch.tensor([IGNORED] * (len(prompt) - 1) + tokens[len(prompt) :]),
        torch.ones(rows),
        torch.full((rows,), NO_TOKEN),
    )


def nearby(hole: TrainingPrompt, chars: int) -> TrainingPrompt:
    """The hole with about `chars` characters of whole lines around it."""
    before = int(BEFORE * chars)
    prefix, suffix = hole.prefix, hole.suffix
    if len(prefix) > before:
        prefix = prefix[-before:].partition("\n")[2] or prefix[-before:]
    if len(suffix) > chars - before:
        suffix = suffix[: chars - before]
        suffix = suffix[: suffix.rfind("\n") + 1] or suffix
    return replace(hole, prefix=prefix, suffix=suffix)


class Tuning:
    """The holes, the network with its LoRA, and the optimizer."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        torch.set_num_threads(physical_cores())
        folder = checkpoint.ensure_converted(Store().locate(options.model).published(), "bfloat16")
        config, tensors = checkpoint.load_folder(folder, device=torch.device("cpu"), dtype=torch.bfloat16)
        lora = Lora(
            config,
            rank=options.rank,
            alpha=2.0 * options.rank,
            mask_embedding=torch.zeros(config.hidden_size),
            lowest_layer=options.lowest_layer,
            projections=PROJECTIONS,
            seed=options.seed,
        )
        self.tokenizer = Tokenizer(folder)
        self.network = Denoiser(config, tensors, torch.arange(config.vocab_size), lora)
        empty = torch.zeros(config.num_kv_heads, 0, config.head_dim, dtype=torch.bfloat16)
        self._no_rows: CleanRows = [(empty, empty)] * config.num_layers
        self._trained = list(lora.pairs.parameters())
        self.optimizer = torch.optim.AdamW(self._trained, lr=options.rate, betas=(0.9, 0.98), weight_decay=0.0)
        holes = [prompt for prompt in read_prompts(options.corpus / PROMPTS) if prompt.kind == "infill"]
        self.holes = [hole for hole in holes if not hole.held_out]
        self.held_out = [hole for hole in holes if hole.held_out]
        self._by_package: dict[str, list[TrainingPrompt]] = defaultdict(list)
        for hole in self.holes:
            self._by_package[_package(hole)].append(hole)
        self.step = self.rows = self.targets = 0
        self.seconds = 0.0
        if self._state.is_file():
            counts = load_state(self._state, lora, self.optimizer)
            self.step, self.rows, self.targets, self.seconds = (int(counts[n]) for n in ("step", "rows", "targets", "seconds"))

    def train(self) -> None:
        """Run the steps that are left, with a line of the log and of standard error for each."""
        options = self.options
        if self.step == 0:
            self._note(measured=asdict(self.measure()))
        while self.step < options.steps:
            started = time.perf_counter()
            for group in self.optimizer.param_groups:
                group["lr"] = options.rate * min((self.step + 1) / WARMUP, 1.0, (options.steps - self.step) / options.cooldown)
            loss = self._update()
            self.step += 1
            self.seconds += time.perf_counter() - started
            note: dict[str, object] = {"loss": round(loss, 4)}
            if self.step % MEASURE_EVERY == 0 or self.step == options.steps:
                note["measured"] = asdict(self.measure())
                self._save()
            self._note(**note)

    def measure(self) -> Measured:
        """On the same held-out holes each time."""
        rng = random.Random(0)
        loss = tokens = exact = ends = holes = 0.0
        with torch.no_grad():
            for some in self._passes(rng, self.held_out, HELD_OUT):
                logits, targets = self._run(some)
                loss += float(F.cross_entropy(logits.float(), targets, reduction="sum"))
                right = torch.split(logits.argmax(-1) == targets, [int((p.targets != IGNORED).sum()) for p in some])
                exact += sum(bool(rows.all()) for rows in right)
                ends += sum(bool(rows[-1]) for rows in right)
                tokens, holes = tokens + len(targets), holes + len(some)
        return Measured(loss / tokens, exact / holes, ends / holes)

    def _update(self) -> float:
        rng = random.Random(f"{self.options.seed} {self.step}")
        total = count = 0.0
        for some in self._passes(rng, self.holes, self.options.holes):
            logits, targets = self._run(some)
            loss = F.cross_entropy(logits.float(), targets, reduction="sum")
            loss.backward()  # type: ignore[no-untyped-call]
            total, count = total + float(loss.detach()), count + len(targets)
            self.rows += sum(len(p.tokens) for p in some)
        self.targets += int(count)
        for parameter in self._trained:
            assert parameter.grad is not None
            parameter.grad /= count
        torch.nn.utils.clip_grad_norm_(self._trained, GRADIENT_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total / count

    def _run(self, some: list[Packed]) -> tuple[torch.Tensor, torch.Tensor]:
        targets = torch.cat([p.targets for p in some])
        wanted = targets != IGNORED
        logits = self.network(some, [self._no_rows] * len(some), wanted).own
        return logits[:, : self.network.config.vocab_size], targets[wanted]

    def _passes(self, rng: random.Random, holes: list[TrainingPrompt], count: int) -> Iterator[list[Packed]]:
        """`count` holes drawn at random, as many of them together as a pass holds."""
        together: list[Packed] = []
        rows = 0
        for _ in range(count):
            packed = self._draw(rng, holes)
            if together and rows + len(packed.tokens) > ROWS_TOGETHER:
                yield together
                together, rows = [], 0
            together.append(packed)
            rows += len(packed.tokens)
        yield together

    def _draw(self, rng: random.Random, holes: list[TrainingPrompt]) -> Packed:
        """A hole that is not too long; those held out keep their whole contexts, so that measures compare."""
        while True:
            hole = rng.choice(holes)
            if not hole.held_out:
                most = len(hole.prefix) + len(hole.suffix)
                hole = nearby(hole, int(LEAST_CHARS * max(most / LEAST_CHARS, 1.0) ** rng.random()))
            near = [other for other in self._by_package[_package(hole)] if other.origin != hole.origin]
            related = rng.sample(near, 1) if near and rng.random() < WITH_RELATED else []
            packed = example(self.tokenizer, hole, related)
            if len(packed.tokens) <= LONGEST:
                return packed

    @property
    def _state(self) -> Path:
        path: Path = self.options.output
        return path.with_suffix(".state")

    def _save(self) -> None:
        lora = self.network.lora
        tensors = {name: tensor for name, tensor in lora.tensors().items() if name.startswith("layers.")}
        save_parent(self.options.output, tensors, alpha=lora.alpha)
        counts = {"step": self.step, "rows": self.rows, "targets": self.targets, "seconds": self.seconds}
        save_state(self._state, lora, self.optimizer, counts)

    def _note(self, **note: object) -> None:
        line = {"step": self.step, **note, "rows": self.rows, "targets": self.targets, "seconds": round(self.seconds, 1)}
        with self.options.output.with_suffix(".jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), file=sys.stderr, flush=True)


def _package(hole: TrainingPrompt) -> str:
    return hole.origin.partition("==")[0]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.training.infill_tuning", description=__doc__)
    parser.add_argument("corpus", type=Path, help="the folder that `python -m engine.training.corpus` wrote")
    parser.add_argument("output", type=Path, help="the parent's file, .safetensors")
    parser.add_argument("--model", required=True)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--holes", type=int, default=16, help="of one step (default: %(default)s)")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--lowest-layer", type=int, default=0)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument(
        "--cooldown", type=int, default=100, help="the steps at the end over which the rate falls to 0 (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    Tuning(options).train()


if __name__ == "__main__":
    main()
