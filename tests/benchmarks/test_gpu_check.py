"""The GPU's check on a CPU: it runs on a bare machine, and nothing that goes wrong in it passes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from benchmarks.gpu import forwards, generation, training
from benchmarks.gpu.ceilings import measure_ceilings
from benchmarks.gpu.correctness import check_correctness
from benchmarks.gpu.device import Captured, Device
from benchmarks.gpu.limits import Clock, OtherDeviceError, Section, run_section
from benchmarks.gpu.random_networks import random_tensors, shapes
from benchmarks.gpu.report import Measure, Report
from benchmarks.gpu.work import CODER_1_5B, clean_work, forward_work, step_work, training_work
from engine.model.network import NoisyBlock
from engine.model.transformer import Transformer

ROOT = Path(__file__).parents[2]
BARE = """
import runpy, sys
LACKING = {"accelerate", "cattrs", "gguf", "jedi", "libcst", "lsprotocol", "matplotlib", "platformdirs", "psutil", "pyarrow", "pygls", "rapidfuzz", "rich",
           "tree_sitter", "unidiff"}
class Bare:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LACKING or name.startswith("engine.native"):
            raise ModuleNotFoundError(f"the bare machine lacks {name}", name=name)
sys.meta_path.insert(0, Bare())
sys.argv = ["check", *sys.argv[1:]]
runpy.run_module("benchmarks.gpu.check", run_name="__main__")
"""


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BARE, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.slow
def test_every_section_runs_on_a_bare_machine(tmp_path: Path):
    """All that a CPU can do is measured, no limit is missed, and table and JSON tell it.

    The machine has torch, numpy, safetensors, tokenizers and jinja2 alone.
    """
    path = tmp_path / "found.json"
    ran = check("--device", "cpu", "--small", "--seed", "1", "--json", str(path))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(path.read_text(encoding="utf-8"))
    statuses = {name: section["status"] for name, section in found["sections"].items()}
    on_gpu = dict.fromkeys(("graphs", "compiled"), "not for this device")
    assert statuses == {**dict.fromkeys(("ceilings", "correctness", "eager", "training", "generation"), "ok"), **on_gpu}
    assert found["passed"]
    assert found["machine"]["seed"] == 1
    measures = {section: {one["name"]: one for one in found["sections"][section]["measures"]} for section in statuses}
    errors = [one for section in measures.values() for name, one in section.items() if "against float64" in name]
    assert len(errors) == 3 * 2 * 3, "three shapes in two precisions: forward, and both paths' gradients"
    assert all(0 < one["value"] <= one["limit"] for one in errors)
    rates = [one for section in ("training", "generation") for one in measures[section].values() if one["unit"].endswith("/s")]
    assert len(rates) == 2 * 2 + 2, "two sizes by two paths; a prefill and a step"
    for one in (*measures["eager"].values(), *rates):
        assert one["value"] > 0
        assert one["bound"] > 0
        assert f": {one['name']} |" in ran.stdout
    assert ran.stdout.rstrip().endswith("\npassed")


@pytest.mark.slow
def test_no_gpu_is_said_in_words():
    """Without a GPU, and without being told to use the CPU, the check says so and fails."""
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    ran = check()
    assert ran.returncode == 1
    assert "finds no CUDA device here; --device cpu --small" in ran.stderr


def test_a_call_without_end_is_ended(tmp_path: Path):
    """Where no signal reaches a section, the process ends with the clock.

    What was found before is told and written, and does not pass.
    """
    path = tmp_path / "found.json"
    code = f"""
import threading, time
from pathlib import Path
from benchmarks.gpu.limits import Clock, end_at
from benchmarks.gpu.report import Measure, Outcome, Report
report = Report(Path({str(path)!r}), lambda _: None)
report.add(Outcome("before", "ok", 1.0, [Measure("first", 1.0, "ms")]))
assert report.passed
end_at(Clock(0.2, time.monotonic()), report)
threading.Event().wait()
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "| before: first | 1 ms |" in ran.stdout
    assert ran.stdout.rstrip().endswith("NOT PASSED")
    told = json.loads(path.read_text(encoding="utf-8"))
    assert not told["passed"]
    assert told["sections"]["the clock"]["status"] == "failed"


def outcome_of(measure, *, seconds: float = 20.0, left: float = 100.0) -> Report:
    report = Report(None, lambda _: None)
    run_section(Section("one", seconds, measure), Clock(left, time.monotonic()), report)
    return report


def found(*measures: Measure):
    def section():
        yield from measures

    return section


def test_a_failed_section_keeps_what_it_found():
    """An error is told by its type and message, beside the measures before it.

    The check does not pass.
    """

    def section():
        yield Measure("first", 1.0, "ms")
        raise RuntimeError("CUDA error: | an illegal\naddress")

    report = outcome_of(section)
    [outcome] = report.outcomes
    assert (outcome.status, outcome.error) == ("failed", "RuntimeError: CUDA error: | an illegal\naddress")
    assert [measure.name for measure in outcome.measures] == ["first"]
    assert not report.passed
    assert "| one | failed | | | | RuntimeError: CUDA error: \\| an illegal address |" in report.table()


