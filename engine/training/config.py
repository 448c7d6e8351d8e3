"""A training run as a TOML file describes it: ``[run]``, and one ``[[stage]]`` after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from engine.files import read_regular
from engine.training.objectives import LOSSES, Loss

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_BYTES = 1_000_000

StageKind = Literal["mask", "edit", "trajectory", "on_policy"]
T = TypeVar("T")


class ConfigError(ValueError):
    """The file describes no run; its text says what to change."""


@dataclass(frozen=True)
class Stage:
    """`steps` updates of one kind.

    ``mask`` and ``edit`` are Seed Diffusion's two-stage curriculum; ``trajectory`` has the
    constrained orders; ``on_policy`` has states that the model itself reaches. `full` is the share
    of blocks that are all masks, as a draft of one step starts; the others have their tokens masked
    with probability γ(t). `apart` is the mean distance between the blocks of a text. The learning
    rate rises over `warmup` steps and falls to zero over the last `cooldown`. `candidates` is the
    number of orders that ``trajectory`` chooses from.
    """

    kind: StageKind
    steps: int
    learning_rate: float
    loss: Loss = "cross_entropy"
    full: float = 0.75
    apart: float = 2.0
    warmup: int = 10
    cooldown: int = 0
    candidates: int = 4

    def rate(self, into: int) -> float:
        """The learning rate of the step number `into` of the stage, counted from 0."""
        left = (self.steps - into) / self.cooldown if self.cooldown else 1.0
        return self.learning_rate * min(1.0, (into + 1) / max(1, self.warmup), left)

    def __post_init__(self) -> None:
        _one_of("stage.kind", self.kind, get_args(StageKind))
        _one_of("stage.loss", self.loss, LOSSES)
        _positive("stage", self, ("steps", "learning_rate", "apart", "candidates"))
        if not 0.0 <= self.full <= 1.0:
            raise ConfigError(f"stage.full is {self.full}; it is a share, from 0 to 1")


@dataclass(frozen=True)
class Run:
    """A training run.

    `folder` is where checkpoints, the log and the curves go; `answers` is the training text
    (`engine.training.answers`). `rows` are the noisy rows of one pass, `accumulate` the passes of
    one update. Drafts have any number of masks from `smallest_block` to `block_size`, as they have
    in use, where `engine.decoding.row_budget` weighs each row; with 0 all have `block_size`.
    `start_from` is an adapter to go on from, and `lowest_layer` the first adapted layer.
    `neighbour_width` is the width of the head in `engine.model.draft_head`, 0 for none.
    """

    model: str
    answers: Path
    folder: Path
    stages: tuple[Stage, ...]
    start_from: Path | None = None
    seed: int = 0
    rank: int = 16
    alpha: float = 32.0
    lowest_layer: int = 0
    neighbour_width: int = 0
    logit_shift: bool = True
    block_size: int = 6
    smallest_block: int = 0
    edit_block_size: int = 24
    row_decay: float = 0.85
    rows: int = 480
    accumulate: int = 1
    checkpoint_every: int = 50
    held_out_texts: int = 24

    def __post_init__(self) -> None:
        counts = ("rank", "alpha", "block_size", "edit_block_size", "row_decay", "rows", "accumulate", "checkpoint_every")
        _positive("run", self, (*counts, "held_out_texts"))
        if not self.stages:
            raise ConfigError("the run has no [[stage]]")
        if not 0 <= self.smallest_block <= self.block_size:
            raise ConfigError(
                f"run.smallest_block is {self.smallest_block}; it is a number of masks, at most block_size, or 0 for blocks of one size"
            )

    @property
    def steps(self) -> int:
        return sum(stage.steps for stage in self.stages)


def load_run(path: Path) -> Run:
    """Read the file; paths in it are relative to it.

    Unknown names, wrong types and values without sense are a `ConfigError`.
    """
    content = read_toml(path)
    if unknown := content.keys() - {"run", "stage"}:
        raise ConfigError(f"{path}: unknown tables {', '.join(sorted(unknown))}; there are [run] and [[stage]]")
    return run_from(content.get("run", {}), content.get("stage", []), path.parent)


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables; `ConfigError` where it is none."""
    try:
        return tomllib.loads(read_regular(path, MAX_BYTES).decode("utf-8"))
    except (OSError, RecursionError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error


def run_from(run: Mapping[str, Any], stages: Iterable[Mapping[str, Any]], folder: Path) -> Run:
    """Make a run of the tables ``[run]`` and ``[[stage]]``; paths in them are relative to `folder`.

    Errors are those of `load_run`.
    """
    table = dict(run)
    for name in ("answers", "folder", "start_from"):
        if name in table:
            table[name] = (folder / Path(str(table[name])).expanduser()).resolve()
    return _fill(Run, "run", {**table, "stages": tuple(_fill(Stage, "stage", stage) for stage in stages)})


def _fill(kind: type[T], name: str, table: Mapping[str, Any]) -> T:
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := table.keys() - known.keys():
        raise ConfigError(f"{name}: unknown settings {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
    try:
        return kind(**table)
    except TypeError as error:
        raise ConfigError(f"{name}: {error}") from error


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{name} is {value!r}; it is one of {', '.join(known)}")


def _positive(name: str, owner: object, names: tuple[str, ...]) -> None:
    for field in names:
        value = getattr(owner, field)
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ConfigError(f"{name}.{field} is {value!r}; it must be a positive number")
