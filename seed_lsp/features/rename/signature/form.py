"""What a function may become; by itself, so that the server's start need not load how."""

from __future__ import annotations

from typing import Literal

Form = Literal["method", "function"]
