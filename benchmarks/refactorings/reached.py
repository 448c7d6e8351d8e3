"""Run a package's tests, and print which of them reach each of its functions.

    python reached.py CODE TESTS

Only tests that pass, in at most two seconds, count. The last line of the output is a JSON object:
the file and first line of a function, joined by a colon, and the tests that call it.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

SLOWEST_S = 2.0


class Reached:
    """A plugin that notes the functions below `code` that are called in each test."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._current: set[str] = set()
        self._failed: set[str] = set()
        self.tests: dict[str, set[str]] = defaultdict(set)

    def on_call(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(self._code):
            self._current.add(f"{frame.f_code.co_filename}:{frame.f_code.co_firstlineno}")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._current = set()
        yield
        if item.nodeid not in self._failed:
            for function in self._current:
                self.tests[function].add(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed or report.duration > SLOWEST_S:
            self._failed.add(report.nodeid)


def main() -> None:
    plugin = Reached(str(Path(sys.argv[1]).resolve()))
    threading.setprofile(plugin.on_call)
    sys.setprofile(plugin.on_call)
    pytest.main(["-q", "-p", "no:cacheprovider", "-W", "ignore", "--no-header", *sys.argv[2:]], plugins=[plugin])
    sys.setprofile(None)
    threading.setprofile(None)
    print()
    print(json.dumps({function: sorted(tests) for function, tests in plugin.tests.items()}))


if __name__ == "__main__":
    main()
