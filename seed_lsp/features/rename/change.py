"""A rename as a whole: what it would change, whether the result holds, and what it leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from seed_lsp.errors import RejectedResultError, RenameRefusedError
from seed_lsp.features.rename.other_languages.grammars import FAMILIES, require_language
from seed_lsp.features.rename.other_languages.lexical import LexicalFile, find_lexical_references
from seed_lsp.features.rename.python.capture import require_same_scopes
from seed_lsp.features.rename.python.collisions import require_name, require_room
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.mangled_references import with_private_names
from seed_lsp.features.rename.python.options import with_options
from seed_lsp.features.rename.python.references import find_references
from seed_lsp.features.rename.python.resolution import Resolution
from seed_lsp.features.rename.python.symbols import find_symbol, resolution_at
from seed_lsp.features.rename.python.unread import with_unread_files
from seed_lsp.features.rename.query import Query
from seed_lsp.features.rename.signature.call_sites import CallSites, plan_call_sites
from seed_lsp.features.rename.signature.constructor_calls import plan_constructor
from seed_lsp.features.rename.signature.constructors import constructor_at, constructor_of, signature_of
from seed_lsp.features.rename.signature.definitions import NewSignature, functions_of
from seed_lsp.features.rename.signature.form import Form
from seed_lsp.features.rename.signature.moving import plan_move
from seed_lsp.features.rename.signature.signature import pieces_of
from seed_lsp.features.rename.sites import APPLIED, References, Site, Symbol, Tier, name_at
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.encodings import MARKED_UTF8, UTF8, declared_encoding, encoded
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.patch import Edit, apply_edits
from seed_lsp.source.syntax import count_errors, parse
from seed_lsp.source.writing import is_read_only


@dataclass(frozen=True)
class Rename:
    """The `references` of a symbol with their new name; nothing is applied here.

    `new_name` may be the old name, where only the signature changes.
    """

    references: References
    new_name: str
    call_sites: CallSites | None = None

    def edits(self, tiers: Collection[Tier] = APPLIED) -> dict[Path, list[Edit]]:
        """The edits of the sites of these tiers for each file, in order."""
        found: dict[Path, list[Edit]] = {}
        for site in self.references.sites if self.new_name != self.references.symbol.name else ():
            if site.tier in tiers:
                text = site.new_text(self.references.symbol.name, self.new_name)
                found.setdefault(site.path, []).append(Edit(site.start, site.end, text))
        return found

    def all_edits(self, tiers: Collection[Tier] = APPLIED) -> dict[Path, list[Edit]]:
        """Like `edits`, with the changes of calls and definitions."""
        if self.call_sites is None:
            return self.edits(tiers)
        calls = self.call_sites.proposed if "possible" in tiers else self.call_sites.edits
        found = {path: list(some) for path, some in calls.items()}
        for path, some in self.edits(set(tiers) - APPLIED).items():
            changed = found.get(path, [])
            # A name inside something that a call moves is moved with it, unchanged.
            apart = [edit for edit in some if not any(other.start <= edit.start and edit.end <= other.end for other in changed)]
            found[path] = sorted([*changed, *apart], key=lambda edit: edit.start)
        return found

    def edits_for_editor(self, tiers: Collection[Tier] = APPLIED) -> dict[Path, list[Edit]]:
        """Like `all_edits`, without optional edits that an editor might write in a wrong encoding.

        An editor may read a file in another encoding than its own and write it back broken.
        `RenameRefusedError` if such a file has to change.
        """
        found = self.all_edits(tiers)
        for path in [path for path in found if not _keeps_encoding(self.references.documents[path])]:
            if path in self.all_edits():
                encoding = self.references.documents[path].encoding
                raise RenameRefusedError(
                    f"{path.name} is written in {encoding}, which an editor may not know: open it there first, or use seed-lsp rename"
                )
            del found[path]
        return found

    def texts(self, tiers: Collection[Tier] = APPLIED) -> dict[Path, str]:
        """The new text of each file that changes.

        `RejectedResultError` if a file would have more syntax errors than before.
        """
        texts = {}
        for path, edits in self.all_edits(tiers).items():
            document = self.references.documents[path]
            texts[path] = apply_edits(document.text, edits)
            before, after = (parse(text, document.language) for text in (document.text, texts[path]))
            if before is not None and after is not None and count_errors(after) > count_errors(before):
                raise RejectedResultError(f"{path.name} would not parse any more; nothing was changed")
        return texts

    def left(self, tiers: Collection[Tier] = APPLIED) -> tuple[Site, ...]:
        """The sites that keep the old name, and the calls that keep their arguments."""
        renamed = self.references.sites if self.new_name != self.references.symbol.name else ()
        calls = self.call_sites.sites if self.call_sites is not None else ()
        left = {(site.path, site.start): site for site in (*renamed, *calls) if site.tier not in tiers}
        return tuple(site for _, site in sorted(left.items(), key=lambda item: item[0]))


def plan_rename(query: Query, new_name: str, *, signature: NewSignature | None = None, form: Form | None = None) -> Rename:
    """Find everything to rename, and check that the result means what it meant.

    With a `signature` calls change as well, and the name may stay. With a `form` the function
    becomes a method, or the method a function, and nothing else changes. If the rename cannot be
    done, `RenameRefusedError` or `RejectedResultError` says why.
    """
    files, path, check = query.files, query.path, query.check
    files.refresh(check)
    document = query.document
    require_language(document)
    old_name = name_at(document, query.offset)
    if form is not None and (signature is not None or new_name != old_name):
        raise RenameRefusedError(
            "making a method of a function, or a function of a method, is a change of its own: neither name nor signature change with it"
        )
    if (signature is None and form is None) or new_name != old_name:
        require_name(old_name, new_name, document.language)
    resolution = resolution_at(query) if document.language == "python" else None
    if resolution is None and (signature is not None or form is not None):
        raise RenameRefusedError(f"only signatures of Python are changed, and this is {document.language}")
    if resolution is not None and signature is not None and new_name == old_name:
        constructor = constructor_at(resolution, path, query.offset)
        if constructor is not None:
            call_sites, references = plan_constructor(resolution, signature, constructor, {}, check)
            found = Rename(references, new_name, call_sites)
            _require_inside(files, found)
            _require_writable(found)
            return _with_unread(files, found)
    if resolution is None:
        references = find_lexical_references(query)
    else:
        references = _references(resolution, find_symbol(resolution, path, query.offset, renamed=new_name != old_name), path)
    found = Rename(references, new_name)
    _require_inside(files, found)
    if resolution is not None:
        if new_name != old_name:
            require_room(resolution, references, new_name)
        if signature is not None:
            found = _with_signature(resolution, found, signature, check)
        if form is not None:
            found = replace(found, call_sites=plan_move(resolution, references, form, check))
    _require_writable(found)
    _require_same_meaning(query, resolution, found)
    return _with_unread(files, found)


def _with_unread(files: WorkspaceFiles, found: Rename) -> Rename:
    """The rename, with the mentions in files that are not resolved."""
    references = with_unread_files(files, found.references)
    if found.call_sites is None:
        return replace(found, references=references)
    more = set(references.sites) - set(found.references.sites)
    call_sites = replace(found.call_sites, sites=(*found.call_sites.sites, *sorted(more, key=lambda site: (site.path, site.start))))
    return replace(found, references=references, call_sites=call_sites)


def _with_signature(resolution: Resolution, found: Rename, signature: NewSignature, check: Callable[[], None]) -> Rename:
    """The rename, with the changed calls of the function, or of the class's constructor."""
    if found.references.symbol.kind != "class":
        call_sites = plan_call_sites(resolution, found.references, signature, found.edits(), check)
        paths = {*call_sites.proposed, *(site.path for site in call_sites.sites)}
        more = {path: resolution.files.document(path) for path in paths}
        return replace(found, references=replace(found.references, documents={**more, **found.references.documents}), call_sites=call_sites)
    constructor = constructor_of(resolution, found.references.symbol)
    call_sites, constructing = plan_constructor(resolution, signature, constructor, found.edits(), check)
    documents = {**constructing.documents, **found.references.documents}
    return replace(found, references=replace(found.references, documents=documents), call_sites=call_sites)


