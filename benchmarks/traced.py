"""Run a package's tests and print which lines of its code they reach.

    python traced.py CODE TESTS

The last line of the output is one JSON object.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from types import FrameType
from typing import Any

import pytest


def main() -> None:
    code, tests = str(Path(sys.argv[1]).resolve()), sys.argv[2]
    reached: dict[str, set[int]] = defaultdict(set)

    def on_line(frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            reached[frame.f_code.co_filename].add(frame.f_lineno)
        return on_line

    def on_call(frame: FrameType, _event: str, _argument: Any) -> Any:
        return on_line if frame.f_code.co_filename.startswith(code) else None

    sys.settrace(on_call)
    status = pytest.main(["-q", "-x", "-p", "no:cacheprovider", "-W", "ignore", "--no-header", tests])
    sys.settrace(None)
    print()
    print(json.dumps({"status": int(status), "reached": {name: sorted(lines) for name, lines in reached.items()}}))


if __name__ == "__main__":
    main()