@pytest.mark.slow
def test_a_section_without_end_is_stopped():
    """A section that hangs in Python code takes its own time and no more, and has failed."""

    def section():
        yield Measure("first", 1.0, "ms")
        while True:
            pass

    started = time.monotonic()
    report = outcome_of(section, seconds=2.0)
    assert time.monotonic() - started < 20
    assert report.outcomes[0].status == "failed"
    assert report.outcomes[0].error.startswith("OutOfTimeError")
    assert len(report.outcomes[0].measures) == 1


def test_a_section_without_time_is_not_passed():
    """What was not measured for want of time is said, and counts as not passed."""
    report = outcome_of(found(Measure("first", 1.0, "ms")), left=1.0)
    assert report.outcomes[0].status == "not run"
    assert not report.passed


@pytest.mark.parametrize(
    ("value", "status"), [(0.5, "ok"), (1.0, "ok"), (1.1, "missed"), (float("nan"), "missed"), (float("inf"), "missed"), (None, "missed")]
)
def test_a_limit_is_kept_by_numbers_alone(value: float | None, status: str):
    """NaN, infinity and nothing keep no limit."""
    report = outcome_of(found(Measure("error", value, "", limit=1.0)))
    assert report.outcomes[0].status == status
    assert report.passed == (status == "ok")
    assert ("MISSED" in report.table()) == (status == "missed")
    assert json.loads(report.as_json())["passed"] == (status == "ok")


def test_an_error_beside_a_time_is_what_the_limit_is_for():
    """A time may be anything; what was timed must give what it should."""
    held = [Measure("replay", 9.0, "ms", error=error, limit=0.05).held for error in (0.0, 0.05, 0.06, float("nan"))]
    assert held == [True, True, False, False]
    assert "error 0.06 of 0.05" in outcome_of(found(Measure("replay", 9.0, "ms", error=0.06, limit=0.05))).table()


def test_what_a_row_tells():
    """A time has its bound, how far it is from it, its memory, and a spread that matters.

    A rate is far from its bound the other way round.
    """
    time_of_it = Measure("a", 3.0, "ms", 1.5, memory=3_000_000_000, spread=0.2, note="n")
    rate = Measure("b", 2000.0, "rows/s", 8000.0, spread=0.01)
    table = outcome_of(found(time_of_it, rate)).table()
    assert "| one: a | 3 ms | 1.5 ms | 2.00 | 3.00 GB | n, spread 20% |" in table
    assert "| one: b | 2,000 rows/s | 8,000 rows/s | 4.00 |  |  |" in table


def test_nothing_found_is_not_passed():
    """A check in which no section came to its end has not passed."""
    assert not Report(None, lambda _: None).passed


@pytest.mark.slow
def test_a_wrong_network_is_found(monkeypatch: pytest.MonkeyPatch):
    """Rows whose mask is wrong, and drafts that are taken unseen, miss the limits."""
    device = Device("cpu", small=True, seed=1)
    right = Transformer._mask
    names = [measure.name for measure in check_correctness(device) if not measure.held]
    assert names == []

    def masked(self, num_clean, noisy, cached):
        mask = right(self, num_clean, noisy, cached)
        return mask if self.dtype is torch.float64 or mask is None else torch.zeros_like(mask)

    monkeypatch.setattr(Transformer, "_mask", masked)
    names = [measure.name for measure in check_correctness(device) if not measure.held]
    assert "Qwen2, float32: clean and noisy rows against float64" in names
    assert "Llama, bfloat16: from the cache against recomputed" in names
    assert any("`verified` against `autoregressive`" in name for name in names)


def replayed(run) -> Captured:
    """Compute anew in the same memory, as a graph does."""
    out = run()

    class Graph:
        def replay(self) -> None:
            out.copy_(run())

    return Captured(Graph(), out)


def test_replays_must_give_what_forwards_give(monkeypatch: pytest.MonkeyPatch):
    """A graph that ignores what is written into its rows, or leaves its output unwritten, is found.

    One that computes is timed beside its bound.
    """
    device = Device("cpu", small=True, seed=1)
    list(measure_ceilings(device))
    with pytest.raises(OtherDeviceError, match="needs a GPU"):
        next(forwards.measure_graphs(device))
    monkeypatch.setattr(forwards, "_need_gpu", lambda _: None)
    monkeypatch.setattr(forwards, "capture", replayed)
    measures = list(forwards.measure_graphs(device))
    assert all(measure.held and measure.error is not None for measure in measures)
    assert measures[0].name == "1 row behind 16"
    assert measures[0].gap > 1

    def deaf(run) -> Captured:
        rows, *others = run.args
        return replayed(partial(run.func, replace(rows, tokens=rows.tokens.clone()), *others))

    def dumb(run) -> Captured:
        return replace(replayed(run), graph=type("Graph", (), {"replay": lambda _: None})())

    for broken in (deaf, dumb):
        monkeypatch.setattr(forwards, "capture", broken)
        assert not any(measure.held for measure in forwards.measure_graphs(device))


