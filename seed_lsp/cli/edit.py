"""``seed-lsp edit``: the actions of the editor's menu on a file, without an editor."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.api import Finished, Request
from engine.files import whole_file
from seed_lsp.cli.on_file import Ask, diff_path, print_json, require_inside, settings_of, tell_link, with_engine
from seed_lsp.errors import NoChangeError, SelectionError, UnknownDocumentError, reason_of
from seed_lsp.features.refactor import registry
from seed_lsp.features.refactor.action import NewFile, Proposal, Selection
from seed_lsp.session.engine_client import Watch
from seed_lsp.session.jedi_thread import JediThread
from seed_lsp.session.settings import Settings
from seed_lsp.session.surroundings import Surroundings
from seed_lsp.source.address import Addresses
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import project_around, read_document
from seed_lsp.source.patch import unified_diff
from seed_lsp.source.syntax import Span
from seed_lsp.source.writing import Replacement, write_files

if TYPE_CHECKING:
    from seed_lsp.session.jedi_thread import Check
    from seed_lsp.source.files import WorkspaceFiles
    from seed_lsp.source.resolve import Resolver

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Tools:
    """The command's engine and jedi (`Tools`); there is no preview."""

    settings: Settings
    engine: Ask
    jedi: JediThread

    async def ask(self, request: Request, watch: Watch = lambda _event: None) -> Finished:
        return await self.engine(request, watch)

    async def look_up(self, selection: Selection, work: Callable[[WorkspaceFiles, Resolver, Check], Result]) -> Result:
        assert selection.path is not None, "the command's documents are files"
        around = Surroundings(project_around(selection.path.parent), {}, {}, Addresses([], selection.document.uri))
        return await self.jedi.run(around, work)

    def show(self, span: Span, committed: str, draft: str = "") -> None:
        pass


def edit(options: argparse.Namespace) -> None:
    document = read_document(options.file)
    tell_link(options.file)
    if options.write:
        require_inside(options.file, None)
    action = registry.OWN if options.action is None else registry.find_action(options.action)
    if action is registry.OWN:
        argument = _from_standard_input() if options.instruction is None else options.instruction
    elif options.instruction is not None:
        raise SelectionError("an action has its own instruction; leave out --instruction or --action")
    else:
        argument = options.argument
    selection = _selected(document, options)
    settings = settings_of(options)

    async def propose(ask: Ask) -> Proposal | None:
        try:
            return await registry.run(action, selection, argument, _Tools(settings, ask, JediThread()))
        except NoChangeError as error:
            print(f"seed-lsp: {error}", file=sys.stderr)
            return None

    _report(selection, with_engine(options, propose), options)


def _report(selection: Selection, proposal: Proposal | None, options: argparse.Namespace) -> None:
    """Print the diff and the note, and write the files if asked to."""
    document = selection.document
    new_text = document.text if proposal is None else proposal.new_text(document)
    diff = unified_diff(document.text, new_text, diff_path(options.file))
    new_file = proposal.new_file if proposal is not None else None
    other = proposal.other_file if proposal is not None else None
    if options.write:
        replacements = {options.file: Replacement(document.text, new_text, document.encoding)} if diff else {}
        if other is not None:
            require_inside(other.path, project_around(options.file.absolute().parent))
            replacements[other.path] = Replacement(other.document.text, other.new_text, other.document.encoding)
        _write(options.file, replacements, new_file)
    if other is not None:
        diff += unified_diff(other.document.text, other.new_text, diff_path(other.path))
    if new_file is not None:
        diff += unified_diff("", new_file.text, diff_path(new_file.path))
    note = proposal.note if proposal is not None else ""
    if options.json:
        finished = proposal.finished[-1] if proposal is not None and proposal.finished else None
        print_json(selection.text if proposal is None else proposal.new_region(document), diff, finished, note=note)
        return
    sys.stdout.write(diff)
    if note:
        print(f"seed-lsp: {note}", file=sys.stderr)


def _write(file: Path, replacements: Mapping[Path, Replacement], new_file: NewFile | None) -> None:
    """Write all of it, or nothing."""
    if new_file is None:
        write_files(replacements)
        return
    require_inside(new_file.path, project_around(file.absolute().parent))
    try:
        new_file.path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(new_file.path) as scratch:
            scratch.write_text(new_file.text, encoding="utf-8", newline="")
            if new_file.path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            write_files(replacements)
    except OSError as error:
        raise UnknownDocumentError(f"cannot make {new_file.path}: {reason_of(error)}; nothing was changed") from error


def _selected(document: Document, options: argparse.Namespace) -> Selection:
    """The lines that the options name, and the columns in the first and the last of them."""
    first, last = options.lines
    if last > len(document.line_starts):
        raise SelectionError(f"{options.file} has {len(document.line_starts)} lines, there is no line {last}")
    start, end = document.line_range(first - 1)[0], document.line_range(last - 1)[1]
    if options.columns is not None:
        left, right = options.columns
        for line, column in ((first, left), (last, right)):
            length = len(document.line_text(line - 1))
            if column > length + 1:
                raise SelectionError(f"line {line} has {length} characters, there is no column {column}")
        start, end = CharOffset(start + left - 1), CharOffset(document.line_starts[last - 1] + right - 1)
        if start > end:
            raise SelectionError("the last column lies before the first")
    return Selection(document, start, end, path=options.file.resolve())


def _from_standard_input() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError:
        raise SelectionError("the instruction on standard input is no UTF-8 text") from None
