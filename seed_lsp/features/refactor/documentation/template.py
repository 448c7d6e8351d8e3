"""Documentation with holes: signs, sections and names, between which words are missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from seed_lsp.features.refactor.documentation.definition import Definition, Parameter, Place
from seed_lsp.features.refactor.documentation.style import Style, columns

_LEAST_ROOM = 50
"""Columns for words in a line."""

About = Literal["summary", "description", "type"]


@dataclass(frozen=True)
class Hole:
    """Words that are missing: `about` the definition itself, or a part of it.

    `name`: of what they tell. Lines that go on begin with `hang`; `one_line` says that there is
    none, and `follows_name` that the name stands before them. `width` is that of the longest line
    that the words may make; `period` says that they end with one.
    """

    about: About
    name: str
    hang: str
    width: int
    one_line: bool
    period: bool
    follows_name: bool = False


@dataclass(frozen=True)
class Template:
    """Documentation to be filled: `opening`, `pieces`, `closing`; lines end with line feeds and
    begin with their indentation, but for the first.
    """

    opening: str
    pieces: tuple[str | Hole, ...]
    closing: str


def template(definition: Definition, place: Place, style: Style, *, sections: bool = True) -> Template:
    """The documentation of a definition in a style; without `sections` it is a summary alone."""
    return _Writer(definition, place, style).template(sections=sections)


@dataclass(frozen=True)
class _Writer:
    definition: Definition
    place: Place
    style: Style

    @property
    def lead(self) -> str:
        """What each line begins with."""
        form, indent = self.style.form, self.place.indent
        if form.startswith("/*"):
            return f"{indent} * "
        return f"{indent}{form} " if form.startswith("//") else indent

    @property
    def blank(self) -> str:
        """A line without words."""
        return "" if self.lead == self.place.indent else self.lead.rstrip()

    @property
    def width(self) -> int:
        """The file's, but for code that is indented so far that it leaves no room for words."""
        return max(self.style.width, columns(self.lead) + _LEAST_ROOM)

    @property
    def is_line_comment(self) -> bool:
        return self.style.form.startswith("//")

    def template(self, *, sections: bool) -> Template:
        entries = list(self._entries()) if sections and not self.definition.is_attribute else []
        opening, closing = self._signs(spread=self.style.below if entries else self.style.spread, several=bool(entries))
        name, named = self.definition.name, self.style.starts_with_name
        width = self.width - (0 if "\n" in closing else len(closing))
        hole = Hole("summary", name, self.lead, width, not entries, self.style.ends_with_period, named)
        return Template(opening, (*([f"{name} "] if named else []), hole, *entries), closing)

    def _signs(self, *, spread: bool, several: bool) -> tuple[str, str]:
        """The opening and the closing; `spread`: the summary does not share its line with the
        opening.
        """
        form, lead = self.style.form, self.lead
        if self.is_line_comment:
            return f"{form} ", ""
        below = f"\n{self.place.indent}"
        if form.startswith("/*"):
            return (f"{form}\n{lead}", f"{below} */") if spread or several else (f"{form} ", " */")
        ends_below = self.style.closing_below if several else spread
        return f"{form}{below}" if spread else form, f"{below}{form}" if ends_below else form

    def _entries(self) -> Iterator[str | Hole]:
        definition, headings = self.definition, self.style.headings
        found: list[tuple[str, list[Parameter]]] = []
        if "parameters" in headings and definition.parameters:
            found.append(("parameters", list(definition.parameters)))
        if definition.yields and "yields" in headings:
            found.append(("yields", [Parameter("", definition.returns or "")]))
        elif not definition.yields and definition.returns is not None and "returns" in headings:
            found.append(("returns", [Parameter("", definition.returns)]))
        if "raises" in headings and definition.raises:
            found.append(("raises", [Parameter(name) for name in definition.raises]))
        write = {"google": self._google, "numpy": self._numpy, "sphinx": self._fields, "tags": self._fields}.get(self.style.sections)
        for number, (about, entries) in enumerate(found if write is not None else []):
            assert write is not None, "the loop has nothing to do otherwise"
            yield from write(about, entries, is_first=number == 0)

    def _google(self, about: str, entries: Sequence[Parameter], *, is_first: bool) -> Iterator[str | Hole]:
        del is_first
        inner = self.lead + self.place.unit
        yield f"\n{self.blank}\n{self.lead}{self.style.headings[about]}:"
        for entry in entries:
            type_ = entry.type if self.style.typed else ""
            name = f"{entry.name} ({type_})" if entry.name and type_ else entry.name or type_
            yield f"\n{inner}{name}: " if name else f"\n{inner}"
            yield self._description(about, entry, inner + self.place.unit if entry.name else inner)

    def _numpy(self, about: str, entries: Sequence[Parameter], *, is_first: bool) -> Iterator[str | Hole]:
        del is_first
        heading = self.style.headings[about]
        yield f"\n{self.blank}\n{self.lead}{heading}\n{self.lead}{'-' * len(heading)}"
        for entry in entries:
            yield f"\n{self.lead}{entry.name}"
            if about != "raises" and (self.style.typed or not entry.name):
                yield " : " if entry.name else ""
                yield entry.type or Hole("type", entry.name or about, self.lead, self.width, one_line=True, period=False)
            yield f"\n{self.lead}{self.place.unit}"
            yield self._description(about, entry, self.lead + self.place.unit)

    def _fields(self, about: str, entries: Sequence[Parameter], *, is_first: bool) -> Iterator[str | Hole]:
        """Sphinx's ``:param x: …``, and the tags of documentation comments."""
        heading, is_tag = self.style.headings[about], self.style.sections == "tags"
        if is_first and self.style.gap:
            yield f"\n{self.blank}"
        for entry in entries:
            name = f" {entry.name.lstrip('*')}" if entry.name else ""
            if is_tag and about == "raises" and self.style.form == "/**" and self.style.separator == " - ":
                name = f" {{{entry.name}}}"
            end = (self.style.separator if about == "parameters" else " ") if is_tag else ": "
            yield f"\n{self.lead}{heading}{name}{end}"
            yield self._description(about, entry, self.lead + self.place.unit)
            if self.style.typed and entry.type and not is_tag:
                kind = f":type {entry.name.lstrip('*')}:" if entry.name else ":rtype:"
                yield f"\n{self.lead}{kind} {entry.type}"

    def _description(self, about: str, entry: Parameter, hang: str) -> Hole:
        return Hole("description", entry.name or about, hang, self.width, one_line=False, period=self.style.entries_end_with_period)