def test_a_graph_of_steps_must_choose_what_steps_choose(monkeypatch: pytest.MonkeyPatch):
    """The tokens of many sequences from a graph are compared too."""
    device = Device("cpu", small=True, seed=1)
    network = generation.BatchedTransformer(
        shapes(small=True)["Qwen2"], random_tensors(shapes(small=True)["Qwen2"], device.generator, torch.float32)
    )
    monkeypatch.setattr(Device, "is_gpu", property(lambda _: True))
    monkeypatch.setattr(Device, "_events", lambda _, call, repeats: Device._clock(call, repeats))
    monkeypatch.setattr(Device, "peak", lambda _: nullcontext(lambda: None))
    monkeypatch.setattr(generation, "capture", replayed)
    assert [measure.held for measure in generation._steps(device, network, 32)] == [True, True]
    monkeypatch.setattr(generation, "capture", lambda run: replace(replayed(run), graph=type("Graph", (), {"replay": lambda _: None})()))
    assert [measure.held for measure in generation._steps(device, network, 32)] == [True, False]


@pytest.mark.parametrize("place", ["positions", "roots"])
def test_wrong_training_is_found(monkeypatch: pytest.MonkeyPatch, place: str):
    """Rows that stand elsewhere, or see too much, have other gradients."""
    device = Device("cpu", small=True, seed=1)
    right = training.padded_batch

    def wrong(network, texts, sizes):
        batch = right(network, texts, sizes)
        moved = getattr(batch.padded, place) + (network.dtype is not torch.float64)
        return replace(batch, padded=batch.padded._replace(**{place: moved}))

    monkeypatch.setattr(training, "padded_batch", wrong)
    with torch.inference_mode(False), torch.enable_grad():
        held = {measure.name: measure.held for measure in training._check_gradients(device)}
    assert {name for name, kept in held.items() if not kept} == {name for name in held if name.endswith("padded")}


def test_what_is_compiled_is_compared(monkeypatch: pytest.MonkeyPatch):
    """Compiled forwards are compared with eager ones, and not begun with too little time left."""
    device = Device("cpu", small=True, seed=1)
    monkeypatch.setattr(forwards, "_need_gpu", lambda _: None)
    monkeypatch.setattr(forwards, "capture", replayed)
    monkeypatch.setattr(forwards, "COMPILED", ((8, 16),))
    monkeypatch.setattr(torch, "compile", lambda run, **_: run)
    names = [measure.name for measure in forwards.measure_compiled(device, lambda: 100.0)]
    assert names == ["8 rows behind 16", "8 rows behind 16, CUDA graph"]
    [late] = forwards.measure_compiled(device, lambda: 1.0)
    assert (late.value, late.note) == (None, "1 s were left, too few to compile")
    monkeypatch.setattr(torch, "compile", lambda run, **_: lambda rows, cache: run(rows, cache) + 1)
    assert not next(forwards.measure_compiled(device, lambda: 100.0)).held


def test_bounds_are_those_written_out():
    """The bound is that of the 1.5B's shape, counted by hand.

    It has 1.54 billion weights of two bytes, the cache's 28,672 bytes a row, logits of four bytes,
    and two operations a weight and row.
    """
    work = forward_work(CODER_1_5B, 1, 0)
    weights = 28 * (2 * 1536 * 1536 + 2 * 1536 * 256 + 3 * 1536 * 8960) + 151936 * 1536
    assert work.bytes == 2 * weights + 28 * 2 * 256 * 2 + 4 * 151936
    assert work.operations == 2 * weights + 4 * 28 * 1536
    assert forward_work(CODER_1_5B, 1, 512).bytes - work.bytes == 512 * 28_672
    assert forward_work(CODER_1_5B, 256, 0).seconds(4.3e12, 790e12) == forward_work(CODER_1_5B, 256, 0).operations / 790e12
    assert work.seconds(4.3e12, 790e12) == work.bytes / 4.3e12
    bare = training_work(CODER_1_5B, 3, seen=0, head_ids=0, rank=0)
    assert bare.operations == 3 * 4 * (weights - 151936 * 1536)
    step = step_work(CODER_1_5B, 512, 100)
    assert step.bytes == 2 * weights + 512 * 100 * 28_672
    assert step.operations == 512 * (2 * weights + 4 * 28 * 1536 * 100)
    layer = 2 * 1536 * 1536 + 2 * 1536 * 256 + 3 * 1536 * 8960
    assert clean_work(CODER_1_5B, 1, 1).operations == 2 * (27 * layer + 2 * 1536 * 256)


def test_the_mixed_forward_has_masks_behind_each_beginning():
    """What `verified` runs on a GPU: a quarter of the rows is clean, three masks behind each."""
    case = forwards.Bench(Device("cpu", small=True, seed=1)).mixed(8, 16)
    assert (case.rows, case.masks, len(case.clean)) == (8, 6, 2)
    assert list(case.noisy) == [NoisyBlock((None,) * 3, 1), NoisyBlock((None,) * 3, 2)]
