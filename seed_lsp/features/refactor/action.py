"""What an action is: where the menu offers it, what it is given, and what it proposes.

Each action has a module of its own, and `registry` lists them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from engine.api import Finished, Request
from seed_lsp.errors import CancelledError
from seed_lsp.session.engine_client import Watch
from seed_lsp.session.settings import Settings
from seed_lsp.source.diagnostic import Diagnostic
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import Edit, apply_edits
from seed_lsp.source.syntax import Span

if TYPE_CHECKING:
    from seed_lsp.session.jedi_thread import Check
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

Result = TypeVar("Result")
KINDS = ("refactor.rewrite", "refactor.extract.function", "refactor.extract.variable", "refactor.inline", "quickfix", "refactor")
"""The code action kinds that the server announces; no action is of another one."""
MAX_CHARS = 1_000_000
"""In larger files the syntax is not looked at: they are data, and it would take seconds."""
MENU_CHARS = 300_000
"""In larger files the menu does not look through all of the code: it would have to wait."""


@dataclass(frozen=True)
class Selection:
    """What the user selected: characters `start` to `end`, which are equal for a bare cursor.

    `diagnostics` are those that the editor shows there. `path` is the document's file, if it has
    one.
    """

    document: Document
    start: CharOffset
    end: CharOffset
    diagnostics: tuple[Diagnostic, ...] = ()
    path: Path | None = None

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]

    @property
    def meant(self) -> tuple[CharOffset, CharOffset]:
        """Where it starts and ends; for a bare cursor where its line does."""
        is_cursor = self.start == self.end
        return self.document.line_range(self.document.line_of(self.start)) if is_cursor else (self.start, self.end)


@dataclass(frozen=True)
class Offer:
    """An entry of the menu.

    `argument` says which of several things the action shall do, such as the code of a rule. The
    action gets `diagnostic` back as the only one of its selection.
    """

    title: str
    argument: str = ""
    diagnostic: Diagnostic | None = None


@dataclass(frozen=True)
class NewFile:
    """A file that a proposal makes; it must not exist yet."""

    path: Path
    text: str


@dataclass(frozen=True)
class OtherFile:
    """What a proposal adds to another file of the workspace, whose text is that of `document`.

    Outside of its import block, where a line may be written anew, the edits replace nothing.
    """

    path: Path
    document: Document
    edits: tuple[Edit, ...]

    @property
    def new_text(self) -> str:
        return apply_edits(self.document.text, self.edits)


@dataclass(frozen=True)
class Proposal:
    """Edits to a document, in order and apart, none of which is applied yet.

    `span` is the region that was asked for; edits outside it lie in the import block alone. Where
    code moves, the region reaches from where it was to where it goes: a new function stands before
    the definition that it was taken from. `note` tells the user what they should know, such as what
    was left open and why. `finished` has the model's answers that it was made of, none for what was
    computed.
    """

    edits: tuple[Edit, ...]
    span: Span
    note: str = ""
    finished: tuple[Finished, ...] = ()
    new_file: NewFile | None = None
    other_file: OtherFile | None = None

    def new_text(self, document: Document) -> str:
        return apply_edits(document.text, self.edits)

    def new_region(self, document: Document) -> str:
        """The region as it becomes."""
        inside = [edit for edit in self.edits if self.span.holds(edit.start, edit.end)]
        return apply_edits(document.text[self.span.start : self.span.end], inside, offset=self.span.start)


def require_wanted(finished: Finished) -> Finished:
    """An answer; `CancelledError` if the user has taken the request back."""
    if finished.finish_reason == "cancelled":
        raise CancelledError("cancelled")
    return finished


class Tools(Protocol):
    """What an action may use while it works: the model, jedi, and the preview."""

    @property
    def settings(self) -> Settings: ...

    async def ask(self, request: Request, watch: Watch = ...) -> Finished:
        """Ask the model; `watch` sees each event before the last, and ends the request by answering
        True: its text is then what was certain so far, and its reason ``cancelled``.

        The request's `id` is replaced. It raises what `EngineClient.run` raises.
        """

    async def look_up(self, selection: Selection, work: Callable[[WorkspaceFiles, Resolver, Check], Result]) -> Result:
        """Do `work` in jedi's thread, on the workspace around the selection's file."""

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        """Show in the preview what `span` becomes: `committed`, and behind it a draft."""


@dataclass(frozen=True)
class Action:
    """An action of the menu, `seed/rewrite`, `seed.refactor` and `seed-lsp edit --action NAME`.

    `kind` is its code action kind. `offers` lists the entries for a selection, and must be quick:
    it runs with each look at the menu, without the model. `propose` makes the edits for one entry's
    argument; a `SeedError` says why there are none. `needs_model`: without a model's file the entry
    is disabled.
    """

    name: str
    title: str
    kind: str
    offers: Callable[[Selection], Awaitable[Sequence[Offer]]]
    propose: Callable[[Selection, str, Tools], Awaitable[Proposal]]
    needs_model: bool = True
