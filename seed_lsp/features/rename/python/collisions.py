"""Whether a new name can stand where the old one stood: nothing there, or in sight of it, may change its meaning."""

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
    """`RenameRefusedError` unless `new` is an identifier, and another one. A keyword of another language than Python shows when the result is parsed."""
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
    """`RenameRefusedError` where the new name is taken, would be hidden at one of the sites, or would hide another."""
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
    """No class above may have the new name, nor one that shares a subclass: one would override the other from now on. (Those below are found by the scan of the result.)"""
    for scope in references.symbol.scopes | references.symbol.overrides:
        if not scope.is_class:
            continue
        beside = resolution.hierarchy.beside(scope) - resolution.hierarchy.below(scope)
        for other in resolution.ancestors(scope) | beside:
            assert other.path is not None, "classes of the workspace"
            _require_free(FileOccurrences(other.path, resolution.place(other.path).file, new), other)


def _require_sight(old: FileOccurrences, new: FileOccurrences, sites: list[Site]) -> None:
    """Between each use and the scope of its definition nothing may bind the new name; and no use of another thing by the new name may lie where it would be taken for this one."""
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
    """The first name of ``name as other``: it binds nothing here."""
    parent = node.parent.parent if node.parent is not None else None
    return parent is not None and parent.type == "aliased_import" and not names.is_alias_of_import(node)


def _sees(node: Node, place: FileOccurrences, scope: Scope) -> bool:
    """Whether a name at `node` would find a binding in `scope`, if none nearer had one."""
    return any(place.scope(around) == scope for around in scoping.visible_scopes(node))


def _is_within(place: FileOccurrences, inner: Scope, outer: Scope) -> bool:
    """Whether one scope lies inside another one, and is not the same."""
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
