"""The forms that a function may be changed to.

They stand in a module of their own so that the server starts without loading the code of the
change.
"""

from __future__ import annotations

from typing import Literal

Form = Literal["method", "function"]
