"""The settings as the server reads them.

They are described in the VS Code extension's `package.json`, from which the table of
docs/settings.md is made; a test holds both together.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from engine.api import MODES, NUMBER_FORMATS, Mode, SamplingOptions, WorkerSettings
from seed_lsp.source.ignore import UnusablePatternError, parse_pattern

SECTION = "seed"
EDITOR_KEYS = ("server.path", "server.python", "trace.server")
"""Settings of the VS Code extension itself, which it sends with the others."""
MOST_REPORTED = 5
MOST_CHARS_OF_A_KEY = 60


@dataclass(frozen=True)
class Settings:
    """What a user can choose. Each field is the setting ``seed.<key>`` of its metadata."""

    model: str = field(default="qwen2.5-coder-1.5b", metadata={"key": "model"})
    mode: Mode = field(default="verified", metadata={"key": "mode", "choices": MODES})
    device: str = field(default="auto", metadata={"key": "device", "choices": ("auto", "cpu", "cuda", "mps")})
    dtype: str = field(default="auto", metadata={"key": "dtype", "choices": ("auto", *NUMBER_FORMATS)})
    inline_enabled: bool = field(default=True, metadata={"key": "inline.enabled"})
    inline_max_tokens: int = field(default=48, metadata={"key": "inline.maxTokens", "range": (1, 512)})
    inline_deadline_ms: int = field(default=4000, metadata={"key": "inline.deadlineMs", "range": (50, 60_000)})
    inline_typing_deadline_ms: int = field(default=600, metadata={"key": "inline.typingDeadlineMs", "range": (50, 60_000)})
    inline_model: str = field(default="", metadata={"key": "inline.model"})
    inline_min_chance: int = field(default=15, metadata={"key": "inline.minChance", "range": (0, 100)})
    inline_related: bool = field(default=False, metadata={"key": "inline.related"})
    inline_prepare: bool = field(default=True, metadata={"key": "inline.prepare"})
    exclude: tuple[str, ...] = field(default=(), metadata={"key": "exclude"})
    next_edit_enabled: bool = field(default=True, metadata={"key": "nextEdit.enabled"})
    completion_enabled: bool = field(default=False, metadata={"key": "completion.enabled"})
    edit_max_tokens: int = field(default=1024, metadata={"key": "edit.maxTokens", "range": (16, 8192)})
    edit_deadline_s: int = field(default=120, metadata={"key": "edit.deadlineS", "range": (1, 3600)})
    idle_minutes: int = field(default=15, metadata={"key": "engine.idleMinutes", "range": (0, 1440)})

    @property
    def model_of_inline(self) -> str:
        return self.inline_model or self.model

    @property
    def worker(self) -> WorkerSettings:
        return WorkerSettings(device=None if self.device == "auto" else self.device, dtype=None if self.dtype == "auto" else self.dtype)

    def edit_sampling(self, max_new_tokens: int | None = None, deadline_s: float | None = None) -> SamplingOptions:
        """How an edit is sampled, within the limits of the settings where none are given."""
        return SamplingOptions(
            mode=self.mode,
            max_new_tokens=self.edit_max_tokens if max_new_tokens is None else max_new_tokens,
            deadline_s=float(self.edit_deadline_s) if deadline_s is None else deadline_s,
        )


def parse_settings(raw: object) -> tuple[Settings, list[str]]:
    """Settings from what a client sent for the section `seed` (nested, or with dotted keys), and
    what was wrong with it.

    A bad value is reported and its default used; null means the default. A key that nobody reads is
    reported, with the known one that it resembles.
    """
    if raw is None or _is_empty_table(raw):
        return Settings(), []
    if not isinstance(raw, dict):
        return Settings(), [f"the settings section {SECTION} is no object; the defaults are used"]
    values: dict[str, Any] = {}
    problems = _unknown_keys(raw)
    for entry in fields(Settings):
        key = str(entry.metadata["key"])
        value = _look_up(raw, key)
        if value is None:
            continue
        if isinstance(entry.default, tuple) and isinstance(value, list):
            values[entry.name], unusable = _usable_patterns(value)
            problems += [f"{SECTION}.{key}: {problem}; the other entries hold" for problem in unusable]
            continue
        problem = _problem(entry.default, value, entry.metadata)
        if problem:
            problems.append(f"{SECTION}.{key}: {problem}; {entry.default!r} is used")
        else:
            values[entry.name] = value
    return Settings(**values), problems


def _unknown_keys(raw: dict[str, Any]) -> list[str]:
    """One text that names the keys which are no settings, most likely mistyped; none where there
    are none.
    """
    known = [*(str(entry.metadata["key"]) for entry in fields(Settings)), *EDITOR_KEYS]
    unknown = [key for key in _keys_of(raw, known) if key not in known]
    if not unknown:
        return []
    named = ", ".join(_with_the_nearest(key, known) for key in unknown[:MOST_REPORTED])
    more = f" and {len(unknown) - MOST_REPORTED} more" if len(unknown) > MOST_REPORTED else ""
    return [f"there is no setting {named}{more}; what it says has no effect"]


def _keys_of(raw: dict[str, Any], known: list[str], group: str = "") -> Iterator[str]:
    """The dotted keys of what a client sent, down to where no setting's name goes on."""
    for name, value in raw.items():
        key = f"{group}{name}"
        is_group = key not in known and any(other.startswith(f"{key}.") for other in known)
        if is_group and isinstance(value, dict):
            yield from _keys_of(value, known, f"{key}.")
        elif not (is_group and _is_empty_table(value)):
            yield key


def _is_empty_table(value: object) -> bool:
    """Whether a value is the list as which Neovim sends an empty table of Lua."""
    return value == []


def _with_the_nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key[:MOST_CHARS_OF_A_KEY], known, n=1)
    return f"{SECTION}.{key[:MOST_CHARS_OF_A_KEY]}" + (f" (did you mean {SECTION}.{near[0]}?)" if near else "")


def _look_up(raw: dict[str, Any], key: str) -> Any:
    if key in raw:
        return raw[key]
    inner: Any = raw
    for part in key.split("."):
        if not isinstance(inner, dict) or part not in inner:
            return None
        inner = inner[part]
    return inner


def _usable_patterns(entries: list[object]) -> tuple[tuple[str, ...], list[str]]:
    """The patterns among a list's entries, and what is wrong with the others: each keeps files from
    the model, whatever the others are.
    """
    kept: list[str] = []
    problems: list[str] = []
    for entry in entries:
        try:
            if not isinstance(entry, str):
                problems.append(f"{entry!r} is no pattern")
            elif entry.startswith("#"):
                problems.append(f"{entry!r} is a comment; for a name that begins so write \\{entry}")
            elif (pattern := parse_pattern(entry)) is not None:
                kept.append(entry)
                problems += [f"{entry!r} may not do what it was meant to: {pattern.flaw}"] if pattern.flaw else []
        except UnusablePatternError as error:
            problems.append(f"{entry!r} matches no file: {error}")
    return tuple(kept), problems


def _problem(default: object, value: object, metadata: Any) -> str | None:
    if isinstance(default, tuple):
        return f"{value!r} is no list of patterns"
    if type(value) is not type(default):
        return f"{value!r} is not of type {type(default).__name__}"
    if "choices" in metadata and value not in metadata["choices"]:
        return f"{value!r} is not one of {', '.join(metadata['choices'])}"
    if "range" in metadata:
        low, high = metadata["range"]
        if isinstance(value, int) and not low <= value <= high:
            return f"{value} is not from {low} to {high}"
    return None
