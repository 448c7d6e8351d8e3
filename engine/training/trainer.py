"""Train the diffusion adapter: ``python -m engine.training.trainer CONFIG.toml``, or ``seed-lsp train CONFIG.toml``.

One script for a CPU and for several GPUs (start it through ``accelerate launch`` there). An interrupted run goes on from its last checkpoint, along the
same losses: what a step sees depends on the seed and the step alone. Prints a line a step to standard error; writes ``adapter.safetensors``,
``state.safetensors`` and ``log.jsonl`` into the run's folder, and keeps the adapter as it was after each stage.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from safetensors.torch import load_file
from torch import Tensor

from engine.config import ModelConfig
from engine.engine import Engine, physical_cores
from engine.model import checkpoint
from engine.model.adapter import save_adapter
from engine.store import Store
from engine.training.acceptance import Acceptance, acceptance
from engine.training.answers import Answer, read_answers
from engine.training.blocks import IGNORED, Block, Packed, Text
from engine.training.config import ConfigError, Run, Stage, load_run
from engine.training.denoiser import CleanRows, Denoiser, Known, Logits, pack_over, run_clean
from engine.training.lora import Lora
from engine.training.objectives import draft_loss, row_losses, run_loss
from engine.training.repair import Repair, repair
from engine.training.stages import BlockMaker
from engine.training.state import load_state, save_state

ADAPTER, STATE, LOG = "adapter.safetensors", "state.safetensors", "log.jsonl"
SHORTEST_ANSWER = 4
LONGEST_TEXT = 900
GRADIENT_NORM = 1.0
NEIGHBOUR_RATE = 3.0
"""Times the learning rate: its first matrices start at random, when the LoRA's are long trained."""
BETAS = (0.9, 0.98)
"""Of Adam. The second moment forgets within fifty steps: runs are hundreds of steps long."""


@dataclass(frozen=True)
class Batch:
    """The noisy rows of one pass over some texts, which had `clean_rows` tokens; the base's logits for rows with a target where the loss asks for them."""

    blocks: list[Block]
    packed: list[Packed]
    clean: list[CleanRows]
    targets: Tensor
    weights: Tensor
    base: Tensor | None
    clean_rows: int

    @property
    def wanted(self) -> Tensor:
        return self.targets != IGNORED


def texts_of(answers: list[Answer]) -> list[Text]:
    return [
        Text(a.prompt + a.answer, len(a.prompt), a.kind, a.old)
        for a in answers
        if len(a.answer) >= SHORTEST_ANSWER and len(a.prompt) + len(a.answer) <= LONGEST_TEXT
    ]


