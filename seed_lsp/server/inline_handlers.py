"""Inline completions, next edits, and what editors tell about them.

They speak the protocol's requests and the shapes that published clients already use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from seed_lsp.features.inline.completer import Answer
from seed_lsp.features.next_edit.next_editor import Offer
from seed_lsp.server import diagnostics
from seed_lsp.server.failures import reports_errors
from seed_lsp.server.server import SeedServer
from seed_lsp.server.workspace import field, is_whole, offsets, plain_range, position_of, protocol_range
from seed_lsp.session.usage import default_path, read_counts, report
from seed_lsp.source.document import CharOffset, Document

COMPLETION_STATISTICS = "seed.completionStatistics"
COMPLETION_ACCEPTED = "seed.completionAccepted"
NEXT_EDIT_ACCEPTED, NEXT_EDIT_DISMISSED = "seed.nextEditAccepted", "seed.nextEditDismissed"
USAGE = "seed.usage"
PAUSE, RESUME = "seed.pause", "seed.resume"
INLINE_EDIT = "textDocument/copilotInlineEdit"
"""The request for a next edit, under the name by which published clients send it."""
FOCUSED = "textDocument/didFocus"
SHOWN, PARTLY_ACCEPTED, EDIT_SHOWN = (
    "textDocument/didShowCompletion",
    "textDocument/didPartiallyAcceptCompletion",
    "textDocument/didShowInlineEdit",
)


def register(server: SeedServer) -> None:
    # Without options pygls does not advertise the capability, and editors never ask.
    server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())(inline_completion)
    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(on_open)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(on_change)
    server.feature(FOCUSED)(on_focus)
    server.feature(SHOWN)(on_shown)
    server.feature(PARTLY_ACCEPTED)(on_partly_accepted)
    server.feature(INLINE_EDIT)(inline_edit)
    server.feature(EDIT_SHOWN)(on_edit_shown)
    server.command(COMPLETION_STATISTICS)(completion_statistics)
    server.command(COMPLETION_ACCEPTED)(completion_accepted)
    server.command(NEXT_EDIT_ACCEPTED)(next_edit_accepted)
    server.command(NEXT_EDIT_DISMISSED)(next_edit_dismissed)
    server.command(USAGE)(usage)
    server.command(PAUSE)(pause)
    server.command(RESUME)(resume)


@reports_errors(show_to_user=True)
async def inline_completion(server: SeedServer, params: types.InlineCompletionParams) -> types.InlineCompletionList:
    automatic = params.context.trigger_kind is types.InlineCompletionTriggerKind.Automatic
    chosen = params.context.selected_completion_info
    document = server.documents.snapshot(params.text_document.uri)
    answer = await complete(server, document, params.position, automatic=automatic, chosen=chosen)
    if not answer.completion.text:
        return types.InlineCompletionList([])
    position = params.position
    area = chosen.range if chosen else types.Range(position, position)
    text = (chosen.text if chosen else "") + answer.completion.text
    taken = types.Command("Seed: completion accepted", COMPLETION_ACCEPTED, arguments=[answer.id])
    return types.InlineCompletionList([types.InlineCompletionItem(text, range=area, command=taken)])


async def complete(
    server: SeedServer, document: Document, position: types.Position, *, automatic: bool, chosen: types.SelectedCompletionInfo | None
) -> Answer:
    start, end = offsets(document, chosen.range if chosen else types.Range(position, position), server.documents.encoding)
    seen = document
    if chosen:
        # A chosen entry of the completion list counts as typed, in place of what it would replace.
        seen = replace(document, text=document.text[:start] + chosen.text + document.text[end:])
    cursor = CharOffset(start + len(chosen.text if chosen else ""))
    return await server.completer.complete(seen, cursor, automatic=automatic, current=lambda: server.documents.is_current(document))


@reports_errors(show_to_user=False)
async def completion(server: SeedServer, params: types.CompletionParams) -> types.CompletionList:
    """The same as an entry of the ordinary list, for editors without inline completion."""
    if not (await server.session.settled()).completion_enabled:
        return types.CompletionList(is_incomplete=False, items=[])
    document = server.documents.snapshot(params.text_document.uri)
    text = (await complete(server, document, params.position, automatic=True, chosen=None)).completion.text
    items = []
    if text:
        edit = types.TextEdit(types.Range(params.position, params.position), text)
        first = text.strip().splitlines()[0]
        items.append(types.CompletionItem(label=first, detail="Seed", text_edit=edit, documentation=text, filter_text=first))
    return types.CompletionList(is_incomplete=True, items=items)


def on_open(server: SeedServer, params: types.DidOpenTextDocumentParams) -> None:
    document = server.documents.snapshot(params.text_document.uri)
    server.next_editor.opened(document)


def on_change(server: SeedServer, params: types.DidChangeTextDocumentParams) -> None:
    server.documents.renumber(params.text_document.uri, params.text_document.version)
    document = server.documents.find(params.text_document.uri)
    if document is None:
        return
    places = [change.range.start.line for change in params.content_changes if isinstance(change, types.TextDocumentContentChangePartial)]
    server.next_editor.changed(document, places[-1] if places else 0)


def on_close(server: SeedServer, uri: str) -> None:
    """`uri` is the address that the document was opened with."""
    server.completer.forget(uri)
    server.next_editor.closed(uri)


def on_focus(server: SeedServer, params: Any) -> None:
    """Look up the context of the document that the editor shows, and warm the model up for it.

    `position` may be left out.
    """
    uri = field(params, "textDocument", "uri")
    document = server.documents.find(uri) if isinstance(uri, str) else None
    if document is None:
        return
    place = position_of(field(params, "position")) or types.Position(0, 0)
    cursor = offsets(document, types.Range(place, place), server.documents.encoding)[0]
    server.completer.look_around(document, cursor)


def on_shown(server: SeedServer, params: Any) -> None:
    if _number(params) is not None:
        server.session.usage.count("inline.shown")


def on_partly_accepted(server: SeedServer, params: Any) -> None:
    """`acceptedLength` counts UTF-16 units of the item's text."""
    number, length = _number(params), field(params, "acceptedLength")
    suggestion = server.completer.suggestions.by_id(number) if number is not None else None
    if suggestion is not None and is_whole(length) and length >= 0:
        taken = suggestion.text.encode("utf-16-le", "surrogatepass")[: 2 * length].decode("utf-16-le", "ignore")
        server.completer.accepted(suggestion.id, len(taken))


