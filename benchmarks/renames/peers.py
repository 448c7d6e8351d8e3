"""The renames of other engines on the same symbols.

They are jedi's own, and those of pyrefly's and ty's language servers where they are installed.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import jedi
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import read_document

ChangedLines = frozenset[tuple[str, int]]
"""Files and lines, counted from 0, that a rename changes."""

SERVERS = {"pyrefly": ["pyrefly", "lsp"], "ty": ["ty", "server"]}
LIMIT_S = 30.0


def installed() -> list[str]:
    return ["jedi", *(name for name in SERVERS if shutil.which(name))]


def by_jedi(root: Path, path: Path, offset: CharOffset, new_name: str) -> ChangedLines | None:
    """What jedi's rename changes; None if it fails."""
    document = read_document(path)
    line = document.line_of(offset)
    script = jedi.Script(document.text, path=path, project=jedi.Project(root, load_unsafe_extensions=False))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            changed = script.rename(line + 1, offset - document.line_starts[line], new_name=new_name).get_changed_files()
    except Exception:  # noqa: BLE001 - a peer's failure of whatever kind is a result
        return None
    found = set()
    for file, change in changed.items():
        before, after = read_document(file).text.split("\n"), change.get_new_code().split("\n")
        found |= {(file.relative_to(root).as_posix(), i) for i, (old, new) in enumerate(zip(before, after, strict=False)) if old != new}
    return frozenset(found)


class PeerServer:
    """A language server of another project, on one workspace."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root
        self._client = LanguageClient("compare", "1")
        self._opened: set[Path] = set()
        # lsprotocol cannot read every server's notebook options, which nobody asks for here.
        self._client.protocol._converter.register_structure_hook(types.NotebookDocumentSyncOptions, lambda _options, _kind: None)
        self._client.feature(types.WORKSPACE_CONFIGURATION)(lambda params: [None for _ in params.items])
        for ignored in (types.CLIENT_REGISTER_CAPABILITY, types.WINDOW_WORK_DONE_PROGRESS_CREATE, types.WORKSPACE_DIAGNOSTIC_REFRESH):
            self._client.feature(ignored)(lambda _params=None: None)
        for ignored in (types.WINDOW_LOG_MESSAGE, types.WINDOW_SHOW_MESSAGE, types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, types.PROGRESS):
            self._client.feature(ignored)(lambda _params: None)

    async def start(self) -> None:
        command, *arguments = SERVERS[self.name]
        await self._client.start_io(command, *arguments)
        folder = types.WorkspaceFolder(self.root.as_uri(), self.root.name)
        capabilities = types.ClientCapabilities(
            workspace=types.WorkspaceClientCapabilities(
                workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True), workspace_folders=True
            ),
            text_document=types.TextDocumentClientCapabilities(rename=types.RenameClientCapabilities(prepare_support=True)),
        )
        parameters = types.InitializeParams(capabilities=capabilities, root_uri=self.root.as_uri(), workspace_folders=[folder])
        await asyncio.wait_for(self._client.initialize_async(parameters), LIMIT_S)
        self._client.initialized(types.InitializedParams())

    async def rename(self, path: Path, offset: CharOffset, new_name: str) -> ChangedLines | None:
        """What its rename changes; None if it refuses, fails, or takes too long."""
        document = read_document(path)
        if path not in self._opened:
            self._opened.add(path)
            item = types.TextDocumentItem(document.uri, "python", 1, document.text)
            self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        line = document.line_of(offset)
        position = types.Position(line, len(document.text[document.line_starts[line] : offset].encode("utf-16-le")) // 2)
        parameters = types.RenameParams(types.TextDocumentIdentifier(document.uri), position, new_name)
        try:
            edit = await asyncio.wait_for(self._client.text_document_rename_async(parameters), LIMIT_S)
        except (JsonRpcException, asyncio.TimeoutError):
            return None
        return None if edit is None else frozenset(self._changed_lines(edit))

    async def stop(self) -> None:
        with contextlib.suppress(JsonRpcException, asyncio.TimeoutError):
            await asyncio.wait_for(self._client.shutdown_async(None), 5)
        self._client.exit(None)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._client.stop(), 5)  # type: ignore[no-untyped-call]

    def _changed_lines(self, edit: types.WorkspaceEdit) -> Iterator[tuple[str, int]]:
        by_uri = {uri: list(edits) for uri, edits in (edit.changes or {}).items()}
        for change in edit.document_changes or []:
            if isinstance(change, types.TextDocumentEdit):
                by_uri.setdefault(change.text_document.uri, []).extend(change.edits)  # type: ignore[arg-type]
        for uri, edits in by_uri.items():
            path = Path(url2pathname(urlparse(uri).path)).resolve()
            name = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)
            yield from ((name, one.range.start.line) for one in edits)
