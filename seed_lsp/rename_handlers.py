"""What the server answers to requests for a rename."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse
from urllib.request import url2pathname

from lsprotocol import types

from seed_lsp.errors import RenameRefusedError, StaleDocumentError
from seed_lsp.features.rename.grammars import require_language
from seed_lsp.features.rename.references import APPLIED, TIERS, Tier
from seed_lsp.features.rename.renamer import Check
from seed_lsp.server import SeedServer, answers, answers_itself
from seed_lsp.source.document import CharOffset, ClientPosition, Document
from seed_lsp.workspace import protocol_range

if TYPE_CHECKING:
    from seed_lsp.features.rename.change import Rename
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

RENAME_AND_UPDATE = "seed.renameAndUpdateCallSites"
CHANGE_SIGNATURE = "seed.changeSignature"

_ANNOTATIONS = {
    "exact": types.ChangeAnnotation("References", needs_confirmation=False, description="resolved to the symbol"),
    "override": types.ChangeAnnotation("Overrides", needs_confirmation=False, description="the same member of related classes"),
    "possible": types.ChangeAnnotation("Possible references", needs_confirmation=True, description="not resolved: look before you tick"),
    "mention": types.ChangeAnnotation("Mentions", needs_confirmation=True, description="in strings, comments and documentation"),
}


@dataclass
class RenameArguments:
    """Argument of the commands. Without a `name`, which is the new one, it stays. `signature`, `was` and `arguments`: see `NewSignature`; without a signature it stays."""

    uri: str
    position: types.Position
    name: str = ""
    signature: str | None = None
    was: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)


def register(server: SeedServer) -> None:
    server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)(prepare_rename)
    server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))(rename)
    server.command(RENAME_AND_UPDATE)(rename_and_update)
    server.command(CHANGE_SIGNATURE)(change_signature)


@answers_itself
async def prepare_rename(server: SeedServer, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
    document, path, offset = _place(server, params.text_document.uri, params.position)

    def work(files: WorkspaceFiles, resolver: Resolver, check: Check) -> tuple[CharOffset, CharOffset, str]:
        from seed_lsp.features.rename.change import find_name

        return find_name(files, resolver, path, offset, check)

    start, end, name = await server.renamer.run(_root(server, path), _opened(server), work)
    return types.PrepareRenamePlaceholder(protocol_range(document, start, end, server.documents.encoding), name)


@answers_itself
async def rename(server: SeedServer, params: types.RenameParams) -> types.WorkspaceEdit:
    found = await _find(server, RenameArguments(params.text_document.uri, params.position, params.new_name))
    return _workspace_edit(server, found, annotated=server.takes_document_changes and _shows_annotations(server.client_capabilities))


async def rename_and_update(server: SeedServer, arguments: RenameArguments) -> dict[str, Any]:
    """Command `seed.renameAndUpdateCallSites`: rename, apply what is certain, and say what was found and what is left."""
    return await _apply(server, arguments)


async def change_signature(server: SeedServer, arguments: RenameArguments) -> dict[str, Any]:
    """Command `seed.changeSignature`: the same for a new signature, with or without a new name."""
    return await _apply(server, arguments)


@answers
async def _apply(server: SeedServer, arguments: RenameArguments) -> dict[str, Any]:
    if not arguments.name and arguments.signature is None:
        raise RenameRefusedError("there is neither a new name nor a new signature")
    found = await _find(server, arguments)
    label = f"Seed: change {found.references.symbol.name}"
    answer = await server.workspace_apply_edit_async(
        types.ApplyWorkspaceEditParams(_workspace_edit(server, found, annotated=False), label=label)
    )
    if not answer.applied:
        raise StaleDocumentError(f"the editor did not apply the edit: {answer.failure_reason or 'no reason given'}")
    left = [
        {"uri": found.references.documents[site.path].uri, "start": site.start, "tier": site.tier, "reason": site.reason}
        for site in found.left()
    ]
    return {"applied": True, "counts": found.references.counts(), "left": left}


async def _find(server: SeedServer, wanted: RenameArguments) -> Rename:
    document, path, offset = _place(server, wanted.uri, wanted.position)

    def work(files: WorkspaceFiles, resolver: Resolver, check: Check) -> Rename:
        from seed_lsp.features.rename.call_sites import NewSignature
        from seed_lsp.features.rename.change import plan_rename
        from seed_lsp.features.rename.references import name_at

        signature = None if wanted.signature is None else NewSignature(wanted.signature, wanted.was, wanted.arguments)
        new_name = wanted.name or name_at(files.document(path), offset)
        return plan_rename(files, resolver, path, offset, new_name, signature=signature, check=check)

    found = await server.renamer.run(_root(server, path), _opened(server), work)
    for one in (document, *found.references.documents.values()):
        if one.version is not None and not server.documents.is_current(one):
            raise StaleDocumentError(f"{one.uri.rpartition('/')[2]} changed while its names were looked for; nothing was applied")
    return found


def _workspace_edit(server: SeedServer, found: Rename, *, annotated: bool) -> types.WorkspaceEdit:
    """All tiers with their annotations, or what is certain alone."""
    documents, encoding = found.references.documents, server.documents.encoding
    tiers = {(site.path, site.start): site.tier for site in found.references.sites}
    plain: dict[Path, list[types.TextEdit]] = {}
    marks: dict[Path, list[Tier]] = {}
    for path, edits in found.all_edits(TIERS if annotated else APPLIED).items():
        plain[path] = [types.TextEdit(protocol_range(documents[path], edit.start, edit.end, encoding), edit.text) for edit in edits]
        # What is no site is a changed call or definition.
        marks[path] = [tiers.get((path, CharOffset(edit.start)), "exact") for edit in edits]
    if not server.takes_document_changes:
        return types.WorkspaceEdit(changes={documents[path].uri: edits for path, edits in plain.items()})
    changes = []
    for path, text_edits in plain.items():
        identifier = types.OptionalVersionedTextDocumentIdentifier(uri=documents[path].uri, version=documents[path].version)
        marked = zip(text_edits, marks[path], strict=True)
        sent = [types.AnnotatedTextEdit(tier, edit.range, edit.new_text) if annotated else edit for edit, tier in marked]
        changes.append(types.TextDocumentEdit(identifier, sent))
    used = sorted({tier for some in marks.values() for tier in some})
    annotations: dict[str, types.ChangeAnnotation] = {tier: _ANNOTATIONS[tier] for tier in used}
    return types.WorkspaceEdit(document_changes=list(changes), change_annotations=annotations if annotated else None)


def _shows_annotations(capabilities: types.ClientCapabilities) -> bool:
    workspace = capabilities.workspace
    support = workspace.workspace_edit if workspace else None
    return support is not None and support.change_annotation_support is not None


def _place(server: SeedServer, uri: str, position: types.Position) -> tuple[Document, Path, CharOffset]:
    document = server.documents.snapshot(uri)
    require_language(document)
    path = _path(uri)
    if path is None:
        raise RenameRefusedError("the document has no file yet; save it first")
    return document, path, document.offset_at(ClientPosition(position.line, position.character), server.documents.encoding)


def _opened(server: SeedServer) -> Mapping[Path, Document]:
    documents = (server.documents.snapshot(uri) for uri in server.documents.text_documents)
    return {path: document for document in documents if (path := _path(document.uri)) is not None}


def _root(server: SeedServer, path: Path) -> Path:
    """The nearest of the client's folders around a file, else the nearest project."""
    from seed_lsp.source.files import project_root

    folders = [folder for entry in server.workspace.folders.values() if (folder := _path(entry.uri)) is not None]
    around = [folder for folder in folders if path.is_relative_to(folder)]
    return max(around, key=lambda folder: len(folder.parts)) if around else project_root(path)


def _path(uri: str) -> Path | None:
    parsed = urlparse(uri)
    return Path(url2pathname(parsed.path)).resolve() if parsed.scheme == "file" else None