def on_edit_shown(server: SeedServer, params: Any) -> None:
    if (number := _number(params)) is not None:
        server.next_editor.shown(number)


@reports_errors(show_to_user=True)
async def inline_edit(server: SeedServer, params: Any) -> dict[str, Any]:
    """The next edit for a document at exactly the version that the client has; none for another.

    A client may send the document's diagnostics in `context.diagnostics`, as `CodeActionContext`
    has them: what no longer fits is a likely place.
    """
    uri, version = field(params, "textDocument", "uri"), field(params, "textDocument", "version")
    if not isinstance(uri, str) or not (version is None or is_whole(version)):
        raise JsonRpcInvalidParams(
            f"the parameters of {INLINE_EDIT} do not fit: textDocument has a uri, and a version that may be left out"
        )
    document = server.documents.snapshot(uri)
    if version is not None and version != document.version:
        return {"edits": []}
    sent = diagnostics.of_json(field(params, "context", "diagnostics"))
    reports = diagnostics.read(document, sent, server.documents.encoding, most=len(sent), least=diagnostics.Severity.Warning)
    offer = await server.next_editor.predict(document, reports)
    return {"edits": [_plain(server, offer)] if offer is not None else []}


def _plain(server: SeedServer, offer: Offer) -> dict[str, Any]:
    area = protocol_range(offer.document, offer.edit.start, offer.edit.end, server.documents.encoding)
    return {
        "text": offer.edit.text,
        "textDocument": {"uri": offer.document.uri, "version": offer.document.version},
        "range": plain_range(area),
        "command": {"title": "Seed: next edit accepted", "command": NEXT_EDIT_ACCEPTED, "arguments": [offer.id]},
    }


def completion_statistics(server: SeedServer) -> dict[str, Any]:
    """Command `seed.completionStatistics`: counts since the server started.

    They are `CompletionCounts`, and the verdicts on next edits.
    """
    counts = server.completer.counts
    return {
        "reasons": dict(counts.reasons),
        "prompt_tokens": counts.prompt_tokens,
        "reused_tokens": counts.reused_tokens,
        "next_edit": dict(server.next_editor.verdicts),
    }


def completion_accepted(server: SeedServer, number: int) -> None:
    """Command `seed.completionAccepted`, which editors run when an item is taken."""
    server.completer.accepted(number)


def next_edit_accepted(server: SeedServer, number: int) -> None:
    """Command `seed.nextEditAccepted`."""
    server.next_editor.accepted(number)


def next_edit_dismissed(server: SeedServer, number: int) -> None:
    """Command `seed.nextEditDismissed`: the same edit is not offered again."""
    server.next_editor.declined(number)


def usage(server: SeedServer) -> str:
    """Command `seed.usage`: what `seed-lsp usage` prints."""
    server.session.usage.write()
    return report(read_counts(default_path()))


def pause(server: SeedServer) -> None:
    """Command `seed.pause`: nothing while typing, until `seed.resume`."""
    server.completer.paused = True
    server.session.status.pause(on=True)


def resume(server: SeedServer) -> None:
    """Command `seed.resume`."""
    server.completer.paused = False
    server.session.status.pause(on=False)


def _number(params: Any) -> int | None:
    """The number that our command in an item carries."""
    arguments = field(params, "item", "command", "arguments")
    first = arguments[0] if isinstance(arguments, list) and arguments else None
    return first if is_whole(first) else None
