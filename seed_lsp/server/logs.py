"""The server's log, which is standard error.

Messages of other libraries quote what they were given, so that only their place and type is kept.
"""

from __future__ import annotations

import logging
import traceback

_OURS = ("seed_lsp", "engine")


class PlaceAlone(logging.Formatter):
    """Our own messages as they are; of others the level, the place and the type of the error."""

    def format(self, record: logging.LogRecord) -> str:
        if record.name.partition(".")[0] in _OURS and record.exc_info is None:
            return super().format(record)
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        lines = [f"{record.levelname} in {record.name}, {record.module}.{record.funcName}"]
        if error is not None:
            lines[0] += f": {type(error).__name__}"
            lines += [line.rstrip() for line in traceback.format_tb(error.__traceback__)]
        return "\n".join(lines)


def log_to_standard_error() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(PlaceAlone("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
