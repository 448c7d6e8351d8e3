"""A training run by the clock, for a machine that is lent for minutes.

    python -m engine.training.timed CONFIG.toml --prompts FILE --out FOLDER --seconds N

Loads the model, writes the base's own answers to the prompts for a third of the time, and trains
the adapter on them for the rest. What a stage has made is in `FOLDER` when it ends, and stays there
whatever becomes of the next: ``answers.npz``, ``log.jsonl``, and the best adapter so far in
``adapter/``, as pieces for `engine.model.pieces`. A stage that fails is said at the end, and gives
exit status 1. docs/gpu.md has the way to a lent machine and back.
"""

from __future__ import annotations

import argparse
import faulthandler
import gc
import itertools
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.engine import best_device, physical_cores
from engine.model import checkpoint
from engine.model.batched import BatchedTransformer
from engine.model.pieces import split
from engine.model.tokenizer import Tokenizer
from engine.store import Store
from engine.training.acceptance import Acceptance, acceptance_together
from engine.training.adapter_run import new_denoiser, write_adapter
from engine.training.answers import Answer
from engine.training.batches import Batches, loader
from engine.training.config import ConfigError, Run, Stage, load_run
from engine.training.generation import Writer
from engine.training.objectives import draft_loss
from engine.training.optimizer import GRADIENT_NORM, new_optimizer, set_rate
from engine.training.padded import Padded
from engine.training.run_log import Line, RunLog
from engine.training.texts import balanced, texts_of
from engine.training.token_answers import write_token_answers
from engine.training.token_prompts import TokenPrompt, read_token_prompts

LOG, ANSWERS, ADAPTER = "log.jsonl", "answers.npz", "adapter"
PIECE_BYTES = 15 << 20
GENERATION_SHARE = 1 / 3
"""Answers are written until this share of the time is over, loading included."""
END_SHARE = 0.03
"""This share of the time is left over at the end, besides what the last measuring and one more step
may take.
"""
MEASURE_EVERY_S = 60.0
GPU_SLOTS, OTHER_SLOTS = 512, 8


@dataclass(frozen=True)
class Clock:
    """The time of a run: `seconds` in all, from when it is made."""

    seconds: float
    now: Callable[[], float]
    started: float

    @property
    def spent(self) -> float:
        return self.now() - self.started

    @property
    def generation_ends(self) -> float:
        return GENERATION_SHARE * self.seconds


