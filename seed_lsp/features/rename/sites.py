"""What a rename finds, in any language: scopes, symbols, and the sites that refer to them.

A site is a place in a file that a rename changes, or lists for the user to decide.
"""

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
"""What a symbol is. A parameter that no argument can name counts as a ``variable``."""

Tier = Literal["exact", "override", "possible", "mention"]
TIERS: tuple[Tier, ...] = ("exact", "override", "possible", "mention")
"""How sure it is that a site means the symbol.

``exact``: the site was resolved to the symbol. ``override``: the site means the member of the same
name in a class above or below. ``possible``: the site is an attribute of an unknown object, or may
mean several things. ``mention``: the site is text, not code.
"""

APPLIED: frozenset[Tier] = frozenset({"exact", "override"})
"""The tiers of the sites that a rename changes without asking."""


@dataclass(frozen=True)
class Scope:
    """What a name is defined in: a function, a class, a comprehension or a module.

    The syntax node of the scope starts at byte `start` of the file at `path`, and `node_type` is
    the type of this node. Two more types have no node: "library" stands for whatever lies outside
    the workspace, where `path` may be unknown, and "file" is the scope of a module's own name.

    `owner` is only set for a private name of a module that code in a class uses: it is the prefix
    that Python puts before the name there.
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
        """Whether no other file can see the names of the scope."""
        return self.node_type not in {"module", "class_definition", "library", "file"}


@dataclass(frozen=True)
class Symbol:
    """What a rename changes: a name, with all the scopes where it is the same thing.

    `scopes` are the scopes that define the symbol; there are several if the definition depends on a
    condition. `overrides` are the related classes that define it too. `called_as` has, for a
    parameter, the names by which its function is called, and for a field the names of its classes.
    `unsure` are classes that define the name and may be related through a base that is unknown.
    `alike` are the classes that are related by a protocol (for a parameter: their methods).
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

    @property
    def is_global(self) -> bool:
        """Whether the symbol is, or may be, a name of a module."""
        return any(not scope.is_class and not scope.is_local for scope in self.scopes)


@dataclass(frozen=True)
class Site:
    """A place of a file that the rename changes or lists: the characters `start` to `end`.

    `alias` says what the place needs besides the new name. "old": the import goes on to bind the
    old name. "new": the import has to import under the old name. "shorthand": the place also names
    a field, which keeps its name. "private": the class's name, the `prefix`, stands before a
    private name. "owner": the place is the class's name in such a prefix. "dashed": the place has
    dashes where the name has underscores.
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
    """All sites of a symbol, and the texts that they were found in.

    `sites` are in the order of their paths and offsets.
    """

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
    """Whether Python puts a class's name before this one: it begins with two underscores.

    A name that also ends with two underscores is not private.
    """
    return name.startswith("__") and not name.endswith("__") and "." not in name


def word_pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")


def goes_on(character: str) -> bool:
    """Whether a character may stand in an identifier behind the first character.

    These are letters, digits, underscores, and marks such as accents.
    """
    return ("a" + character).isidentifier() or character.isalnum()


def mentions(path: Path, document: Document, name: str) -> list[Site]:
    """The sites of a name in a file of another language than the symbol's, or of none.

    Nothing is resolved in such a file, so that each word that is the name is a mention.
    """
    pattern, reason = word_pattern(name), f"in a file of another language ({document.language})"
    if path.suffix.lower() == NOTEBOOK:
        # JSON writes a line break of a cell as ``\n``, so that a letter may stand before a word.
        pattern, reason = re.compile(rf"(?:(?<!\w)|(?<=(?<!\\)\\[nt])){re.escape(name)}(?!\w)"), "in a notebook"
    elif document.language == PLAIN:
        reason = "in documentation or configuration"
    return [Site(path, CharOffset(match.start()), CharOffset(match.end()), "mention", reason) for match in pattern.finditer(document.text)]
