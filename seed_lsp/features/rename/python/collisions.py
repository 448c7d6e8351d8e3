"""Whether the new name can stand where the old one stood, without changing what a name means."""

from __future__ import annotations

import keyword
from pathlib import Path

from tree_sitter import Node

from seed_lsp.errors import RenameRefusedError
from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.mangled_collisions import require_same_class
from seed_lsp.features.rename.python.names import Occurrence
from seed_lsp.features.rename.python.resolution import BUILTINS, Resolution
from seed_lsp.features.rename.python.stars import require_same_stars
from seed_lsp.features.rename.sites import APPLIED, References, Scope, Site


def require_name(old: str, new: str, language: str = "python") -> None:
    """`RenameRefusedError` unless `new` is an identifier other than `old`.

    For Python, keywords are refused here. In another language a keyword shows when the result is
    parsed.
    """
    if not new.isidentifier():
        raise RenameRefusedError(f"{new!r} is no name: letters, digits and underscores, no digit first")
    if language == "python" and keyword.iskeyword(new):
        raise RenameRefusedError(f"{new} is a keyword of Python")
    if language == "python" and new == "__debug__":
        raise RenameRefusedError("__debug__ is a constant of Python, which nothing can be named")
    if language == "python" and names.normalised(new) != new:
        raise RenameRefusedError(f"Python reads {new} as {names.normalised(new)}; give the name in that form")
    if new == old:
        raise RenameRefusedError(f"the name is {old} already")


def require_room(resolution: Resolution, references: References, new: str) -> None:
    """`RenameRefusedError` if the new name is taken, would be hidden, or would hide another."""
    by_file: dict[Path, list[Site]] = {}
    for site in references.sites:
        if site.tier in APPLIED and references.documents[site.path].language == "python":
            by_file.setdefault(site.path, []).append(site)
    for scope in references.symbol.scopes | references.symbol.overrides:
        assert scope.path is not None, "a library's symbol was refused"
        _require_free(FileOccurrences(scope.path, resolution.place(scope.path).file, new), scope)
    if references.symbol.is_member and resolution.files.containing(new):
        _require_free_in_family(resolution, references, new)
    require_same_stars(resolution, references, new)
    require_same_class(resolution, by_file, new)
    for path, sites in by_file.items():
        place = resolution.place(path)
        _require_sight(place, FileOccurrences(path, place.file, new), sites)


def _require_free(taken: FileOccurrences, scope: Scope) -> None:
    if taken.bindings.get(scope):
        raise _taken(taken, taken.bindings[scope][0])
    members = [o for o in taken.occurrences if o.role == "attribute" and scope.is_class and taken.container(o) == scope]
    if members:
        raise _taken(taken, members[0])


def _require_free_in_family(resolution: Resolution, references: References, new: str) -> None:
    """`RenameRefusedError` if a class above has the new name, or one that shares a subclass.

    From then on one member would override the other. (The classes below are checked when the result
    is resolved again.)
    """
    for scope in references.symbol.scopes | references.symbol.overrides:
        if not scope.is_class:
            continue
        beside = resolution.hierarchy.beside(scope) - resolution.hierarchy.below(scope)
        for other in resolution.ancestors(scope) | beside:
            assert other.path is not None, "classes of the workspace"
            _require_free(FileOccurrences(other.path, resolution.place(other.path).file, new), other)


def _require_sight(old: FileOccurrences, new: FileOccurrences, sites: list[Site]) -> None:
    """`RenameRefusedError` if a use would mean another definition than before.

    Between a use of the renamed thing and the scope of its definition nothing may bind the new
    name. And where the new name means another thing, it must not come to mean the renamed one.
    """
    scopes: set[Scope] = set()
    for site in sites:
        occurrence = old.at(site.start)
        if occurrence is None or occurrence.role != "name":
            continue
        scope = old.container(occurrence) or old.lookup(occurrence.node)
        if scope is None or site.alias == "old" or (names.is_imported(occurrence.node) and _is_renamed_at_once(occurrence.node)):
            continue
        scopes.add(scope)
        seen = new.lookup(occurrence.node)
        if seen is not None and (seen == scope or _is_within(new, seen, scope)):
            raise _hidden(new, new.bindings[seen][0], site, old)
    for occurrence in new.occurrences:
        if not new.is_plain(occurrence) or new.container(occurrence) is not None:
            continue
        meant = new.lookup(occurrence.node)
        for scope in scopes:
            if _sees(occurrence.node, new, scope) and (meant is None or _is_within(new, scope, meant)):
                line = new.file.document.line_of(occurrence.start) + 1
                what = "the built-in " if meant is None and new.name in BUILTINS else "another "
                raise RenameRefusedError(
                    f"{new.name} on line {line} of {new.path.name} means {what}{new.name}, which the renamed one would hide"
                )


def _is_renamed_at_once(node: Node) -> bool:
    """Whether the identifier is the first name of ``name as other``, which binds nothing here."""
    parent = node.parent.parent if node.parent is not None else None
    return parent is not None and parent.type == "aliased_import" and not names.is_alias_of_import(node)


def _sees(node: Node, place: FileOccurrences, scope: Scope) -> bool:
    """Whether a name at `node` would find a binding in `scope`, if no nearer scope had one."""
    return any(place.scope(around) == scope for around in scoping.visible_scopes(node))


def _is_within(place: FileOccurrences, inner: Scope, outer: Scope) -> bool:
    """Whether the scope `inner` lies inside the scope `outer`, and is another one."""
    node: Node | None = place.node_of(inner).parent
    while node is not None:
        if place.scope(node) == outer:
            return True
        node = node.parent
    return False


def _taken(place: FileOccurrences, occurrence: Occurrence) -> RenameRefusedError:
    line = place.file.document.line_of(occurrence.start) + 1
    return RenameRefusedError(f"{place.name} is taken: line {line} of {place.path.name} defines it in the same scope")


def _hidden(new: FileOccurrences, binding: Occurrence, site: Site, old: FileOccurrences) -> RenameRefusedError:
    line, use = (place.file.document.line_of(at) + 1 for place, at in ((new, binding.start), (old, site.start)))
    return RenameRefusedError(f"on line {use} of {new.path.name} {new.name} would mean what line {line} defines")
