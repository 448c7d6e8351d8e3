"""What an action is given here in place of an editor's session."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from engine.api import EditRequest, Finished, ModelUnavailableError, Request
from seed_lsp.features.refactor.action import Selection
from seed_lsp.session.engine_client import Watch
from seed_lsp.session.jedi_thread import JediThread
from seed_lsp.session.settings import Settings
from seed_lsp.session.surroundings import Surroundings
from seed_lsp.source.address import Addresses
from seed_lsp.source.files import project_around
from seed_lsp.source.syntax import Span

if TYPE_CHECKING:
    from seed_lsp.session.jedi_thread import Check
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

Result = TypeVar("Result")


TOLD = 1e-30
"""A `min_chance` that ends hardly any text, and has the tokens' probabilities told."""


class Client(Protocol):
    """Who answers requests, such as an `EngineClient`."""

    async def ask(self, request: Request, watch: Watch) -> Finished: ...

    async def stop(self) -> None: ...


@dataclass
class BenchTools:
    """The tools of one action (`seed_lsp.features.refactor.action.Tools`).

    `client` is None where no model shall be asked. `first_s` is when the preview first showed
    something, in seconds since these tools were made; `tokens` counts those that the model wrote.
    `chances` has for each rewriting the probability of the whole answer.
    """

    settings: Settings
    client: Client | None
    jedi: JediThread
    first_s: float | None = None
    tokens: int = 0
    asked: int = 0
    started: float = field(default_factory=time.monotonic)
    chances: list[float] = field(default_factory=list)

    async def ask(self, request: Request, watch: Watch = lambda _event: None) -> Finished:
        """Ask the model, until `watch` says that the rest is of no use."""
        client = self.client
        if client is None:
            raise ModelUnavailableError("this run has no model")
        self.asked += 1
        if isinstance(request, EditRequest):
            request = replace(request, sampling=replace(request.sampling, min_chance=TOLD))
        finished = await client.ask(request, watch)
        self.tokens += finished.new_tokens
        if isinstance(request, EditRequest):
            self.chances.append(math.prod(chance for _, chance in finished.chances))
        return finished

    async def look_up(self, selection: Selection, work: Callable[[WorkspaceFiles, Resolver, Check], Result]) -> Result:
        assert selection.path is not None, "the files are there"
        root, document = project_around(selection.path.parent), selection.document
        around = Surroundings(root, {selection.path.resolve(): document}, {}, Addresses([], document.uri))
        return await self.jedi.run(around, work)

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        del span
        if self.first_s is None and (committed or draft):
            self.first_s = time.monotonic() - self.started
