"""Actions on a selection: the menu, the commands behind it, and the request of a preview."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from engine.api import Event, Finished, ModelUnavailableError, Request, statistics
from seed_lsp.errors import SeedError, SelectionError, StaleDocumentError
from seed_lsp.features.refactor.action import KINDS, Action, Offer, OtherFile, Proposal, Selection, Tools
from seed_lsp.server import diagnostics, rename_handlers
from seed_lsp.server.failures import REQUEST_FAILED, reports_errors
from seed_lsp.server.other_file import require_as_it_was
from seed_lsp.server.progress import WorkProgress
from seed_lsp.server.rename_checks import why_no_file
from seed_lsp.server.server import SeedServer
from seed_lsp.server.workspace import field, is_whole, offsets, plain_range, position_of, protocol_range
from seed_lsp.session.engine_client import Watch
from seed_lsp.source.address import name_of, path_of
from seed_lsp.source.document import Document, Encoding
from seed_lsp.source.patch import Edit, unified_diff
from seed_lsp.source.syntax import Span

if TYPE_CHECKING:
    from seed_lsp.session.jedi_thread import Check
    from seed_lsp.session.settings import Settings
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

# What the actions do is imported with the first one: a fifth of the server's start.
EDIT_SELECTION = "seed.editSelection"
REFACTOR = "seed.refactor"
EXPLAIN = "seed.explain"
REWRITE = "seed/rewrite"
"""The request behind a preview: it answers with the edits, and tells the drafts on the way."""

Result = TypeVar("Result")
Show = Callable[[Document, Span, str, str], None]


@dataclass
class SelectionArgument:
    """Argument of the commands.

    `version` is the document's as the user saw it; null takes whatever it is now. `name` is an
    action's; `argument` and `diagnostics` are those of the menu's entry.
    """

    uri: str
    range: types.Range
    instruction: str = ""
    version: int | None = None
    name: str = ""
    argument: str = ""
    diagnostics: Sequence[types.Diagnostic] = ()


@dataclass(frozen=True)
class _Tools:
    """The server's model, jedi and preview, for one action (`Tools`)."""

    server: SeedServer
    settings: Settings
    progress: WorkProgress
    shown: Show
    document: Document

    async def ask(self, request: Request, watch: Watch = lambda _event: None) -> Finished:
        if (missing := self.server.session.missing_model()) is not None:
            # No engine has to be started to say so, and a name is not waited for.
            raise ModelUnavailableError(missing)

        def shown(event: Event) -> bool | None:
            self.progress.show(event)
            return watch(event)

        finished = await self.server.session.engine.ask(request, shown)
        self.server.note(_summary("refactor", finished))
        _require_current(self.server, self.document)
        return finished

    async def look_up(self, selection: Selection, work: Callable[[WorkspaceFiles, Resolver, Check], Result]) -> Result:
        if selection.path is None:
            raise SelectionError(why_no_file(selection.document.uri))
        session = self.server.session
        return await session.jedi_thread.run(session.surroundings(selection.document, selection.path), work)

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        self.shown(self.document, span, committed, draft)


def register(server: SeedServer) -> None:
    options = types.CodeActionOptions(code_action_kinds=list(KINDS), resolve_provider=True)
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(code_action)
    server.feature(types.CODE_ACTION_RESOLVE)(resolve_code_action)
    server.command(EDIT_SELECTION)(edit_selection)
    server.command(REFACTOR)(refactor_selection)
    server.command(EXPLAIN)(explain_selection)
    server.feature(REWRITE)(rewrite)


