"""How a project documents its definitions, as its other documentation shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from seed_lsp.features.refactor.documentation.definition import Definition, Kind
from seed_lsp.features.refactor.documentation.grammars import Grammar

Sections = Literal["none", "google", "numpy", "sphinx", "tags"]
Choice = TypeVar("Choice")

NARROWEST, WIDEST = 72, 100
"""Columns that lines of documentation may have at least and at most, whatever the file has."""
TAB_COLUMNS = 4
_SECTIONED_SHARE = 3
"""Sections are written where at least one in so many functions with parameters has them."""

_QUOTES = re.compile(r"[rRuUbBfF]{0,2}(\"\"\"|'''|\"|')")
_FORMS = re.compile(r"/\*[*!]?|//[/!]?")
_MARGIN = re.compile(r"^[ \t]*(?:\*(?!/)|//[/!]?)?[ \t]?", re.MULTILINE)

# What begins a section, and what it is about.
_HEADINGS: Mapping[Sections, Mapping[str, re.Pattern[str]]] = {
    "google": {
        "parameters": re.compile(r"^[ \t]*(Args|Arguments|Params|Parameters):[ \t]*$", re.MULTILINE),
        "returns": re.compile(r"^[ \t]*(Returns?):[ \t]*$", re.MULTILINE),
        "yields": re.compile(r"^[ \t]*(Yields?):[ \t]*$", re.MULTILINE),
        "raises": re.compile(r"^[ \t]*(Raises):[ \t]*$", re.MULTILINE),
    },
    "numpy": {
        "parameters": re.compile(r"^[ \t]*(Parameters)[ \t]*\n[ \t]*-{3,}", re.MULTILINE),
        "returns": re.compile(r"^[ \t]*(Returns)[ \t]*\n[ \t]*-{3,}", re.MULTILINE),
        "yields": re.compile(r"^[ \t]*(Yields)[ \t]*\n[ \t]*-{3,}", re.MULTILINE),
        "raises": re.compile(r"^[ \t]*(Raises)[ \t]*\n[ \t]*-{3,}", re.MULTILINE),
    },
    "sphinx": {
        "parameters": re.compile(r"^[ \t]*(:param(?:eter)?)\b", re.MULTILINE),
        "returns": re.compile(r"^[ \t]*(:returns?):", re.MULTILINE),
        "raises": re.compile(r"^[ \t]*(:raises?)\b", re.MULTILINE),
    },
    "tags": {
        "parameters": re.compile(r"^[ \t]*([@\\]param)\b", re.MULTILINE),
        "returns": re.compile(r"^[ \t]*([@\\]returns?)\b", re.MULTILINE),
        "raises": re.compile(r"^[ \t]*([@\\](?:throws?|exception))\b", re.MULTILINE),
    },
}
# Entries with a type, and those without, by the kind of sections.
_TYPED: Mapping[Sections, tuple[re.Pattern[str], re.Pattern[str]]] = {
    "google": (
        re.compile(r"^[ \t]+\*{0,2}\w+ ?\([^)\n]+\):", re.MULTILINE),
        re.compile(r"^[ \t]+\*{0,2}\w+:[ \t]+\S", re.MULTILINE),
    ),
    "numpy": (
        re.compile(r"^[ \t]*Parameters[ \t]*\n[ \t]*-{3,}[ \t]*\n[ \t]*[\w*, ]+: ?\S", re.MULTILINE),
        re.compile(r"^[ \t]*Parameters[ \t]*\n[ \t]*-{3,}[ \t]*\n[ \t]*[\w*, ]+\n", re.MULTILINE),
    ),
    "sphinx": (re.compile(r"^[ \t]*:type ", re.MULTILINE), re.compile(r"^[ \t]*:param ", re.MULTILINE)),
}
_ENTRY = re.compile(
    r"^[ \t]*(?:\*{0,2}\w+(?: ?\([^)\n]+\))?:|:(?!type|rtype)\w+[^:\n]*:"
    r"|[@\\](?:param|throws?|exception)[ \t]+(?:\{[^}\n]*\}[ \t]*)?\S+(?:[ \t]+-)?|[@\\]returns?)[ \t]+(\S[^\n]*)$",
    re.MULTILINE,
)
"""A part's description, as far as it stands on the line of its name."""
_DASH = re.compile(r"^[ \t]*[@\\]param\b[^\n]*\w\]? - ", re.MULTILINE)


