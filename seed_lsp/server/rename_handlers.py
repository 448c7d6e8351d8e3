"""What the server answers to requests for a rename."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types

from engine.api import EngineError, Finished, InfillRequest
from seed_lsp.errors import CancelledError, RenameRefusedError, StaleDocumentError
from seed_lsp.features.rename.signature.form import Form
from seed_lsp.server.failures import reports_errors
from seed_lsp.server.progress import WorkProgress
from seed_lsp.server.rename_checks import refuse_contested, refuse_moved, why_no_file
from seed_lsp.server.server import SeedServer
from seed_lsp.server.workspace import offsets, plain_range, protocol_range
from seed_lsp.source.address import name_of, path_of
from seed_lsp.source.document import CharOffset, ClientPosition, Document

if TYPE_CHECKING:
    from seed_lsp.features.rename.change import Rename
    from seed_lsp.features.rename.query import Query
    from seed_lsp.features.rename.signature.definitions import NewSignature
    from seed_lsp.features.rename.sites import Site
    from seed_lsp.session.jedi_thread import Check
    from seed_lsp.session.surroundings import Surroundings
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

# What renames is imported with the first one: a tenth of the server's start.
RENAME_AND_UPDATE = "seed.renameAndUpdateCallSites"
CHANGE_SIGNATURE = "seed.changeSignature"
SUGGEST_NAMES = "seed.suggestNames"
SIGNATURE_OF = "seed.signatureOf"

Result = TypeVar("Result")

VALUE = "value"
_ANNOTATIONS: dict[str, types.ChangeAnnotation] = {
    "exact": types.ChangeAnnotation("References", needs_confirmation=False, description="resolved to the symbol"),
    "override": types.ChangeAnnotation("Overrides", needs_confirmation=False, description="the same member of related classes"),
    "possible": types.ChangeAnnotation("Possible references", needs_confirmation=True, description="not resolved: look before you tick"),
    "mention": types.ChangeAnnotation("Mentions", needs_confirmation=True, description="in strings, comments and documentation"),
    VALUE: types.ChangeAnnotation("Proposed arguments", needs_confirmation=True, description="the model's: look before you tick"),
}


@dataclass
class RenameArguments:
    """Argument of the commands.

    `name` is the new name; without one the name stays. `signature`, `was` and `arguments` are those
    of `NewSignature`; without a signature it stays. `form` is what a function or method is to
    become. `version` is the document's as the user saw it; null takes whatever it is now. Without
    `apply` the answer has the edit, for the editor to show and apply.
    """

    uri: str
    position: types.Position
    name: str = ""
    signature: str | None = None
    version: int | None = None
    form: Form | None = None
    was: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    apply: bool = True


@dataclass(frozen=True)
class _Asked:
    """The name that a request is about, and what the editor has open around it."""

    document: Document
    path: Path
    offset: CharOffset
    around: Surroundings

    async def look_up(self, server: SeedServer, work: Callable[[Query], Result]) -> Result:
        """`work` with the question, in jedi's thread."""
        from seed_lsp.features.rename.query import Query

        def in_thread(files: WorkspaceFiles, resolver: Resolver, check: Check) -> Result:
            return work(Query(files, resolver, self.path, self.offset, check))

        return await server.session.jedi_thread.run(self.around, in_thread)


def register(server: SeedServer) -> None:
    server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)(prepare_rename)
    server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))(rename)
    server.command(RENAME_AND_UPDATE)(rename_and_update)
    server.command(CHANGE_SIGNATURE)(change_signature)
    server.command(SUGGEST_NAMES)(suggest_names)
    server.command(SIGNATURE_OF)(signature_of)