@reports_errors(show_to_user=True)
async def code_action(server: SeedServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """The list does not run the model, which comes with the resolving of an action."""
    from seed_lsp.features.refactor import registry

    document = server.documents.snapshot(params.text_document.uri)
    wanted = [action for action in registry.ACTIONS if _is_wanted(action.kind, params.context.only)]
    selection = _selection(server, document, params.range, params.context.diagnostics)
    entries = [(action, offer) for action in wanted for offer in await action.offers(selection)]
    # A look at the disk, which a menu without the model's entries has no use for.
    missing = server.session.missing_model() if any(action.needs_model for action, _ in entries) else None
    offered = [_code_action(server, params, document, entry, missing if entry[0].needs_model else None) for entry in entries]
    if _is_wanted(types.CodeActionKind.RefactorRewrite.value, params.context.only):
        offered += rename_handlers.offered_actions(server, document, params.range)
    return offered


def _is_wanted(kind: str, only: Any) -> bool:
    wanted = [getattr(entry, "value", entry) for entry in only or []]
    return not wanted or any(entry in {"", kind} or kind.startswith(f"{entry}.") for entry in wanted)


def _selection(server: SeedServer, document: Document, area: types.Range, reports: Sequence[types.Diagnostic]) -> Selection:
    start, end = offsets(document, area, server.documents.encoding)
    return Selection(document, start, end, diagnostics.read(document, reports, server.documents.encoding), path_of(document.uri))


def _code_action(
    server: SeedServer, params: types.CodeActionParams, document: Document, offered: tuple[Action, Offer], why_not: str | None
) -> types.CodeAction:
    """One entry of the menu; disabled where there is a reason why not."""
    action, offer = offered
    uri, area = params.text_document.uri, plain_range(params.range)
    reports = [] if offer.diagnostic is None else [diagnostics.write(document, offer.diagnostic, server.documents.encoding)]
    data: dict[str, Any] = {"uri": uri, "range": area, "version": document.version, "name": action.name, "argument": offer.argument}
    if reports:
        data["diagnostics"] = [diagnostics.plain(report) for report in reports]
    made = types.CodeAction(
        title=f"Seed: {offer.title}",
        kind=action.kind,
        diagnostics=reports or None,
        data=data,
        disabled=types.CodeActionDisabled(why_not) if why_not else None,
        tags=[types.CodeActionTag.LlmGenerated] if action.needs_model else None,
    )
    if not why_not and not _resolves_edits(server.client_capabilities):
        made.command = types.Command(made.title, REFACTOR, arguments=[data])
    return made


def _resolves_edits(capabilities: types.ClientCapabilities) -> bool:
    documents = capabilities.text_document
    support = documents.code_action.resolve_support if documents and documents.code_action else None
    return support is not None and "edit" in support.properties


@reports_errors(show_to_user=True)
async def resolve_code_action(server: SeedServer, code_action: types.CodeAction) -> types.CodeAction:
    from seed_lsp.features.refactor import registry

    asked = _argument_of(code_action.data)
    document, proposal = await make_proposal(server, asked, registry.find_action(asked.name), asked.argument)
    code_action.edit = server.proposed_edit(document, proposal)
    if proposal.note:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, f"Seed: {proposal.note}"))
    return code_action


def _argument_of(data: Any) -> SelectionArgument:
    """What `_code_action` wrote; the client only carries it, but it may carry anything."""
    uri, name, version, argument = (field(data, one) for one in ("uri", "name", "version", "argument"))
    start, end = (position_of(field(data, "range", side)) for side in ("start", "end"))
    texts = all(isinstance(one, str) for one in (uri, name, argument or ""))
    if not texts or start is None or end is None or not (version is None or is_whole(version)):
        raise JsonRpcInvalidParams("the request carries no data of ours; ask for the actions again")
    reports = diagnostics.of_json(field(data, "diagnostics"))
    return SelectionArgument(uri, types.Range(start, end), version=version, name=name, argument=argument or "", diagnostics=reports)


async def edit_selection(server: SeedServer, asked: SelectionArgument) -> dict[str, Any]:
    """Command `seed.editSelection`: rewrite the selection by the user's words, and apply it."""
    from seed_lsp.features.refactor import registry

    return await _apply(server, (asked, registry.OWN, asked.instruction))


async def refactor_selection(server: SeedServer, asked: SelectionArgument) -> dict[str, Any]:
    """Command `seed.refactor`: what a code action does, for clients that cannot resolve one."""
    from seed_lsp.features.refactor import registry

    try:
        action = registry.find_action(asked.name)
    except SeedError as error:
        raise JsonRpcException(str(error), code=REQUEST_FAILED) from None
    return await _apply(server, (asked, action, asked.argument))


@reports_errors(show_to_user=True)
async def explain_selection(server: SeedServer, asked: SelectionArgument) -> dict[str, str]:
    """Command `seed.explain`: what the selected code does, in words; nothing is changed."""
    from seed_lsp.features.refactor.explain import explain

    document = _document_of(server, asked)
    selection = _selection(server, document, asked.range, [])
    return {"text": await _with_tools(server, document, "Seed: explaining the selection", _show_nothing, partial(explain, selection))}


