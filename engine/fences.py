"""Fences of Markdown's code blocks, longer than any run of backticks in the text."""

from __future__ import annotations

import re


def fence_around(text: str) -> str:
    """Three backticks, or one more than the longest run of three or more in `text`."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    return "`" * (longest + 1)
