"""``seed-lsp doctor``: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from importlib.resources import files

from engine.store import MODELS, Store, StoreError
from seed_lsp import __version__
from seed_lsp.features.inline.completion import REASONS
from seed_lsp.session.usage import default_path, read_counts
from seed_lsp.source.syntax import LANGUAGES, parse

PREFIX = "inline.reason."


def doctor(model: str) -> int:
    """Print a line for each thing that matters; 0 if completions and edits can run, 1 if not."""
    print(f"seed-lsp {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    good = [_torch(), _grammars(), _model(model)]
    print(f"protocol: pygls {importlib.metadata.version('pygls')}, lsprotocol {importlib.metadata.version('lsprotocol')}")
    _reasons()
    return 0 if all(good) else 1


def _reasons() -> None:
    """Why completions were shown or not, as counted on this machine."""
    counts = {name.removeprefix(PREFIX): count for name, count in read_counts(default_path()).items() if name.startswith(PREFIX)}
    if not counts:
        print("completions: none asked for yet")
    for name, count in sorted(counts.items(), key=lambda entry: -entry[1]):
        print(f"completions: {name} {count} times: {REASONS.get(name, 'a reason of another version')}")  # type: ignore[call-overload]


def _torch() -> bool:
    run = subprocess.run([sys.executable, "-m", "engine.diagnosis"], capture_output=True, text=True, check=False)
    if run.returncode == 0:
        print(run.stdout.strip())
        return True
    print(f"torch does not work: {run.stderr.strip().splitlines()[-1:]}; install it again with: pip install 'torch>=2.10,<2.14'")
    return False


def _grammars() -> bool:
    broken = []
    for language in LANGUAGES:
        try:
            parse("", language)
        except (ImportError, ValueError, AttributeError) as error:
            broken.append(f"{language} ({error})")
    print(f"grammars: {len(LANGUAGES) - len(broken)} of {len(LANGUAGES)}" + (f"; broken: {', '.join(broken)}" if broken else ""))
    return not broken


def _adapter(name: str) -> str:
    """What the shipped adapter of a published model is good for; its tensors are not read."""
    from safetensors import safe_open

    if not (files("engine") / "adapters" / f"{name}.safetensors").is_file():
        return "it has no adapter, drafts are copies"
    with safe_open(str(files("engine") / "adapters" / f"{name}.safetensors"), framework="numpy") as file:
        expected = float((file.metadata() or {}).get("expected_accepted", "0"))
    return f"its drafts are right for {expected:.1f} tokens on average" if expected else "its adapter is not trained, drafts are copies"


def _model(name: str) -> bool:
    store = Store()
    space = store.root if store.root.exists() else store.root.parent
    free = shutil.disk_usage(space).free if space.exists() else 0
    print(f"models in {store.root}, {free / 1e9:.0f} GB free")
    for spec in MODELS:
        print(f"  {spec.name}: {'fetched' if store.is_fetched(spec) else 'not fetched'}; {_adapter(spec.name)}")
    try:
        located = store.locate(name)
    except StoreError as error:
        print(f"{name} cannot be loaded: {error}")
        return False
    converted = located.gguf is None or located.conversions()
    state = "ready" if converted else "will be converted at its first use, which takes about a minute"
    print(f"{name}: {state}")
    return True