class TimedRun:
    """The stages of one run; each leaves what the next ones need."""

    def __init__(self, run: Run, prompts: Path, out: Path, clock: Clock, *, device: torch.device, slots: int, workers: int) -> None:
        """`ConfigError` where the run is one that this loop does not know."""
        if len(run.stages) != 1 or run.stages[0].kind != "mask" or run.stages[0].loss != "cross_entropy":
            raise ConfigError("a run by the clock has one [[stage]], of kind mask with the loss cross_entropy")
        self.run, self.stage, self.clock = run, run.stages[0], clock
        self._prompts, self._out = prompts, out
        self._log = RunLog(out / LOG, _described)
        self._device, self._slots, self._workers = device, slots, workers
        self.answers: list[Answer] = []
        self.step = self.rows_seen = 0
        self.best = -1.0
        self._longest_measuring = self._longest_step = 0.0

    def go(self) -> bool:
        """All stages; whether none failed."""
        self._log.clear()
        failed = False
        for stage in (self.load, self.generate, self.train):
            started = self.clock.spent
            note: Line = {"stage": stage.__name__}
            try:
                note |= stage()
            except Exception as error:  # noqa: BLE001 - what was made so far is worth more than the reason
                traceback.print_exc()
                note["error"], failed = f"{type(error).__name__}: {error}", True
            self._note({**note, "stage_seconds": round(self.clock.spent - started, 2)})
            if failed and not self.answers:
                break
        return not failed

    def load(self) -> Line:
        """The base in bfloat16, its tokenizer, and the prompts."""
        folder = checkpoint.ensure_converted(Store().locate(self.run.model), "bfloat16")
        self.config, self.tensors = checkpoint.load_folder(folder, device=self._device, dtype=torch.bfloat16)
        self.tokenizer = Tokenizer(folder, self.config.vocab_size)
        self.network = BatchedTransformer(self.config, self.tensors)
        self.prompts = read_token_prompts(self._prompts)
        return {"prompts": len(self.prompts)}

    def generate(self) -> Line:
        """Write answers until the time for it is over or no prompt is left.

        Answers to held-out prompts are among them.
        """
        writer = Writer(self.network, self.tokenizer, self._slots)
        try:
            with torch.inference_mode():
                for answer in writer.write(held_out_first(self.prompts, self.run.held_out_texts), self._may_generate):
                    self.answers.append(answer)
        finally:
            write_token_answers(self._out / ANSWERS, self.answers)
        return {"answers": len(self.answers), "tokens": sum(len(one.answer) for one in self.answers), "steps": writer.steps}

    def train(self) -> Line:
        """The adapter, measured every minute; the best one is written each time."""
        self._release()
        texts = texts_of(self.answers)
        if not texts:
            raise ConfigError("no answer came about in the time for it; give the run more seconds, or fewer slots")
        self.held_out = balanced(texts_of(one for one in self.answers if one.held_out), self.run.held_out_texts)
        self.denoiser = new_denoiser(self.run, texts, self.config, self.tensors)
        batches = Batches(self.run, self.stage, texts_of(one for one in self.answers if not one.held_out))
        optimizer = new_optimizer(self.denoiser.lora)
        first = last = self._measure()
        measured_step, measured_at, trained_from = self.step, self.clock.spent, self.clock.spent
        passes = iter(loader(batches, range(self.stage.steps * self.run.accumulate), workers=self._workers, device=self._device))
        while self.step < self.stage.steps and self.clock.spent < self._training_ends:
            part = (self.clock.spent - trained_from) / (self._training_ends - trained_from)
            set_rate(optimizer, rate(self.stage, self.step, part))
            self._update(optimizer, itertools.islice(passes, self.run.accumulate))
            if self.clock.spent - measured_at >= MEASURE_EVERY_S:
                last, measured_step, measured_at = self._measure(), self.step, self.clock.spent
        if measured_step < self.step:
            last = self._measure()
        return {"steps": self.step, "rows_seen": self.rows_seen, "run_before": first["all"].run, "run_after": last["all"].run}

    @property
    def _training_ends(self) -> float:
        """When no step begins any more, in seconds of the clock.

        What is left holds the step that has just begun, and half as much again as the longest
        measuring so far.
        """
        return (1 - END_SHARE) * self.clock.seconds - 1.5 * self._longest_measuring - self._longest_step

    def _update(self, optimizer: torch.optim.Optimizer, passes: Iterator[Padded]) -> None:
        """One step of the optimizer over some passes."""
        started = self.clock.spent
        self.denoiser.lora.train()
        losses, rows, clean, waited = [], 0, 0, 0.0
        asked = self.clock.spent
        for made in passes:
            waited += self.clock.spent - asked
            rows, clean = rows + len(made.wanted), clean + made.clean.numel()
            losses.append(self._backward(made.to(self._device)))
            asked = self.clock.spent
        torch.nn.utils.clip_grad_norm_(self.denoiser.lora.parameters(), GRADIENT_NORM)
        optimizer.step()
        optimizer.zero_grad()
        self.step += 1
        self.rows_seen += rows
        self._longest_step = max(self._longest_step, self.clock.spent - started)
        note = {"stage": "mask", "loss": round(float(torch.stack(losses).mean()), 4), "rows": rows, "clean": clean}
        self._note({**note, "seconds": round(self.clock.spent - started, 3), "waited": round(waited, 3)})

    def _backward(self, padded: Padded) -> torch.Tensor:
        """The loss of one pass, whose gradients are added to those of the step."""
        own, followed = self.denoiser.forward_padded(padded, self.network.clean_rows(padded.clean))
        wanted = padded.wanted
        targets, weights = self.denoiser.columns[padded.targets.flatten()[wanted]], padded.weights.flatten()[wanted]
        loss = draft_loss(own, followed, targets, weights)
        (loss / self.run.accumulate).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _measure(self) -> dict[str, Acceptance]:
        """The held-out run; an adapter that is the best so far is written."""
        self.denoiser.lora.eval()
        run, started = self.run, self.clock.spent
        found = acceptance_together(self.denoiser, self.network, self.held_out, size=run.block_size, shift=run.logit_shift)
        if not found:
            raise ConfigError("no answer to a held-out prompt is long enough to measure with; generate for longer")
        self._note({"acceptance": {kind: vars(one) for kind, one in found.items()}})
        if found["all"].run > self.best:
            self.best = found["all"].run
            self._write_adapter()
        self._longest_measuring = max(self._longest_measuring, self.clock.spent - started)
        print("  ".join(f"{kind} {one.run:.2f} ({one.first:.0%})" for kind, one in found.items()), file=sys.stderr, flush=True)
        return found

    def _write_adapter(self) -> None:
        """Write the adapter in pieces, which replace those before once all are there."""
        with tempfile.TemporaryDirectory(dir=self._out) as scratch:
            path, pieces = Path(scratch) / "adapter.safetensors", Path(scratch) / "pieces"
            write_adapter(path, self.denoiser.lora, self.run, self.best)
            split(path, pieces, PIECE_BYTES)
            shutil.rmtree(self._out / ADAPTER, ignore_errors=True)
            pieces.replace(self._out / ADAPTER)

    def _may_generate(self) -> bool:
        return self.clock.spent < self.clock.generation_ends

    def _release(self) -> None:
        """Give the memory of what was used for the answers back."""
        # The writer and its graphs know each other.
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _note(self, note: Line) -> None:
        common = {"step": self.step, "rows_seen": self.rows_seen, "total_seconds": round(self.clock.spent, 2), "acceptance": None}
        self._log.write({**common, **note})