@reports_errors(show_to_user=False)
async def rewrite(server: SeedServer, params: Any) -> dict[str, Any]:
    """Request `seed/rewrite`.

    Its parameters are `{textDocument: {uri, version}, range, instruction | name, argument?,
    diagnostics?, partialResultToken?}`.

    The answer has the `range` that is rewritten, its `newText`, and the smallest `edits`, for that
    version, among which may be some to the imports; nothing is applied. `newFile` is `{uri, text}`
    of a file to be made, or null. `otherFile` is `{uri, version, text, edits}` of one that is added
    to, with the text that it has now, or null. `note` is what the user should know. On the way each
    `$/progress` of the token has the `range`, the `committed` text, the `draft` behind it, which
    may still change (masks are U+2591), and the `step`.
    """
    from seed_lsp.features.refactor import registry

    name, instruction, token = (field(params, one) or "" for one in ("name", "instruction", "partialResultToken"))
    identifier = field(params, "textDocument")
    data = {"uri": field(identifier, "uri"), "version": field(identifier, "version"), "name": name}
    asked = _argument_of(data | {one: field(params, one) for one in ("range", "argument", "diagnostics")})
    if not isinstance(instruction, str) or not isinstance(token, int | str):
        raise JsonRpcInvalidParams("instruction and partialResultToken are texts")
    action = registry.find_action(name) if name else registry.OWN
    encoding, step = server.documents.encoding, 0

    def show(document: Document, span: Span, committed: str, draft: str) -> None:
        nonlocal step
        step += not draft
        area = plain_range(protocol_range(document, span.start, span.end, encoding))
        value = {"range": area, "committed": committed, "draft": draft, "step": step}
        server.protocol.notify(types.PROGRESS, types.ProgressParams(token, value))

    argument = asked.argument if name else instruction
    document, made = await make_proposal(server, asked, action, argument, show if token != "" else _show_nothing)
    return {
        "range": plain_range(protocol_range(document, made.span.start, made.span.end, encoding)),
        "newText": made.new_region(document),
        "edits": _plain_edits(document, made.edits, encoding),
        "otherFile": _other_file(server, made.other_file) if made.other_file else None,
        "newFile": {"uri": made.new_file.path.as_uri(), "text": made.new_file.text} if made.new_file else None,
        "version": document.version,
        "diff": _diff(document, made),
        "note": made.note,
        "statistics": _statistics(made),
    }


def _plain_edits(document: Document, edits: Sequence[Edit], encoding: Encoding) -> list[dict[str, Any]]:
    return [{"range": plain_range(protocol_range(document, edit.start, edit.end, encoding)), "newText": edit.text} for edit in edits]


def _other_file(server: SeedServer, other: OtherFile) -> dict[str, Any]:
    document = other.document
    edits = _plain_edits(document, other.edits, server.documents.encoding)
    return {"uri": document.uri, "version": document.version, "text": document.text, "edits": edits}


def _diff(document: Document, proposal: Proposal) -> str:
    diff = unified_diff(document.text, proposal.new_text(document), name_of(document.uri))
    if (other := proposal.other_file) is not None:
        diff += unified_diff(other.document.text, other.new_text, other.path.name)
    return diff


@reports_errors(show_to_user=True)
async def _apply(server: SeedServer, work: tuple[SelectionArgument, Action, str]) -> dict[str, Any]:
    asked, action, argument = work
    server.require_apply_edit()
    document, proposal = await make_proposal(server, asked, action, argument)
    await server.apply_edit(server.proposed_edit(document, proposal), "Seed: edit selection")
    return {
        "applied": True,
        "diff": _diff(document, proposal),
        "note": proposal.note,
        "statistics": _statistics(proposal),
    }


def _statistics(proposal: Proposal) -> dict[str, str | int | float]:
    """What the model's last answer cost; empty for what was computed."""
    return statistics(proposal.finished[-1]) if proposal.finished else {}


def _show_nothing(_document: Document, _span: Span, _committed: str, _draft: str) -> None:
    pass


async def make_proposal(
    server: SeedServer, asked: SelectionArgument, action: Action, argument: str, show: Show = _show_nothing
) -> tuple[Document, Proposal]:
    """Run an action on a selection; nothing is applied here."""
    from seed_lsp.features.refactor import registry

    document = _document_of(server, asked)
    selection = _selection(server, document, asked.range, asked.diagnostics)
    work = partial(registry.run, action, selection, argument)
    proposal = await _with_tools(server, document, "Seed: rewriting the selection", show, work)
    if proposal.other_file is not None:
        require_as_it_was(server.documents, proposal.other_file)
    return document, proposal


def _document_of(server: SeedServer, asked: SelectionArgument) -> Document:
    document = server.documents.snapshot(asked.uri)
    if asked.version is not None and asked.version != document.version:
        raise StaleDocumentError("the document changed since the action was offered; select again")
    return document


async def _with_tools(
    server: SeedServer, document: Document, title: str, show: Show, work: Callable[[Tools], Coroutine[Any, Any, Result]]
) -> Result:
    """Do what needs the model, with its progress shown."""
    settings = await server.session.settled()
    async with WorkProgress(server, title) as progress:
        result = await progress.cancellable(work(_Tools(server, settings, progress, show, document)))
    _require_current(server, document)
    return result


def _require_current(server: SeedServer, document: Document) -> None:
    if not server.documents.is_current(document):
        raise StaleDocumentError("the document changed while the code was rewritten; nothing was applied")


def _summary(what: str, finished: Finished) -> str:
    return (
        f"{what}: {finished.finish_reason}, {finished.new_tokens} tokens in {finished.forwards} forwards, "
        f"{finished.prefill_seconds:.1f} s + {finished.decode_seconds:.1f} s"
    )