@dataclass(frozen=True)
class Style:
    """How documentation is written.

    `form` is what it begins with: quotes, or a comment's sign. `width` counts columns.

    `headings` begin the sections that are in use, by what they are about; `typed`: types stand in
    them; `gap`: an empty line stands before the first. The summary `starts_with_name`. `below`: the
    summary of documentation with sections stands on the line below its opening, and `spread` is the
    same for a single line. `closing_below`: the closing sign has a line of its own where there are
    several.
    """

    form: str
    width: int
    sections: Sections = "none"
    headings: Mapping[str, str] = field(default_factory=dict)
    typed: bool = False
    separator: str = " "
    gap: bool = True
    starts_with_name: bool = False
    below: bool = False
    spread: bool = False
    closing_below: bool = True
    ends_with_period: bool = True
    entries_end_with_period: bool = True
    blank_below: frozenset[Kind] = frozenset({"class"})


@dataclass(frozen=True)
class _Sample:
    """Documentation that there is: its sign, and the text within."""

    definition: Definition
    form: str
    inner: str

    @property
    def filled(self) -> list[str]:
        return [line.strip() for line in self.inner.split("\n") if line.strip()]

    @property
    def lines(self) -> list[str]:
        return self.inner.split("\n")

    @property
    def is_function(self) -> bool:
        return self.definition.kind == "function"

    @property
    def sections(self) -> Sections:
        for kind, headings in _HEADINGS.items():
            if any(pattern.search(self.inner) for pattern in headings.values()):
                return kind
        return "none"

    @property
    def summary(self) -> str:
        """The first paragraph, up to the first section."""
        starts = [found.start() for pattern in _HEADINGS.get(self.sections, {}).values() if (found := pattern.search(self.inner))]
        before = self.inner[: min(starts, default=None)].strip()
        return before.partition("\n\n")[0].strip()


def read_style(definitions: Iterable[Definition], longest_line: int, grammar: Grammar | None) -> Style:
    """The style of the documentation that `definitions` have.

    Without any it is one line. `longest_line` counts the columns of the file's longest one;
    `grammar` is None for Python.
    """
    samples = [sample for one in definitions if one.documentation is not None and (sample := _sample(one, grammar)).filled]
    width = max((columns(line.rstrip()) for sample in samples for line in _source_lines(sample)), default=longest_line)
    sectioned = _sectioned(samples)
    sections = sectioned[0].sections if sectioned else "none"
    single = [sample for sample in samples if len(sample.filled) == 1]
    longer = [sample for sample in samples if len(sample.filled) > 1]
    forms = grammar.forms if grammar is not None else ('"""', "'''")
    return Style(
        form=_most((sample.form for sample in samples if sample.form in forms), forms[0]),
        width=min(max(width, NARROWEST), WIDEST),
        sections=sections,
        headings=_headings(sectioned, sections),
        typed=_are_typed(sectioned, sections),
        separator=_separator(sectioned, grammar),
        starts_with_name=grammar is not None and grammar.starts_with_name,
        gap=_most((_has_gap(sample) for sample in sectioned), default=True),
        below=_most((not sample.lines[0].strip() for sample in longer), default=grammar is not None),
        spread=_most((len(sample.lines) > 1 for sample in single), default=grammar is not None and grammar.spreads),
        closing_below=_most((not sample.lines[-1].strip() for sample in longer), default=True),
        ends_with_period=_most((sample.summary.endswith(".") for sample in samples if sample.summary), default=True),
        entries_end_with_period=_most(_entry_periods(sectioned), default=True),
        blank_below=_blank_below(samples, grammar),
    )


def columns(text: str) -> int:
    return len(text.expandtabs(TAB_COLUMNS))


def columns_of(text: str) -> int:
    """The columns of a text's longest line."""
    return max((columns(line.rstrip()) for line in text.splitlines()), default=0)


