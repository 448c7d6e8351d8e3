"""Model files that are damaged at random.

    python -m benchmarks.robustness.model_files [--count N] [--seed S]

Each is refused in words that name it, or loads and computes; nothing else may happen, within
seconds and a bounded part of memory. The files are tried in a process of its own, since its memory
is limited.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.robustness.campaign import Counts, Options, command, tell

MOST_BYTES = 1 << 30
"""The address space that a load may take, beyond what the libraries take."""
MOST_SECONDS = 10.0
ODD = (0, 1, 2, 3, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**60, 2**63 - 1, 2**63, 2**64 - 1)
ODD_VALUES: tuple[Any, ...] = (
    None, True, 0, 1, -1, 3, 10**18, 2**64, 1e308, 0.5, "", "x" * 5000, "\x00", [], {}, [[]], {"a": None}, 10**4000
)  # fmt: skip


def run(count: int, seed: int) -> dict[str, Any]:
    """Try `count` damaged files.

    Returns how many were ``refused`` and ``loaded``, and the ``faults``: what happened instead,
    with the number that makes it again.
    """
    command = [sys.executable, "-m", "benchmarks.robustness.model_files", "--child", str(count), str(seed)]
    root = Path(__file__).parents[2]
    child = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    lines = child.stdout.splitlines()
    if child.returncode or not lines:
        ended = f"the process ended with {child.returncode} at file {lines[-1] if lines else 'none'}"
        return {"refused": 0, "loaded": 0, "faults": [ended + "\n" + child.stderr[-2000:]]}
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def _child(count: int, seed: int) -> None:
    from benchmarks.robustness.tiny_folder import write_tokenizer

    warnings.simplefilter("error", RuntimeWarning)
    counts: Counter[str] = Counter()
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokenizer = folder / "tokenizer"
        tokenizer.mkdir()
        write_tokenizer(tokenizer)

        samples = _samples(folder, tokenizer)
        for number in range(-1, count):
            # The first ones are whole: the libraries are loaded, and the limit is set behind them.
            rng = random.Random(f"{seed}-{number}")
            for whole in samples if number < 0 else [rng.choice(samples)]:
                case = folder / "case"
                path = whole(case, rng if number >= 0 else None)
                print(number, path.name, flush=True)
                outcome = _outcome(path, folder / "cache", rng.choice([None, None, "float32"]))
                shutil.rmtree(case)
                shutil.rmtree(folder / "cache", ignore_errors=True)
                if number < 0:
                    assert outcome == "loaded", outcome
                    continue
                counts[outcome if outcome in {"refused", "loaded"} else "faults"] += 1
                if outcome not in {"refused", "loaded"}:
                    faults.append(f"file {number} of seed {seed} ({path.name}): {outcome}")
            if number < 0:
                _limit_memory()
    print(json.dumps({"refused": counts["refused"], "loaded": counts["loaded"], "faults": faults}))


def _outcome(path: Path, cache: Path, dtype: str | None) -> str:
    import torch

    from engine.api import ModelUnavailableError
    from engine.engine import Engine
    from engine.store import Store

    started = time.monotonic()
    try:
        with torch.inference_mode():
            engine = Engine.load(str(path), store=Store(cache), device="cpu", dtype=dtype, threads=1)
            engine.network.forward([1, 2, 3][: engine.network.config.max_positions], engine.network.new_cache())
        outcome = "loaded"
    except ModelUnavailableError as error:
        text = str(error)
        outcome = "refused" if str(path.parent) in text or str(cache) in text else f"its words do not name it: {text}"
    except Exception as error:  # noqa: BLE001 - that there is none is what is tried
        outcome = f"{type(error).__name__}: {error}\n{''.join(traceback.format_tb(error.__traceback__)[-3:])}"
    took = time.monotonic() - started
    return outcome if took < MOST_SECONDS else f"it took {took:.0f} s"


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _samples(folder: Path, tokenizer: Path) -> list[Callable[[Path, random.Random | None], Path]]:
    """Functions that write a model below a folder and return what is to be loaded.

    They damage it by a generator, or leave it whole.
    """
    from benchmarks.robustness import gguf_bytes

    gguf = gguf_bytes.valid().written()
    model = folder / "model"
    _write_folder(model, tokenizer)

    def gguf_file(case: Path, rng: random.Random | None) -> Path:
        case.mkdir(exist_ok=True)
        path = case / "m.gguf"
        path.write_bytes(_damaged(gguf, rng, head=8192) if rng else gguf)
        return path

    def model_folder(case: Path, rng: random.Random | None) -> Path:
        path = case / "m"
        shutil.copytree(model, path)
        if rng:
            _damage_folder(path, rng)
        return path

    return [gguf_file, model_folder]


def _write_folder(folder: Path, tokenizer: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from benchmarks.robustness.tiny_folder import TINY, write_weights

    shutil.copytree(tokenizer, folder)
    write_weights(folder, 7)
    adapter = {
        "mask_embedding": torch.ones(TINY.hidden_size),
        "layers.0.q_proj.lora_a": torch.ones(2, 32),
        "layers.0.q_proj.lora_b": torch.ones(32, 2),
    }
    save_file(adapter, folder / "adapter.safetensors", metadata={"alpha": "1", "block_size": "8"})


def _damage_folder(folder: Path, rng: random.Random) -> None:
    path = folder / rng.choice(["config.json", "config.json", "tokenizer.json", "model.safetensors", "adapter.safetensors"])
    data = path.read_bytes()
    if path.suffix == ".json" and rng.random() < 0.7:
        path.write_text(json.dumps(_damaged_value(json.loads(data), rng)), encoding="utf-8")
    else:
        path.write_bytes(_damaged(data, rng, head=2048))


def _damaged_value(value: Any, rng: random.Random) -> Any:
    """A JSON value with one part of it replaced, taken away, or made something odd."""
    if rng.random() < 0.1 or not isinstance(value, dict | list) or not value:
        return rng.choice(ODD_VALUES)
    if isinstance(value, list):
        place = rng.randrange(len(value))
        return [*value[:place], _damaged_value(value[place], rng), *value[place + 1 :]]
    key = rng.choice(list(value))
    if rng.random() < 0.2:
        return {name: entry for name, entry in value.items() if name != key}
    return {**value, key: _damaged_value(value[key], rng)}


def _damaged(data: bytes, rng: random.Random, *, head: int) -> bytes:
    """The bytes with one to three faults, most of them near the beginning."""
    for _ in range(rng.randint(1, 3)):
        most = min(len(data), head) if rng.random() < 0.9 else len(data)
        place = rng.randrange(max(1, most))
        kind = rng.randrange(6)
        if kind == 0:
            data = data[:place]
        elif kind == 1:
            data = data[:place] + rng.choice(ODD).to_bytes(8, "little") + data[place + 8 :]
        elif kind == 2:
            data = data[:place] + (rng.choice(ODD) % 2**32).to_bytes(4, "little") + data[place + 4 :]
        elif kind == 3:
            data = data[:place] + rng.randbytes(rng.randint(1, 16)) + data[place + 1 :]
        elif kind == 4:
            data = data[:place] + data[place + rng.randint(1, 64) :]
        else:
            piece = data[place : place + rng.randint(1, 64)]
            data = data[:place] + piece + data[place:]
    return data


def campaign(options: Options) -> Counts:
    found = run(options.count, options.seed)
    for fault in found["faults"]:
        tell(fault)
    return {"files": options.count, "refused": found["refused"], "loaded": found["loaded"], "failures": len(found["faults"])}


if __name__ == "__main__":
    if "--child" in sys.argv:
        _child(*map(int, sys.argv[2:]))
    else:
        command("model_files", __doc__, campaign, count=1000)