def find_name(query: Query) -> tuple[CharOffset, CharOffset, str]:
    """Where the name at the place begins and ends, and the name itself.

    `RenameRefusedError` if the name cannot be renamed.
    """
    query.files.refresh(query.check)
    document = query.document
    require_language(document)
    if document.language == "python":
        resolution = resolution_at(query)
        find_symbol(resolution, query.path, query.offset)
        found = resolution.place(query.path).at(query.offset)
        assert found is not None, "the symbol was found there"
        return found.start, found.end, resolution.name
    file = LexicalFile(query.path, document, name_at(document, query.offset))
    start = file.start_at(query.offset)
    return start, CharOffset(start + len(file.name)), file.name


def find_definition(query: Query) -> tuple[Document, CharOffset, str]:
    """The text, offset and name of the symbol's first site in the file that defines it.

    `RenameRefusedError` if the symbol cannot be renamed.
    """
    query.files.refresh(query.check)
    require_language(query.document)
    references = _find(query)
    homes = {scope.path for scope in references.symbol.scopes} or {query.path}
    site = next((one for one in references.sites if one.path in homes and one.tier in APPLIED), None)
    if site is None:
        raise RenameRefusedError("nothing here is resolved for certain")
    return references.documents[site.path], site.start, references.symbol.name


def find_signature(query: Query) -> tuple[str, str]:
    """The name of the function or class at a place, and its parameters as text.

    The text has the form that `parse_signature` takes. `RenameRefusedError` if the parameters
    cannot be changed.
    """
    query.files.refresh(query.check)
    require_language(query.document)
    if query.document.language != "python":
        raise RenameRefusedError(f"only signatures of Python are changed, and this is {query.document.language}")
    resolution = resolution_at(query)
    constructor = constructor_at(resolution, query.path, query.offset)
    if constructor is None:
        symbol = find_symbol(resolution, query.path, query.offset, renamed=False)
        if symbol.kind != "class":
            function = next(iter(functions_of(resolution, symbol.scopes)), None)
            if function is None:
                raise RenameRefusedError(f"{symbol.name} is no function whose signature could be changed")
            return symbol.name, f"({', '.join(pieces_of(function.parameters))})"
        constructor = constructor_of(resolution, symbol)
    return resolution.name, signature_of(resolution, constructor)


