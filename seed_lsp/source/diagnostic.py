"""What an editor reports of a document, as the features see it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seed_lsp.source.document import CharOffset

_QUOTED = re.compile(r"""(["'`])(.+?)\1|[\u2018\u201c](.+?)[\u2019\u201d]""")


@dataclass(frozen=True)
class Diagnostic:
    """A report of the editor about characters `start` to `end` of the document.

    `source` is the checker's name and `code` the rule's, as the protocol has them; either may be
    empty. `has_fix`: the checker itself offers to mend it.
    """

    start: CharOffset
    end: CharOffset
    message: str
    source: str = ""
    code: str = ""
    has_fix: bool = False

    @property
    def quoted(self) -> list[str]:
        """What the message has between quotes."""
        return [found[1] or found[2] for found in _QUOTED.findall(self.message)]