class Trainer:
    """Owns the network, the adapter being trained and its optimizer."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.accelerator = Accelerator()
        answers = read_answers(run.answers)
        self.texts = texts_of([a for a in answers if not a.held_out])
        if not self.texts:
            raise ConfigError(f"{run.answers} holds no answers to learn from; make them with `python -m engine.training.answers`")
        self.network = Engine.load(run.model).network
        held_out = balanced(texts_of([a for a in answers if a.held_out]), run.held_out_texts)
        self.held_out = [Known(text, run_clean(self.network, text.tokens)[0]) for text in held_out]
        # Loading set torch to one thread, for the kernels' sake; here torch does most of the work.
        torch.set_num_threads(physical_cores())
        self.denoiser = _load_denoiser(run, texts_of(answers), self.accelerator.device)
        self.maker = BlockMaker(run, self.denoiser)
        self.model, self.optimizer = self.accelerator.prepare(self.denoiser, new_optimizer(self.denoiser.lora))
        self.step = 0
        self.rows_seen = 0
        self.seconds = 0.0
        if (run.folder / STATE).is_file():
            self._resume()

    def train(self) -> None:
        """Run all steps that are left."""
        run = self.run
        run.folder.mkdir(parents=True, exist_ok=True)
        if self.step == 0:
            self._note({"acceptance": self._measure(), "repair": self._repair()})
        started = time.perf_counter()
        while self.step < run.steps:
            stage, into = self._stage()
            set_rate(self.optimizer, stage.rate(into))
            loss, rows, clean = self._update(stage)
            self.step += 1
            self.rows_seen += rows
            now = time.perf_counter()
            spent, started = now - started, now
            self.seconds += spent
            note: dict[str, Any] = {"stage": stage.kind, "loss": round(loss, 4), "rows": rows, "clean": clean, "seconds": round(spent, 2)}
            ends_stage = into + 1 == stage.steps
            if self.step % run.checkpoint_every == 0 or ends_stage:
                note["acceptance"], note["repair"] = self._measure(), self._repair()
                self._save(note["acceptance"])
                if ends_stage and self.accelerator.is_main_process:
                    shutil.copy(run.folder / ADAPTER, run.folder / f"after-{self.step:05d}-{stage.kind}.safetensors")
                started = time.perf_counter()
            self._note(note)

    def _stage(self) -> tuple[Stage, int]:
        """The stage of the current step, and how far it is into it."""
        into = self.step
        for stage in self.run.stages:
            if into < stage.steps:
                return stage, into
            into -= stage.steps
        raise AssertionError("the run is over")

    def _update(self, stage: Stage) -> tuple[float, int, int]:
        """One step of the optimizer: its mean loss, its loss rows and its clean rows."""
        self.denoiser.lora.train()
        total, rows, clean = 0.0, 0, 0
        for part in range(self.run.accumulate):
            batch = self._batch(stage, part)
            wanted = batch.wanted
            logits: Logits = self.model(batch.packed, batch.clean, wanted)
            loss = self._loss(stage, batch, logits)
            self.accelerator.backward(loss / self.run.accumulate)
            total += float(loss.detach())
            rows += int(wanted.sum())
            clean += batch.clean_rows
        self.accelerator.clip_grad_norm_(self.denoiser.lora.parameters(), GRADIENT_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return total / self.run.accumulate, rows, clean

    def _loss(self, stage: Stage, batch: Batch, logits: Logits) -> Tensor:
        own, followed = logits
        wanted = batch.wanted
        places, weights = (rows.to(own.device) for rows in (self.denoiser.places[batch.targets[wanted]], batch.weights[wanted]))
        if stage.loss == "run":
            # Only a block that starts as masks is a draft; of the others each row is learnt by itself.
            owners = torch.repeat_interleave(torch.arange(len(batch.blocks)), torch.tensor([len(b.rows) for b in batch.blocks]))[wanted]
            drafts = torch.tensor([all(row is None for row in block.rows) for block in batch.blocks])[owners]
            plain = row_losses(own, places, None, "cross_entropy")
            sizes = torch.unique_consecutive(owners[drafts], return_counts=True)[1].tolist()
            runs = run_loss(followed[drafts], places[drafts], sizes) if sizes else own.new_zeros(1)
            return runs.mean() + 0.1 * (plain * weights).sum() / weights.sum()
        return draft_loss(own, followed, places, weights, base=batch.base, loss=stage.loss)

    def _batch(self, stage: Stage, part: int) -> Batch:
        """As many texts as it takes for the rows of one pass; which ones depends on seed and step alone."""
        run = self.run
        rank, ranks = self.accelerator.process_index, self.accelerator.num_processes
        rng = random.Random(f"{run.seed} {self.step} {part} {rank}")
        blocks: list[Block] = []
        packed: list[Packed] = []
        clean: list[CleanRows] = []
        bases: list[Tensor] = []
        rows = clean_rows = 0
        wants_base = stage.loss in {"kl", "total_variation"}
        # Each process and pass draws texts of its own.
        texts = self._texts_from((self.step * run.accumulate + part) * ranks + rank)
        while rows < run.rows:
            text = next(texts)
            kept, logits = run_clean(self.network, text.tokens, text.start - 1 if wants_base else None)
            fresh = self.maker.make(stage, text, kept, rng)
            if not fresh:
                continue
            blocks += fresh
            clean_rows += len(text.tokens)
            for group, seen in pack_over(fresh, kept):
                packed.append(group)
                clean.append(seen)
                rows += len(group.tokens)
                if wants_base:
                    bases.append(self._base_rows(logits, group, text))
        targets = torch.cat([p.targets for p in packed])
        weights = torch.cat([p.weights for p in packed])
        return Batch(blocks, packed, clean, targets, weights, torch.cat(bases) if bases else None, clean_rows)

    def _base_rows(self, logits: Tensor, packed: Packed, text: Text) -> Tensor:
        """What the base gives each row with a target, over the vocabulary: row i of `logits` stands at position start - 1 + i."""
        ahead = 1 if self.run.logit_shift else 0
        places = (packed.positions + ahead - text.start)[packed.targets != IGNORED]
        # Cloned: the pass ran in inference mode, and its numbers are overwritten by the next.
        return logits[:, self.denoiser.vocabulary].clone()[places].clone()

    def _texts_from(self, place: int) -> Iterator[Text]:
        """Texts drawn at random, again and again; which ones depends on the seed and `place` alone, so that a resumed run draws the same."""
        rng = random.Random(f"{self.run.seed} texts {place}")
        while True:
            yield rng.choice(self.texts)

    def _measure(self) -> dict[str, Acceptance]:
        self.denoiser.lora.eval()
        return acceptance(self.denoiser, self.held_out, size=self.run.block_size, shift=self.run.logit_shift)

    def _repair(self) -> Repair:
        self.denoiser.lora.eval()
        return repair(self.denoiser, self.held_out, size=self.run.edit_block_size, shift=self.run.logit_shift)

    def _note(self, note: dict[str, Any]) -> None:
        if not self.accelerator.is_main_process:
            return
        measured = note.get("acceptance") or {}
        line = {**note, "step": self.step, "rows_seen": self.rows_seen, "total_seconds": round(self.seconds, 1)}
        line["acceptance"] = {kind: vars(found) for kind, found in measured.items()} or None
        repaired: Repair | None = note.get("repair")
        line["repair"] = vars(repaired) if repaired else None
        with (self.run.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        text = f"step {self.step} of {self.run.steps}"
        if "loss" in note:
            text += f"  {note['stage']}  loss {note['loss']:.3f}  {note['rows'] / max(note['seconds'], 1e-9):.0f} loss tokens/s"
        for kind, found in measured.items():
            text += f"  {kind} {found.run:.2f} ({found.first:.0%})"
        if repaired:
            text += f"  repaired {repaired.repaired:.0%}, kept {repaired.kept:.0%}"
        print(text, file=sys.stderr, flush=True)

    def _save(self, measured: dict[str, Acceptance]) -> None:
        if not self.accelerator.is_main_process:
            return
        lora, folder = self.denoiser.lora, self.run.folder
        write_adapter(folder / ADAPTER, lora, self.run, measured["all"].run if measured else 0.0)
        counts = {"step": self.step, "rows_seen": self.rows_seen, "seconds": self.seconds}
        save_state(folder / STATE, lora, self.optimizer, counts)

    def _resume(self) -> None:
        counts = load_state(self.run.folder / STATE, self.denoiser.lora, self.optimizer)
        self.step, self.rows_seen, self.seconds = int(counts["step"]), int(counts["rows_seen"]), counts["seconds"]
        # What was noted behind the checkpoint will happen again.
        log = self.run.folder / LOG
        if log.is_file():
            kept = [line for line in log.read_text(encoding="utf-8").splitlines(keepends=True) if json.loads(line)["step"] <= self.step]
            log.write_text("".join(kept), encoding="utf-8")


def _load_denoiser(run: Run, texts: list[Text], device: torch.device) -> Denoiser:
    folder = checkpoint.ensure_converted(Store().locate(run.model), "bfloat16")
    return new_denoiser(run, texts, *checkpoint.load_folder(folder, device=device, dtype=torch.bfloat16))


def new_denoiser(run: Run, texts: Iterable[Text], config: ModelConfig, tensors: Mapping[str, Tensor]) -> Denoiser:
    """With the adapter that the run starts from, and the vocabulary of the `texts`' answers, on the device of `tensors`."""
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