def _find(query: Query) -> References:
    """The references of the name that is meant, in any language."""
    if query.document.language in FAMILIES:
        return find_lexical_references(query)
    return _resolved(resolution_at(query), query.path, query.offset)


def _resolved(resolution: Resolution, path: Path, offset: CharOffset) -> References:
    return _references(resolution, find_symbol(resolution, path, offset), path)


def _references(resolution: Resolution, symbol: Symbol, path: Path) -> References:
    return with_options(resolution, with_private_names(resolution, find_references(resolution, symbol, path)))


def _require_inside(files: WorkspaceFiles, rename: Rename) -> None:
    outside = [site.path for site in rename.references.sites if site.tier in APPLIED and not files.holds(site.path)]
    if outside:
        raise RenameRefusedError(f"{outside[0]} is no file of the workspace that may be changed: ignored, behind a link, or too large")


def _require_writable(rename: Rename) -> None:
    """`RenameRefusedError` if a file cannot be written: either all files change, or none."""
    for path, edits in sorted(rename.all_edits().items()):
        if is_read_only(path):
            raise RenameRefusedError(f"{path.name} is read-only and would have to change; nothing was changed")
        document = rename.references.documents[path]
        # An editor writes an open document in the encoding that the document declares.
        encoding = document.encoding if document.version is None else declared_encoding(document.text)
        for edit in edits:
            encoded(edit.text, encoding, path.name)


def _keeps_encoding(document: Document) -> bool:
    """Whether every editor reads the file as we do; an open document was read already."""
    return document.version is not None or document.text.isascii() or document.encoding in {UTF8, MARKED_UTF8}


def _require_same_meaning(query: Query, before: Resolution | None, rename: Rename) -> None:
    """`RejectedResultError` unless the new name means in the new texts what the old one meant.

    The new texts are resolved again: the new name has to be found where the old one was, and
    nowhere else. `before` is Python's resolution of the old name, and None in other languages.
    """
    files, path, offset = query.files, query.path, query.offset
    edits = rename.edits()
    if not edits:
        return
    documents = rename.references.documents
    texts = {changed: apply_edits(documents[changed].text, some) for changed, some in edits.items()}
    places = [] if before is None else [before.place(changed) for changed in edits if documents[changed].language == "python"]
    with files.overlaid(texts):
        at = next((site for site in rename.references.sites if site.path == path and site.start <= offset <= site.end), None)
        moved = CharOffset(offset + _shift(edits.get(path, []), offset) if at is None else _new_place(rename, edits, at))
        try:
            if before is None:
                after = find_lexical_references(replace(query, offset=moved))
            else:
                resolution = Resolution(files, before.resolver, rename.new_name, query.check)
                _require_same_scopes(places, resolution, rename, edits)
                after = _resolved(resolution.for_name(name_at(files.document(path), moved)), path, moved)
        except RenameRefusedError:
            raise RejectedResultError(f"{rename.new_name} would be no such name in {path.name}; nothing was changed") from None
    wanted = {(site.path, _new_place(rename, edits, site)) for site in rename.references.sites if site.tier in APPLIED}
    found = {(site.path, int(site.start)) for site in after.sites if site.tier in APPLIED}
    if lost := wanted - found:
        where, _ = min(lost)
        raise RejectedResultError(f"in {where.name} the new name would mean something else; nothing was changed")
    if more := found - wanted:
        where, at_char = min(more)
        line = after.documents[where].line_of(CharOffset(at_char)) + 1
        raise RejectedResultError(
            f"{rename.new_name} on line {line} of {where.name} would be one with the renamed name; nothing was changed"
        )


def _require_same_scopes(before: list[FileOccurrences], after: Resolution, rename: Rename, edits: Mapping[Path, list[Edit]]) -> None:
    left: dict[Path, set[int]] = defaultdict(set)
    for site in rename.references.sites:
        if site.tier not in APPLIED:
            left[site.path].add(int(site.start))
    for place in before:
        require_same_scopes(place, after.place(place.path), edits[place.path], left[place.path])


def _new_place(rename: Rename, edits: Mapping[Path, list[Edit]], site: Site) -> int:
    """Where the new name of an applied site stands in the new text, in characters.

    In ``new as old`` the new name comes first, in ``old as new`` it comes last.
    """
    text = site.new_text(rename.references.symbol.name, rename.new_name)
    inside = len(text) - len(rename.new_name) if site.alias in {"new", "shorthand"} else 0
    return site.start + _shift(edits.get(site.path, []), site.start) + inside


def _shift(edits: list[Edit], offset: CharOffset) -> int:
    """By how many characters the edits of a file move the place at `offset`."""
    return sum(len(edit.text) - (edit.end - edit.start) for edit in edits if edit.start < offset)