@reports_errors(show_to_user=False)
async def prepare_rename(server: SeedServer, params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
    from seed_lsp.features.rename.change import find_name

    asked = _asked(server, RenameArguments(params.text_document.uri, params.position))
    start, end, name = await asked.look_up(server, find_name)
    if not server.documents.is_current(asked.document):
        raise StaleDocumentError("the document changed while the name was looked up; ask again")
    return types.PrepareRenamePlaceholder(protocol_range(asked.document, start, end, server.documents.encoding), name)


@reports_errors(show_to_user=False)
async def rename(server: SeedServer, params: types.RenameParams) -> types.WorkspaceEdit:
    arguments = RenameArguments(params.text_document.uri, params.position, params.new_name)
    if not params.new_name:
        names = await _proposals(server, arguments)
        raise RenameRefusedError(f"there is no new name; it could be {', '.join(names)}" if names else "there is no new name")
    found = await _find(server, arguments)
    return _workspace_edit(server, found, annotated=_shows_annotations(server))


async def rename_and_update(server: SeedServer, arguments: RenameArguments) -> dict[str, Any]:
    """Command `seed.renameAndUpdateCallSites`: rename, and apply what is certain.

    The answer says what was found and what is left. Without a name the user chooses from what the
    model proposes.
    """
    return await _apply(server, arguments)


async def change_signature(server: SeedServer, arguments: RenameArguments) -> dict[str, Any]:
    """Command `seed.changeSignature`: the same for a new signature, with or without a new name."""
    return await _apply(server, arguments)


def offered_actions(server: SeedServer, document: Document, area: types.Range) -> list[types.CodeAction]:
    """Code actions for the name at the cursor; to find them costs a look at the syntax."""
    from seed_lsp.features.rename.offers import offers_at

    start, end = offsets(document, area, server.documents.encoding)
    if start != end and not document.text[start:end].isidentifier():
        return []
    actions = []
    for offer in offers_at(document, CharOffset(start)):
        position = protocol_range(document, offer.place, offer.place, server.documents.encoding).start
        argument: dict[str, Any] = {
            "uri": document.uri,
            "position": {"line": position.line, "character": position.character},
            "version": document.version,
        }
        if offer.signature is not None:
            argument["signature"] = offer.signature
        if offer.form is not None:
            argument["form"] = offer.form
        title = f"Seed: {offer.title}"
        command = types.Command(
            title, RENAME_AND_UPDATE if offer.signature is offer.form is None else CHANGE_SIGNATURE, arguments=[argument]
        )
        actions.append(types.CodeAction(title, kind=types.CodeActionKind.RefactorRewrite, command=command))
    return actions


@reports_errors(show_to_user=True)
async def suggest_names(server: SeedServer, arguments: RenameArguments) -> dict[str, Any]:
    """Command `seed.suggestNames`: up to five names that the symbol could have."""
    return {"names": await _proposals(server, arguments)}


@reports_errors(show_to_user=True)
async def signature_of(server: SeedServer, arguments: RenameArguments) -> dict[str, Any]:
    """Command `seed.signatureOf`: the name and the parameters of the function at a position.

    The function may be defined anywhere. For a class they are its constructor's parameters.
    """
    from seed_lsp.features.rename.change import find_signature

    name, signature = await _asked(server, arguments).look_up(server, find_signature)
    return {"name": name, "signature": signature}


@reports_errors(show_to_user=True)
async def _apply(server: SeedServer, arguments: RenameArguments) -> dict[str, Any]:
    if arguments.apply:
        server.require_apply_edit()
    if not arguments.name and arguments.signature is None and arguments.form is None:
        before = server.documents.snapshot(arguments.uri)
        names = await _proposals(server, arguments)
        if not names:
            raise RenameRefusedError("the model proposes no other name; give one")
        chosen = await server.choose("Seed: rename to", names)
        if chosen is None:
            raise CancelledError("no name was chosen")
        if not server.documents.is_current(before):
            raise StaleDocumentError("the document changed while a name was chosen; ask again")
        arguments = replace(arguments, name=chosen)
    found = await _find(server, arguments)
    counts = found.references.counts()
    left = [_left(server, found.references.documents[site.path], site) for site in found.left()]
    if not arguments.apply:
        return {
            "applied": False,
            "counts": counts,
            "left": left,
            "edit": _workspace_edit(server, found, annotated=_shows_annotations(server)),
        }
    annotated = _shows_annotations(server) and found.call_sites is not None and found.call_sites.proposed != found.call_sites.edits
    edit = _workspace_edit(server, found, annotated=annotated)
    await server.apply_edit(edit, f"Seed: change {found.references.symbol.name}")
    return {"applied": True, "counts": counts, "left": left}


def _left(server: SeedServer, document: Document, site: Site) -> dict[str, Any]:
    """A place that was not changed, as it was before the change."""
    area = protocol_range(document, site.start, site.end, server.documents.encoding)
    return {"uri": document.uri, "range": plain_range(area), "tier": site.tier, "reason": site.reason}


async def _proposals(server: SeedServer, arguments: RenameArguments) -> list[str]:
    from seed_lsp.features.rename.change import find_definition, plan_rename
    from seed_lsp.features.rename.proposals import proposed_names, usable

    asked = _asked(server, arguments)
    document, start, name = await asked.look_up(server, find_definition)
    settings = await server.session.settled()
    async with WorkProgress(server, "Seed: looking for names") as progress:
        candidates = await progress.cancellable(proposed_names(document, start, name, _asking(server), settings))

    return await asked.look_up(server, lambda query: usable(candidates, lambda new: plan_rename(query, new)))


async def _find(server: SeedServer, wanted: RenameArguments) -> Rename:
    from seed_lsp.features.rename.change import plan_rename
    from seed_lsp.features.rename.signature.definitions import NewSignature
    from seed_lsp.features.rename.sites import name_at

    asked = _asked(server, wanted)
    signature = None if wanted.signature is None else NewSignature(wanted.signature, wanted.was, wanted.arguments)

    async def plan(signature: NewSignature | None) -> Rename:
        def work(query: Query) -> Rename:
            found = plan_rename(query, wanted.name or name_at(query.document, query.offset), signature=signature, form=wanted.form)
            unread.update(query.files.unread)
            return found

        return await asked.look_up(server, work)

    unread: dict[Path, str] = {}
    found = await plan(signature)
    if signature is not None and found.call_sites is not None and found.call_sites.gaps:
        found = await _with_values(server, found, signature, plan)
    refuse_moved(server.documents, asked.document, found, asked.around)
    refuse_contested(found, asked.around)
    for file, reason in unread.items():
        server.session.tell_once(f"{file} was not looked at ({reason}); names in it stay as they are")
    return found


async def _with_values(
    server: SeedServer, found: Rename, signature: NewSignature, plan: Callable[[NewSignature], Awaitable[Rename]]
) -> Rename:
    """The rename with the model's values for what calls have to pass from now on.

    Without a model the calls are left as they are.
    """
    from seed_lsp.features.rename.values import filled

    settings = await server.session.settled()
    try:
        async with WorkProgress(server, "Seed: looking for arguments") as progress:
            return await progress.cancellable(filled(found, signature, plan, _asking(server), settings))
    except EngineError as error:
        server.session.tell_once(f"no values are proposed for new parameters: {error}")
        return found


def _asking(server: SeedServer) -> Callable[[InfillRequest], Awaitable[Finished]]:
    return lambda request: server.session.engine.run(replace(request, id=server.session.engine.new_id()))


def _workspace_edit(server: SeedServer, found: Rename, *, annotated: bool) -> types.WorkspaceEdit:
    """All tiers with their annotations, or what is certain alone."""
    from seed_lsp.features.rename.sites import APPLIED, TIERS

    documents, encoding = found.references.documents, server.documents.encoding
    tiers = {(site.path, site.start): site.tier for site in found.references.sites}
    plain: dict[Path, list[types.TextEdit]] = {}
    marks: dict[Path, list[str]] = {}
    for path, edits in found.edits_for_editor(TIERS if annotated else APPLIED).items():
        plain[path] = [types.TextEdit(protocol_range(documents[path], edit.start, edit.end, encoding), edit.text) for edit in edits]
        # What is no site is a changed call or definition.
        certain = found.call_sites.edits.get(path, []) if found.call_sites is not None else []
        proposed = found.call_sites.proposed.get(path, []) if found.call_sites is not None else []
        marks[path] = [
            VALUE if edit in proposed and edit not in certain else tiers.get((path, CharOffset(edit.start)), "exact") for edit in edits
        ]
    if not server.takes_document_changes:
        return types.WorkspaceEdit(changes={documents[path].uri: edits for path, edits in plain.items()})
    changes = []
    for path, text_edits in plain.items():
        identifier = types.OptionalVersionedTextDocumentIdentifier(uri=documents[path].uri, version=documents[path].version)
        marked = zip(text_edits, marks[path], strict=True)
        sent = [types.AnnotatedTextEdit(mark, edit.range, edit.new_text) if annotated else edit for edit, mark in marked]
        changes.append(types.TextDocumentEdit(identifier, sent))
    used = sorted({mark for some in marks.values() for mark in some})
    annotations = {mark: _ANNOTATIONS[mark] for mark in used}
    return types.WorkspaceEdit(document_changes=list(changes), change_annotations=annotations if annotated else None)


def _shows_annotations(server: SeedServer) -> bool:
    workspace = server.client_capabilities.workspace
    support = workspace.workspace_edit if workspace else None
    return server.takes_document_changes and support is not None and support.change_annotation_support is not None


def _asked(server: SeedServer, arguments: RenameArguments) -> _Asked:
    from seed_lsp.features.rename.other_languages.grammars import require_language
    from seed_lsp.source.files import MAX_BYTES

    document = server.documents.snapshot(arguments.uri)
    if arguments.version is not None and arguments.version != document.version:
        raise StaleDocumentError("the document changed since the action was offered; ask again")
    require_language(document)
    if len(document.text) > MAX_BYTES:
        raise RenameRefusedError(f"{name_of(document.uri)} is too large: names are looked up in files of up to {MAX_BYTES:,} characters")
    path = path_of(document.uri)
    if path is None:
        raise RenameRefusedError(why_no_file(document.uri))
    offset = document.offset_at(ClientPosition(arguments.position.line, arguments.position.character), server.documents.encoding)
    return _Asked(document, path, offset, server.session.surroundings(document, path))
