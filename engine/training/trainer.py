"""Train the diffusion adapter: ``python -m engine.training.trainer CONFIG.toml``, or ``seed-lsp
train CONFIG.toml``.

One script for a CPU and for several GPUs (start it through ``accelerate launch`` there). An
interrupted run goes on from its last checkpoint, along the same losses: what a step sees depends on
the seed and the step alone. Prints a line a step to standard error; writes ``adapter.safetensors``,
``state.safetensors`` and ``log.jsonl`` into the run's folder, and keeps the adapter as it was after
each stage.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor

from engine.engine import Engine, physical_cores
from engine.model import checkpoint
from engine.store import Store
from engine.training.acceptance import acceptance
from engine.training.adapter_run import new_denoiser, write_adapter
from engine.training.answers import read_answers
from engine.training.blocks import Text
from engine.training.config import ConfigError, Run, Stage, load_run
from engine.training.denoiser import Denoiser, Known, Logits, run_clean
from engine.training.loop import Loop, Progress
from engine.training.lora import Lora
from engine.training.objectives import draft_loss, row_losses, run_loss
from engine.training.optimizer import GRADIENT_NORM, new_optimizer
from engine.training.packed_batches import Batch, PackedBatches
from engine.training.repair import repair
from engine.training.run_log import Line, RunLog
from engine.training.texts import balanced, texts_of

ADAPTER, STATE, LOG = "adapter.safetensors", "state.safetensors", "log.jsonl"


class Trainer:
    """The learner of a diffusion run. It owns the network, the adapter being trained and its
    optimizer.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.accelerator = Accelerator()
        answers = read_answers(run.answers)
        self.texts = texts_of(a for a in answers if not a.held_out)
        if not self.texts:
            raise ConfigError(f"{run.answers} holds no answers to learn from; make them with `python -m engine.training.answers`")
        self.network = Engine.load(run.model).network
        held_out = balanced(texts_of(a for a in answers if a.held_out), run.held_out_texts)
        self.held_out = [Known(text, run_clean(self.network, text.tokens)[0]) for text in held_out]
        # Loading set torch to one thread, for the kernels' sake; here torch does most of the work.
        torch.set_num_threads(physical_cores())
        self.denoiser = _load_denoiser(run, texts_of(answers), self.accelerator.device)
        self.batches = PackedBatches(run, self.network, self.denoiser, self.texts)
        self.model, self.optimizer = self.accelerator.prepare(self.denoiser, new_optimizer(self.denoiser.lora))
        self.totals = {"rows_seen": 0}

    @property
    def lora(self) -> Lora:
        return self.denoiser.lora

    def train(self) -> None:
        """Do all steps that are left."""
        folder = self.run.folder
        log = RunLog(folder / LOG, self._describe) if self.accelerator.is_main_process else None
        Loop(self, self.run.steps, folder / STATE, log).run()

    def rate(self, step: int) -> float:
        stage, into = self._stage(step)
        return stage.rate(into)

    def update(self, step: int) -> Line:
        """One step of the optimizer: its mean loss, its rows with a target and its clean rows."""
        stage, _ = self._stage(step)
        self.lora.train()
        total, rows, clean = 0.0, 0, 0
        for part in range(self.run.accumulate):
            batch = self.batches.make(stage, step, part, rank=self.accelerator.process_index, ranks=self.accelerator.num_processes)
            loss = self._loss(stage, batch, self.model(batch.packed, batch.clean, batch.wanted))
            self.accelerator.backward(loss / self.run.accumulate)
            total += float(loss.detach())
            rows += int(batch.wanted.sum())
            clean += batch.clean_rows
        self.accelerator.clip_grad_norm_(self.lora.parameters(), GRADIENT_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.totals["rows_seen"] += rows
        return {"stage": stage.kind, "loss": round(total / self.run.accumulate, 4), "rows": rows, "clean": clean}

    def is_due(self, steps: int) -> bool:
        return steps % self.run.checkpoint_every == 0 or self._ends_stage(steps)

    def measure(self) -> Line:
        """Measure how long drafts are accepted, for each kind of text, and how well edits are
        repaired.
        """
        self.lora.eval()
        run = self.run
        accepted = acceptance(self.denoiser, self.held_out, size=run.block_size, shift=run.logit_shift)
        repaired = repair(self.denoiser, self.held_out, size=run.edit_block_size, shift=run.logit_shift)
        return {"acceptance": {kind: vars(found) for kind, found in accepted.items()} or None, "repair": vars(repaired)}

    def save(self, steps: int, measured: Line) -> None:
        folder, accepted = self.run.folder, measured["acceptance"]
        write_adapter(folder / ADAPTER, self.lora, self.run, accepted["all"]["run"] if accepted else 0.0)
        if self._ends_stage(steps):
            shutil.copy(folder / ADAPTER, folder / f"after-{steps:05d}-{self._stage(steps - 1)[0].kind}.safetensors")

    def line(self, progress: Progress, noted: Line) -> Line:
        spent = {"seconds": round(progress.last_seconds, 2)} if "loss" in noted else {}
        done = {"step": progress.steps, **self.totals, "total_seconds": round(progress.seconds, 1)}
        return {**noted, **spent, **done, "acceptance": noted.get("acceptance"), "repair": noted.get("repair")}

    def _describe(self, line: Line) -> str:
        text = f"step {line['step']} of {self.run.steps}"
        if "loss" in line:
            text += f"  {line['stage']}  loss {line['loss']:.3f}  {line['rows'] / max(line['seconds'], 1e-9):.0f} loss tokens/s"
        for kind, found in (line["acceptance"] or {}).items():
            text += f"  {kind} {found['run']:.2f} ({found['first']:.0%})"
        if repaired := line["repair"]:
            text += f"  repaired {repaired['repaired']:.0%}, kept {repaired['kept']:.0%}"
        return text

    def _stage(self, step: int) -> tuple[Stage, int]:
        """The stage of step number `step`, and how many of the stage's steps come before it."""
        into = step
        for stage in self.run.stages:
            if into < stage.steps:
                return stage, into
            into -= stage.steps
        raise AssertionError("the run is over")

    def _ends_stage(self, steps: int) -> bool:
        stage, into = self._stage(steps - 1)
        return into + 1 == stage.steps

    def _loss(self, stage: Stage, batch: Batch, logits: Logits) -> Tensor:
        own, followed = logits
        wanted = batch.wanted
        targets, weights = (rows.to(own.device) for rows in (self.denoiser.columns[batch.targets[wanted]], batch.weights[wanted]))
        if stage.loss != "run":
            return draft_loss(own, followed, targets, weights, base=batch.base, loss=stage.loss)
        # Only a block that starts as masks is a draft; of the others each row is learnt by itself.
        owners = torch.repeat_interleave(torch.arange(len(batch.blocks)), torch.tensor([len(b.rows) for b in batch.blocks]))[wanted]
        drafts = torch.tensor([all(row is None for row in block.rows) for block in batch.blocks])[owners]
        plain = row_losses(own, targets, None, "cross_entropy")
        sizes = torch.unique_consecutive(owners[drafts], return_counts=True)[1].tolist()
        runs = run_loss(followed[drafts], targets[drafts], sizes) if sizes else own.new_zeros(1)
        return runs.mean() + 0.1 * (plain * weights).sum() / weights.sum()


def _load_denoiser(run: Run, texts: list[Text], device: torch.device) -> Denoiser:
    folder = checkpoint.ensure_converted(Store().locate(run.model), "bfloat16")
    return new_denoiser(run, texts, *checkpoint.load_folder(folder, device=device, dtype=torch.bfloat16))


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m engine.training.trainer CONFIG.toml")
    try:
        Trainer(load_run(Path(sys.argv[1]))).train()
    except ConfigError as error:
        raise SystemExit(f"seed-lsp: {error}") from error


if __name__ == "__main__":
    main()
