"""Run pytest with limits on memory and files, since a model wrote some of the code.

    python limited_tests.py ARGUMENTS

It is run as a file: the package's own tests may be called `tests` or `benchmarks`, too.
"""

from __future__ import annotations

import resource
import sys

import pytest

MEMORY_BYTES = 4 << 30
FILE_BYTES = 64 << 20


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    return int(pytest.main(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
