"""What a rename finds, in any language: scopes, symbols, and the sites that refer to them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seed_lsp.errors import RenameRefusedError
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.files import NOTEBOOK, PLAIN

Kind = Literal["function", "class", "method", "parameter", "attribute", "variable"]
"""``parameter``: one that arguments can name; the others are variables of their function."""

Tier = Literal["exact", "override", "possible", "mention"]
TIERS: tuple[Tier, ...] = ("exact", "override", "possible", "mention")
"""``exact``: resolved to the symbol. ``override``: the same name in a class above or below. ``possible``: an attribute of something unknown, or of several things.
``mention``: text, not code."""

APPLIED: frozenset[Tier] = frozenset({"exact", "override"})
"""What a rename changes without asking."""


@dataclass(frozen=True)
class Scope:
    """What a name is defined in: the function, class, comprehension or module whose node starts at byte `start` of `path`. `node_type` is its node's type; "library" for
    whatever lies outside the workspace, whose `path` may be unknown; or "file" where the name is a module's. `owner`: of a private name of the module that a class's code
    calls global, what Python puts in front of it.
    """

    path: Path | None
    start: int
    node_type: str
    owner: str = ""

    @property
    def is_class(self) -> bool:
        return self.node_type == "class_definition"

    @property
    def is_library(self) -> bool:
        return self.node_type == "library"

    @property
    def is_local(self) -> bool:
        """Whether no other file can see its names."""
        return self.node_type not in {"module", "class_definition", "library", "file"}


@dataclass(frozen=True)
class Symbol:
    """`scopes`: what it is defined in; more than one where its definition depends on a condition. `overrides`: the related classes that define it too.
    `called_as`: of a parameter the names by which its function is called, of a field those of its classes. `unsure`: the classes that define it and may be related,
    by a base that is unknown; `alike`: those that may stand for a protocol, or the protocol, and for a parameter their methods.
    """

    name: str
    kind: Kind
    scopes: frozenset[Scope]
    overrides: frozenset[Scope] = frozenset()
    called_as: frozenset[str] = frozenset()
    unsure: frozenset[Scope] = frozenset()
    alike: frozenset[Scope] = frozenset()

    @property
    def is_local(self) -> bool:
        return all(scope.is_local for scope in self.scopes)

    @property
    def is_member(self) -> bool:
        return any(scope.is_class for scope in self.scopes)


@dataclass(frozen=True)
class Site:
    """Characters `start` to `end` of the document at `path`. `alias`: an import there goes on to bind the old name, or has to
    import under the old one; ``shorthand``: the place names a field as well, which keeps its name; ``private``: the place has the class's name, the `prefix`,
    before a private one; ``owner``: the place is the class's name there; ``dashed``: it has dashes where the
    name has underscores.
    """

    path: Path
    start: CharOffset
    end: CharOffset
    tier: Tier
    reason: str
    alias: Literal["", "old", "new", "shorthand", "private", "owner", "dashed"] = ""
    prefix: str = ""

    def new_text(self, old: str, new: str) -> str:
        texts = {
            "": new,
            "old": f"{new} as {old}",
            "new": f"{old} as {new}",
            "shorthand": f"{old}: {new}",
            "owner": new.lstrip("_"),
            "dashed": new.replace("_", "-"),
        }
        texts["private"] = self.prefix + new if is_private(new) else new
        return texts[self.alias]


@dataclass(frozen=True)
class References:
    """`sites` are in order of their paths and places; `documents` are the texts that they were found in."""

    symbol: Symbol
    sites: tuple[Site, ...]
    documents: dict[Path, Document]

    def counts(self) -> dict[Tier, int]:
        found = Counter(site.tier for site in self.sites)
        return {tier: found[tier] for tier in TIERS}


def name_at(document: Document, offset: CharOffset) -> str:
    text = document.text
    start = end = int(offset)
    while start > 0 and goes_on(text[start - 1]):
        start -= 1
    while end < len(text) and goes_on(text[end]):
        end += 1
    if not text[start:end].isidentifier():
        raise RenameRefusedError("there is no name at the cursor")
    return text[start:end]


def is_private(name: str) -> bool:
    """Whether a class gives the name its own in front: two underscores before it, and not two behind."""
    return name.startswith("__") and not name.endswith("__") and "." not in name


def word_pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")


def goes_on(character: str) -> bool:
    """Whether a character may stand in an identifier, if not first: letters, digits, underscores, and marks such as accents."""
    return ("a" + character).isidentifier() or character.isalnum()


def mentions(path: Path, document: Document, name: str) -> list[Site]:
    """A file of another language, or of none: nothing is resolved there."""
    pattern, reason = word_pattern(name), f"in a file of another language ({document.language})"
    if path.suffix.lower() == NOTEBOOK:
        # Several lines of a cell may stand in one string of JSON, so that their breaks are letters.
        pattern, reason = re.compile(rf"(?:(?<!\w)|(?<=(?<!\\)\\[nt])){re.escape(name)}(?!\w)"), "in a notebook"
    elif document.language == PLAIN:
        reason = "in documentation or configuration"
    return [Site(path, CharOffset(match.start()), CharOffset(match.end()), "mention", reason) for match in pattern.finditer(document.text)]
