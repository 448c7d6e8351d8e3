"""The real server with limits on its engine process alone.

    python -m benchmarks.robustness.limited

``SOAK_MEMORY_BYTES`` is address space beyond what the process has at its start. ``SOAK_FILE_BYTES``
is the longest file that it may write, as on a disk that is full then.
"""

from __future__ import annotations

import os
import resource
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from engine import worker
from engine.api import WorkerSettings
from seed_lsp.server.lifecycle import serve_stdio
from seed_lsp.session.engine_client import EngineClient

MEMORY, FILE = "SOAK_MEMORY_BYTES", "SOAK_FILE_BYTES"


def limited(connection: Connection, settings: WorkerSettings) -> None:
    if MEMORY in os.environ:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + int(os.environ[MEMORY])
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    if FILE in os.environ:
        most = int(os.environ[FILE])
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    worker.main(connection, settings)


if __name__ == "__main__":
    sys.exit(serve_stdio(EngineClient(entry=limited)))