def documented_functions(definitions: Iterable[Definition]) -> int:
    """How many functions show whether their parameters are documented."""
    return sum(one.kind == "function" and bool(one.parameters) and one.documentation is not None for one in definitions)


def _sample(definition: Definition, grammar: Grammar | None) -> _Sample:
    text = (definition.documentation or "").replace("\r\n", "\n").replace("\r", "\n")
    if grammar is None:
        found = _QUOTES.match(text)
        form = found.group(1) if found else ""
        return _Sample(definition, form, text[found.end() : len(text) - len(form)] if found else text)
    found = _FORMS.match(text)
    form = found.group(0) if found else ""
    inner = text[len(form) :].rstrip()
    inner = inner.removesuffix("*/") if form.startswith("/*") else inner
    first, *rest = inner.split("\n")
    return _Sample(definition, form, "\n".join([first, *(_MARGIN.sub("", line) for line in rest)]))


def _sectioned(samples: Sequence[_Sample]) -> list[_Sample]:
    """The functions' documentation with the usual kind of sections; none where few have any."""
    functions = [sample for sample in samples if sample.is_function]
    relevant = [sample for sample in functions if sample.definition.parameters or sample.sections != "none"]
    kinds = Counter(sample.sections for sample in relevant if sample.sections != "none")
    if not kinds or sum(kinds.values()) * _SECTIONED_SHARE < len(relevant):
        return []
    usual = kinds.most_common(1)[0][0]
    return [sample for sample in relevant if sample.sections == usual]


def _headings(samples: Sequence[_Sample], sections: Sections) -> dict[str, str]:
    found = {}
    for about, pattern in _HEADINGS.get(sections, {}).items():
        spelled = Counter(match.group(1) for sample in samples for match in pattern.finditer(sample.inner))
        if spelled:
            found[about] = spelled.most_common(1)[0][0]
    return found


def _are_typed(samples: Sequence[_Sample], sections: Sections) -> bool:
    if sections not in _TYPED:
        return False
    typed, plain = (sum(len(pattern.findall(sample.inner)) for sample in samples) for pattern in _TYPED[sections])
    return 2 * typed >= plain if sections == "sphinx" else typed >= plain


def _separator(samples: Sequence[_Sample], grammar: Grammar | None) -> str:
    usual = grammar.separator if grammar is not None else " "
    with_parameters = [sample for sample in samples if _HEADINGS["tags"]["parameters"].search(sample.inner)]
    return _most((" - " if _DASH.search(sample.inner) else " " for sample in with_parameters), usual)


def _has_gap(sample: _Sample) -> bool:
    """Whether an empty line stands before the first section."""
    starts = [found.start() for pattern in _HEADINGS[sample.sections].values() if (found := pattern.search(sample.inner))]
    return sample.inner[: min(starts)].rstrip(" \t").endswith("\n\n")


def _entry_periods(samples: Sequence[_Sample]) -> list[bool]:
    """Whether the short entries of sections, which end on their line, end with a period."""
    texts = [match.group(1).rstrip() for sample in samples for match in _ENTRY.finditer(sample.inner)]
    return [text.endswith(".") for text in texts if len(text) < NARROWEST // 2]


def _blank_below(samples: Sequence[_Sample], grammar: Grammar | None) -> frozenset[Kind]:
    if grammar is not None:
        return frozenset()
    kinds: tuple[Kind, ...] = ("function", "class")
    return frozenset(
        kind
        for kind in kinds
        if _most(
            (below for one in samples if one.definition.kind == kind and (below := one.definition.has_blank_below) is not None),
            kind == "class",
        )
    )


def _source_lines(sample: _Sample) -> list[str]:
    first, *rest = (sample.definition.documentation or "").replace("\r", "\n").split("\n")
    indents = [line[: len(line) - len(line.lstrip())] for line in rest if line.strip()]
    return [min(indents, key=len, default="") + first, *rest]


def _most(votes: Iterable[Choice], default: Choice) -> Choice:
    """What most votes are for, of equals the first; `default` without votes."""
    counted = Counter(votes)
    return counted.most_common(1)[0][0] if counted else default