def new_optimizer(lora: Lora) -> torch.optim.AdamW:
    neighbours = list(lora.neighbours.parameters())
    others = [p for p in lora.parameters() if not any(p is one for one in neighbours)]
    return torch.optim.AdamW(
        [{"params": others, "scale": 1.0}, {"params": neighbours, "scale": NEIGHBOUR_RATE}], lr=0.0, betas=BETAS, weight_decay=0.0
    )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def write_adapter(path: Path, lora: Lora, run: Run, expected: float) -> None:
    """The adapter as it ships, in bfloat16. `expected`: the run that it reached on held-out text."""
    tensors = {name: tensor.to("cpu", torch.bfloat16) for name, tensor in lora.tensors().items()}
    save_adapter(path, tensors, alpha=lora.alpha, logit_shift=run.logit_shift, block_size=run.block_size, expected_accepted=expected)


def balanced(texts: list[Text], count: int) -> list[Text]:
    """`count` texts, the kinds in turn."""
    by_kind: dict[str, list[Text]] = defaultdict(list)
    for text in texts:
        by_kind[text.kind].append(text)
    chosen: list[Text] = []
    while by_kind and len(chosen) < count:
        for kind in sorted(by_kind):
            chosen.append(by_kind[kind].pop(0))
            if not by_kind[kind]:
                del by_kind[kind]
    return chosen[:count]


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m engine.training.trainer CONFIG.toml")
    try:
        Trainer(load_run(Path(sys.argv[1]))).train()
    except ConfigError as error:
        raise SystemExit(f"seed-lsp: {error}") from error


if __name__ == "__main__":
    main()
