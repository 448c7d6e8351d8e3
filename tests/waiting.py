"""Waiting, for a limited time, for what another process or thread does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def eventually(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Return as soon as `condition` holds; fail if it does not within `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.02)


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    """Whether `condition` holds before `seconds` are over."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
