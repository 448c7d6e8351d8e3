"""A rename as a whole: what it would change, whether the result holds, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from seed_lsp.errors import RejectedResultError, RenameRefusedError
from seed_lsp.features.rename.call_sites import CallSites, NewSignature, plan_call_sites
from seed_lsp.features.rename.collisions import require_name, require_room
from seed_lsp.features.rename.references import APPLIED, References, Site, Tier, find_references, find_symbol, resolution_at
from seed_lsp.source.document import CharOffset
from seed_lsp.source.files import WorkspaceFiles
from seed_lsp.source.patch import Edit, apply_edits
from seed_lsp.source.resolve import Resolver
from seed_lsp.source.syntax import count_errors, parse


@dataclass(frozen=True)
class Rename:
    """`references` with their new name, which may be the old one where only the signature changes; nothing is applied here."""

    references: References
    new_name: str
    call_sites: CallSites | None = None

    def edits(self, tiers: Collection[Tier] = APPLIED) -> dict[Path, list[Edit]]:
        """For each file the edits of the sites of these tiers, in order."""
        found: dict[Path, list[Edit]] = {}
        for site in self.references.sites if self.new_name != self.references.symbol.name else ():
            if site.tier in tiers:
                text = site.new_text(self.references.symbol.name, self.new_name)
                found.setdefault(site.path, []).append(Edit(site.start, site.end, text))
        return found

    def all_edits(self, tiers: Collection[Tier] = APPLIED) -> dict[Path, list[Edit]]:
        """The same with the changes of calls and definitions."""
        if self.call_sites is None:
            return self.edits(tiers)
        found = {path: list(some) for path, some in self.call_sites.edits.items()}
        for path, some in self.edits(set(tiers) - APPLIED).items():
            changed = found.get(path, [])
            # What stands within something that a call moves goes with it as it is.
            apart = [edit for edit in some if not any(other.start <= edit.start and edit.end <= other.end for other in changed)]
            found[path] = sorted([*changed, *apart], key=lambda edit: edit.start)
        return found

    def texts(self, tiers: Collection[Tier] = APPLIED) -> dict[Path, str]:
        """The new text of each file that changes. `RejectedResultError` where one would no longer parse as well as it does."""
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


def plan_rename(
    files: WorkspaceFiles,
    resolver: Resolver,
    path: Path,
    offset: CharOffset,
    new_name: str,
    *,
    signature: NewSignature | None = None,
    check: Callable[[], None] = lambda: None,
) -> Rename:
    """Find everything to rename, or raise `RenameRefusedError` with the reason. `check` is called often, and may raise.

    With a `signature` calls change as well, and the name may stay.
    """
    files.refresh(check)
    resolution = resolution_at(files, resolver, path, offset, check)
    if signature is None or new_name != resolution.name:
        require_name(resolution.name, new_name)
    references = find_references(resolution, find_symbol(resolution, path, offset), path)
    outside = [site.path for site in references.sites if site.tier in APPLIED and not files.holds(site.path)]
    if outside:
        raise RenameRefusedError(f"{outside[0]} is no file of the workspace that may be changed: ignored, behind a link, or too large")
    if new_name != resolution.name:
        require_room(references, new_name)
    found = Rename(references, new_name)
    return found if signature is None else replace(found, call_sites=plan_call_sites(references, signature, found.edits(), check))


def require_same_meaning(
    files: WorkspaceFiles, resolver: Resolver, rename: Rename, path: Path, offset: CharOffset, *, check: Callable[[], None] = lambda: None
) -> None:
    """Scan again, in the texts as they would be: `RejectedResultError` unless the new name is found where the old one was, and nowhere else.

    `resolver` must read open documents through `files`.
    """
    if rename.new_name == rename.references.symbol.name:
        return
    edits = rename.edits()
    texts = {changed: apply_edits(rename.references.documents[changed].text, some) for changed, some in edits.items()}
    with files.overlaid(texts):
        moved = CharOffset(offset + _shift(edits.get(path, []), offset))
        resolution = resolution_at(files, resolver, path, moved, check)
        after = find_references(resolution, find_symbol(resolution, path, moved), path)
    wanted = _places(rename, edits)
    found = {(site.path, site.start) for site in after.sites if site.tier in APPLIED}
    if lost := wanted - found:
        where, _ = min(lost)
        raise RejectedResultError(f"in {where.name} the new name would mean something else; nothing was changed")
    if more := found - wanted:
        where, _ = min(more)
        raise RejectedResultError(f"in {where.name} the name {rename.new_name} would begin to mean the renamed one; nothing was changed")


def _places(rename: Rename, edits: Mapping[Path, list[Edit]]) -> set[tuple[Path, int]]:
    """Where the sites that are applied stand afterwards."""
    places = set()
    for site in rename.references.sites:
        if site.tier in APPLIED:
            # Of ``old as new`` the new one stands last.
            inside = len(site.new_text(rename.references.symbol.name, rename.new_name)) - len(rename.new_name) if site.alias == "new" else 0
            places.add((site.path, site.start + _shift(edits[site.path], site.start) + inside))
    return places


def _shift(edits: list[Edit], offset: CharOffset) -> int:
    """By how much the edits of its file move a place."""
    return sum(len(edit.text) - (edit.end - edit.start) for edit in edits if edit.start < offset)
