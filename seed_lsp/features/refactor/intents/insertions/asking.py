"""Asking the model for what goes between two texts."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.api import Finished, InfillRequest
from seed_lsp.errors import RejectedResultError
from seed_lsp.features.refactor.action import Tools, require_wanted
from seed_lsp.source.document import Document
from seed_lsp.source.encodings import declared_encoding

_LEAST_S = 0.2
UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\x00-\x08\x0b-\x1f\x7f]|<\\|\\w+\\|>")
"""Characters that nobody sees, but for tabs and line breaks, and the control tokens of models."""


@dataclass
class Asker:
    """Asks about a document, for as long as an edit may take. `finished` has the answers."""

    document: Document
    tools: Tools
    finished: list[Finished] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.tools.settings.edit_deadline_s

    @property
    def left(self) -> float:
        return self.until - time.monotonic()

    async def ask(self, around: tuple[str, str], start: str, stops: Sequence[str], tokens: int, left: float) -> str:
        """What the model writes behind `start`, between the two texts around."""
        if left < _LEAST_S:
            raise RejectedResultError("the time was over; raise seed.edit.deadlineS")
        settings = self.tools.settings
        request = InfillRequest(
            0, settings.model, settings.edit_sampling(tokens, left), prefix=around[0], suffix=around[1], start=start, stop=tuple(stops)
        )
        finished = await self.tools.ask(request)
        self.finished.append(finished)
        require_wanted(finished)
        if finished.finish_reason == "deadline":
            raise RejectedResultError("the time was over; raise seed.edit.deadlineS")
        return finished.text.removeprefix(start)

    def require_encodable(self, text: str) -> None:
        encoding = declared_encoding(self.document.text)
        try:
            text.encode(encoding)
        except (UnicodeEncodeError, LookupError) as error:
            raise RejectedResultError(f"the model's text has a letter that the file's encoding, {encoding}, lacks") from error


def require_visible(text: str) -> None:
    if UNSEEN.search(text):
        raise RejectedResultError("the model's text has invisible control characters")
