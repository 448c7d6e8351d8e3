"""The one thread in which jedi looks names up.

It runs beside the event loop, does one work at a time, and gives it up once nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from seed_lsp.errors import CancelledError

if TYPE_CHECKING:
    from seed_lsp.session.surroundings import Surroundings
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

Result = TypeVar("Result")
Check = Callable[[], None]


class JediThread:
    """Keeps the index of each workspace from one request to the next."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()
        # asyncio's own pool would start another thread whenever none of its threads is idle.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jedi")
        self._workspaces: dict[Path, tuple[WorkspaceFiles, Resolver]] = {}

    async def run(self, around: Surroundings, work: Callable[[WorkspaceFiles, Resolver, Check], Result]) -> Result:
        """Do `work` on the workspace below `around.root`, in the thread.

        It calls its third argument often, which raises once this call is cancelled.
        """
        given_up = threading.Event()

        def check() -> None:
            if given_up.is_set():
                raise CancelledError("cancelled")

        async with self._one_at_a_time:
            thread = asyncio.get_running_loop().run_in_executor(self._thread, self._work, around, work, check)
            try:
                return await asyncio.shield(thread)
            except asyncio.CancelledError:
                given_up.set()
                # jedi is not made for two threads at once. So the next work waits until this one
                # is out, however often it is told to give up.
                while not thread.done():
                    with contextlib.suppress(asyncio.CancelledError):
                        await asyncio.wait([thread])
                raise

    def _work(self, around: Surroundings, work: Callable[[WorkspaceFiles, Resolver, Check], Result], check: Check) -> Result:
        files, resolver = self._workspace(around.root.resolve())
        files.open = {path: document for path, document in around.opened.items() if path.is_relative_to(files.root)}
        files.address = around.addresses.of
        return work(files, resolver, check)

    def _workspace(self, root: Path) -> tuple[WorkspaceFiles, Resolver]:
        # A third of a second to import, which only those who rename wait for.
        from seed_lsp.source.files import WorkspaceFiles
        from seed_lsp.source.resolve import Resolver

        if root not in self._workspaces:
            files = WorkspaceFiles(root)
            self._workspaces[root] = (files, Resolver(root, files.open_text))
        return self._workspaces[root]