def _described(line: Line) -> str:
    """What standard error says of a line; steps are too many to be said."""
    return "" if "loss" in line else json.dumps({name: value for name, value in line.items() if value is not None})


def held_out_first(prompts: list[TokenPrompt], count: int) -> list[TokenPrompt]:
    """Put thrice `count` of the held-out prompts first, then the rest in their order.

    The held-out ones measure what is learnt.
    """
    held_out = [prompt for prompt in prompts if prompt.held_out][: 3 * count]
    return held_out + [prompt for prompt in prompts if not prompt.held_out]


def rate(stage: Stage, step: int, part: float) -> float:
    """The learning rate of a step, when `part` of the time is over.

    It rises over the warm-up and falls to zero with the time.
    """
    return stage.learning_rate * min(1.0, (step + 1) / max(1, stage.warmup)) * max(0.0, 1.0 - part)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.training.timed", description=__doc__)
    parser.add_argument("config", type=Path)
    parser.add_argument("--prompts", type=Path, required=True, help="what `python -m engine.training.token_prompts` wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=540.0)
    parser.add_argument("--device", default=best_device())
    parser.add_argument("--slots", type=int, help="answers that are written at once")
    parser.add_argument("--workers", type=int, help="processes that make batches; all cores but two if left out")
    options = parser.parse_args()
    clock = Clock(options.seconds, time.monotonic, time.monotonic())
    # Where a stage hangs, this tells where, and ends the process while the machine is still there.
    # What was written stays.
    faulthandler.dump_traceback_later(options.seconds, exit=True)
    device = torch.device(options.device)
    workers = max(0, (os.cpu_count() or 1) - 2) if options.workers is None else options.workers
    torch.set_num_threads(physical_cores())
    try:
        timed = TimedRun(
            load_run(options.config),
            options.prompts,
            options.out,
            clock,
            device=device,
            slots=options.slots or (GPU_SLOTS if device.type == "cuda" else OTHER_SLOTS),
            workers=workers,
        )
        if not timed.go():
            raise SystemExit(1)
    except ConfigError as error:
        raise SystemExit(f"seed-lsp: {error}") from error


if __name__ == "__main__":
    main()
