"""The settings: one definition, from which the README's table is made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from engine.api import MODES, NUMBER_FORMATS, Mode
from engine.worker import WorkerSettings

SECTION = "seed"


@dataclass(frozen=True)
class Settings:
    """What a user can choose. Each field is the setting ``seed.<key>`` of its metadata."""

    model: str = field(
        default="qwen2.5-coder-1.5b",
        metadata={
            "key": "model",
            "help": "`qwen2.5-coder-1.5b`, `qwen2.5-coder-0.5b`, or the path of a `.gguf` file or a safetensors folder",
        },
    )
    mode: Mode = field(
        default="verified",
        metadata={
            "key": "mode",
            "choices": MODES,
            "help": "`verified` (the base model's own text, drafted), `diffusion`, `autoregressive`",
        },
    )
    device: str = field(
        default="auto", metadata={"key": "device", "choices": ("auto", "cpu", "cuda", "mps"), "help": "where the model runs"}
    )
    dtype: str = field(
        default="auto",
        metadata={"key": "dtype", "choices": ("auto", *NUMBER_FORMATS), "help": "how it holds its weights; `auto`: the fastest"},
    )
    inline_enabled: bool = field(default=True, metadata={"key": "inline.enabled", "help": "answer inline completion requests"})
    inline_max_tokens: int = field(
        default=48, metadata={"key": "inline.maxTokens", "range": (1, 512), "help": "longest inline completion, in tokens"}
    )
    inline_deadline_ms: int = field(
        default=4000,
        metadata={"key": "inline.deadlineMs", "range": (50, 60_000), "help": "after this the text so far is shown, where you asked for it"},
    )
    inline_typing_deadline_ms: int = field(
        default=800, metadata={"key": "inline.typingDeadlineMs", "range": (50, 60_000), "help": "the same while you type"}
    )
    inline_model: str = field(
        default="",
        metadata={
            "key": "inline.model",
            "help": "another model for inline completions: `qwen2.5-coder-0.5b-infill` is three times as fast; empty: `seed.model`",
        },
    )
    inline_min_chance: int = field(
        default=15,
        metadata={
            "key": "inline.minChance",
            "range": (0, 100),
            "help": "while you type, lines that the model gives less than this chance, in percent, are not shown",
        },
    )
    inline_related: bool = field(
        default=False,
        metadata={"key": "inline.related", "help": "let the model see pieces of other files: what imported names are, what changed lately"},
    )
    inline_prepare: bool = field(
        default=True, metadata={"key": "inline.prepare", "help": "prepare the next completion in the background while one is shown"}
    )
    exclude: tuple[str, ...] = field(
        default=(),
        metadata={"key": "exclude", "help": "patterns, as in `.gitignore`, of further files whose text must never reach the model"},
    )
    next_edit_enabled: bool = field(default=True, metadata={"key": "nextEdit.enabled", "help": "answer requests for next edits"})
    completion_enabled: bool = field(
        default=False,
        metadata={
            "key": "completion.enabled",
            "help": "also offer the completion in the ordinary list, for editors without inline completion",
        },
    )
    edit_max_tokens: int = field(
        default=1024, metadata={"key": "edit.maxTokens", "range": (16, 8192), "help": "longest rewritten selection, in tokens"}
    )
    edit_deadline_s: int = field(
        default=120, metadata={"key": "edit.deadlineS", "range": (1, 3600), "help": "after this a refactoring is given up"}
    )
    idle_minutes: int = field(
        default=15,
        metadata={
            "key": "engine.idleMinutes",
            "range": (0, 1440),
            "help": "the model is unloaded after this long without a request; 0: never",
        },
    )

    @property
    def model_of_inline(self) -> str:
        return self.inline_model or self.model

    @property
    def worker(self) -> WorkerSettings:
        return WorkerSettings(device=None if self.device == "auto" else self.device, dtype=None if self.dtype == "auto" else self.dtype)


def parse_settings(raw: object) -> tuple[Settings, list[str]]:
    """Settings from what a client sent for the section `seed` (nested, or with dotted keys), and what was wrong with it.

    A bad value is reported and its default used; null means the default; keys that we do not know are left to the editor.
    """
    if raw is None:
        return Settings(), []
    if not isinstance(raw, dict):
        return Settings(), [f"the settings section {SECTION} is no object; the defaults are used"]
    values: dict[str, Any] = {}
    problems: list[str] = []
    for entry in fields(Settings):
        key = str(entry.metadata["key"])
        value = _look_up(raw, key)
        if value is None:
            continue
        problem = _problem(entry.default, value, entry.metadata)
        if problem:
            problems.append(f"{SECTION}.{key}: {problem}; {entry.default!r} is used")
        else:
            values[entry.name] = tuple(value) if isinstance(entry.default, tuple) else value
    return Settings(**values), problems


def _look_up(raw: dict[str, Any], key: str) -> Any:
    if key in raw:
        return raw[key]
    inner: Any = raw
    for part in key.split("."):
        if not isinstance(inner, dict) or part not in inner:
            return None
        inner = inner[part]
    return inner


def _problem(default: object, value: object, metadata: Any) -> str | None:
    if isinstance(default, tuple):
        return None if isinstance(value, list) and all(isinstance(entry, str) for entry in value) else f"{value!r} is no list of strings"
    if type(value) is not type(default):
        return f"{value!r} is not of type {type(default).__name__}"
    if "choices" in metadata and value not in metadata["choices"]:
        return f"{value!r} is not one of {', '.join(metadata['choices'])}"
    if "range" in metadata:
        low, high = metadata["range"]
        if isinstance(value, int) and not low <= value <= high:
            return f"{value} is not from {low} to {high}"
    return None


def settings_table() -> str:
    """The settings as a Markdown table."""
    rows = ["| Setting | Default | Meaning |", "|---|---|---|"]
    for entry in fields(Settings):
        default = _shown(entry.default)
        rows.append(f"| `{SECTION}.{entry.metadata['key']}` | `{default}` | {entry.metadata['help']} |")
    return "\n".join(rows) + "\n"


def _shown(default: object) -> str:
    """A default as JSON has it, strings without their quotes."""
    return default if isinstance(default, str) and default else json.dumps(default)
