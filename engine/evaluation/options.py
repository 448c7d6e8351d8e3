"""The options of an evaluation, and what its report repeats of them."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.api import DRAFT_SOURCES, MODES, NUMBER_FORMATS, SamplingOptions
from engine.decoding.denoising_policy import Thresholds
from engine.evaluation.tasks import SETS

MODEL = "qwen2.5-coder-1.5b"
REPORTED = ("model", "mode", "draft", "threshold", "block_size", "max_rows", "limit", "every")
"""What a report repeats of its options."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", choices=sorted(SETS))
    parser.add_argument(
        "--data", type=Path, help="the folder that holds the evaluation sets' files; from the model hub if left out (needs seed-lsp[eval])"
    )
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--adapter", type=Path, help="another adapter's file than the one that ships with the model")
    parser.add_argument("--mode", choices=MODES, default="verified")
    parser.add_argument("--draft", choices=DRAFT_SOURCES, default="auto", help="where mode verified takes its drafts from")
    parser.add_argument("--dtype", choices=NUMBER_FORMATS)
    parser.add_argument(
        "--threshold", type=float, default=Thresholds().mask, help="mode diffusion: confidence above which a token is placed"
    )
    parser.add_argument("--block-size", type=int, default=SamplingOptions().block_size)
    parser.add_argument("--max-rows", type=int, help="rows of a forward with masks; what suits the device if left out")
    parser.add_argument("--every", type=int, default=1, help="every so many-th task, for a sample of a large set")
    parser.add_argument("--limit", type=int, help="the first so many of them")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the report there; answers go beside it, and are not asked for again"
    )
    parser.add_argument(
        "--reuse",
        nargs=2,
        metavar=("SET", "FILE"),
        help="judge the answers in FILE that the same options gave to SET, wherever a task's request is the same (humaneval-plus, mbpp-plus)",
    )
    parser.add_argument("--check", action="store_true", help="run the set's references and broken answers instead of a model's")
