"""Stand between an editor and a language server, and note each message with its time in seconds.

Usage: ``python relay.py LOG COMMAND...``. VS Code keeps no log of ours that a test could show when
it fails.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

STARTED = time.monotonic()
LONGEST = 240
"""How many bytes of a message are noted."""


def pass_on(source: BinaryIO, target: BinaryIO, log: Path, sign: bytes) -> None:
    """Copy messages until either end closes, and close the other."""
    with log.open("ab", buffering=0) as notes, contextlib.suppress(OSError), target:
        while header := source.readline():
            length = 0
            lines = [header]
            while lines[-1].strip():
                name, _, value = lines[-1].partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                lines.append(source.readline())
            body = source.read(length)
            notes.write(b"%.3f %s %s\n" % (time.monotonic() - STARTED, sign, body[:LONGEST]))
            target.write(b"".join(lines) + body)
            target.flush()


def main() -> None:
    log = Path(sys.argv[1])
    server = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None
    assert server.stdout is not None
    threading.Thread(target=pass_on, args=(sys.stdin.buffer, server.stdin, log, b">"), daemon=True).start()
    pass_on(server.stdout, sys.stdout.buffer, log, b"<")
    sys.exit(server.wait())


if __name__ == "__main__":
    main()
