"""Values for parameters that a call has no argument for, proposed by the model.

The model fills the holes of a file from its top to its end. Each value has to be looked at by the
user.
"""

from __future__ import annotations

import builtins
import itertools
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tree_sitter import Node

from engine.api import Finished, InfillRequest
from seed_lsp.features.rename.change import Rename
from seed_lsp.features.rename.python import names, scoping
from seed_lsp.features.rename.python.file_occurrences import FileOccurrences
from seed_lsp.features.rename.python.names import PythonFile
from seed_lsp.features.rename.signature.call_sites import Gap
from seed_lsp.features.rename.signature.definitions import NewSignature
from seed_lsp.session.settings import Settings
from seed_lsp.source.document import CharOffset, Document
from seed_lsp.source.patch import Edit, apply_edits

Values = dict[tuple[Path, CharOffset], dict[str, str]]
Ask = Callable[[InfillRequest], Awaitable[Finished]]

NameRole = Literal["variable", "member"]
Known = Callable[[str, NameRole], bool]

LINES_ABOVE, LINES_BELOW = 12, 4
"""How many lines around a call the model is shown, within the function around the call."""
DEFINITION_LINES = 30
MAX_CALLS = 40
"""How many calls of one file the model is asked about."""
MAX_TOKENS = 24
_PREFIX = "SEED_HOLE_"
_HOLE = re.compile(rf"(\w+=)?\b{_PREFIX}\d+\b")
_NO_VALUES = frozenset({"keyword_argument", "list_splat", "dictionary_splat", "comment", "ellipsis"})
_BUILTINS = frozenset(dir(builtins))
_BETWEEN = "\n\n# …\n"


@dataclass(frozen=True)
class Hole:
    """The value that a call needs for one parameter; `name` stands for the value in the text."""

    name: str
    gap: Gap
    parameter: str


async def filled(
    found: Rename, wanted: NewSignature, plan: Callable[[NewSignature], Awaitable[Rename]], ask: Ask, settings: Settings
) -> Rename:
    """The change `found`, with values for calls that had none, where the model has usable ones.

    `plan` makes the change again for a signature that has values.
    """
    gaps = found.call_sites.gaps if found.call_sites is not None else ()
    if not gaps:
        return found
    holed, holes = with_holes(wanted, gaps)
    shown = (await plan(holed)).call_sites
    assert shown is not None, "a signature changes"
    documents = found.references.documents
    scope = min((one for one in found.references.symbol.scopes if one.path is not None), key=lambda one: (str(one.path), one.start))
    assert scope.path is not None, "a symbol of the workspace"
    place = FileOccurrences(scope.path, PythonFile(documents[scope.path]), found.references.symbol.name)
    owner = place.file.qualified_name(place.node_of(scope))
    definition = _definition_text(documents[scope.path], shown.proposed.get(scope.path, []), (*owner, found.new_name))
    values: Values = {}
    for path in sorted({hole.gap.site.path for hole in holes}):
        if _PREFIX in documents[path].text:
            continue
        own = {hole.name: hole for hole in holes if hole.gap.site.path == path}
        text = apply_edits(documents[path].text, shown.proposed[path])
        _merge(values, await _fill_file(definition, replace(documents[path], text=text), own, ask, settings))
    complete = {(gap.site.path, gap.site.start): set(gap.parameters) for gap in gaps}
    values = {key: one for key, one in values.items() if set(one) == complete[key]}
    return await plan(replace(wanted, values=values)) if values else found


def with_holes(wanted: NewSignature, gaps: Iterable[Gap]) -> tuple[NewSignature, list[Hole]]:
    """The same signature with a placeholder for each missing value, and the list of these holes."""
    holes: list[Hole] = []
    values: Values = {}
    for gap in gaps:
        for parameter in gap.parameters:
            hole = Hole(f"{_PREFIX}{len(holes) + 1}", gap, parameter)
            holes.append(hole)
            values.setdefault((gap.site.path, gap.site.start), {})[parameter] = hole.name
    return replace(wanted, values=values), holes


def read_value(answer: str, is_known: Known) -> str | None:
    """The expression at the beginning of an answer, or None if it cannot be used.

    The expression ends at a comma, or at a bracket that closes what the answer did not open. It
    cannot be used if it has names that `is_known` does not know in their role.
    """
    # The answer may begin with the "=" at the end of the prompt, if a token holds it and more.
    answer = answer.lstrip().removeprefix("=")
    depth, end, quote = 0, len(answer), ""
    for i, char in enumerate(answer):
        if quote:
            quote = "" if char == quote and answer[i - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}" or (char == "," and depth == 0):
            if depth == 0:
                end = i
                break
            depth -= 1
    value = answer[:end].strip()
    return value if _is_usable(value, is_known) else None


async def _fill_file(definition: str, document: Document, holes: Mapping[str, Hole], ask: Ask, settings: Settings) -> Values:
    """Ask for a value for each hole of one file, from the top to the end.

    The prompt holds the values before the hole in their places. It ends before the line of the next
    hole.
    """
    text = f"{definition}{_BETWEEN}{_excerpt(document, MAX_CALLS)}"
    names_at = _Names(document)
    sampling = settings.edit_sampling(MAX_TOKENS)
    values: Values = {}
    while match := _HOLE.search(text):
        hole = holes[match.group(0).rpartition("=")[2]]
        behind = text[match.end() :]
        following = _HOLE.search(behind)
        suffix = behind if following is None else behind[: behind.rfind("\n", 0, following.start()) + 1]
        before = f"{text[: match.start()]}{hole.parameter}="
        finished = await ask(InfillRequest(0, settings.model, sampling, prefix=before, suffix=suffix, stop=("\n",)))
        value = read_value(finished.text, names_at.hole(hole.name))
        text = f"{before}{value}{behind}" if value is not None else text[: match.start()].rstrip().removesuffix(",") + behind
        if value is not None:
            _merge(values, {(hole.gap.site.path, hole.gap.site.start): {hole.parameter: value}})
    return values


def _merge(values: Values, more: Values) -> None:
    for site, found in more.items():
        values.setdefault(site, {}).update(found)


def _excerpt(document: Document, calls: int) -> str:
    """The lines around the first `calls` holes of a file."""
    file = PythonFile(document)
    spans: list[list[int]] = []
    for match in itertools.islice(_HOLE.finditer(document.text), calls):
        line = document.line_of(CharOffset(match.start()))
        around = names.enclosing(file.node_at(CharOffset(match.start())), {"function_definition"})
        first = document.line_of(file.char_of(around.start_byte)) if around is not None else 0
        last = document.line_of(file.char_of(around.end_byte)) if around is not None else len(document.line_starts) - 1
        span = [max(first, line - LINES_ABOVE), min(last, line + LINES_BELOW)]
        if spans and span[0] <= spans[-1][1] + 1:
            spans[-1][1] = max(spans[-1][1], span[1])
        else:
            spans.append(span)
    pieces = ["\n".join(document.line_text(line) for line in range(first, last + 1)).rstrip() for first, last in spans]
    return _BETWEEN.join(pieces) + "\n"


def _definition_text(document: Document, edits: Sequence[Edit], name: tuple[str, ...]) -> str:
    """The first lines of the function or class of this qualified name, with the edits made."""
    file = PythonFile(replace(document, text=apply_edits(document.text, list(edits))))
    node = next(iter(file.scopes_named(name)), None)
    return "" if node is None else "\n".join(file.text_of(node).split("\n")[:DEFINITION_LINES])


class _Names:
    """Which names a value may have at the place of its hole."""

    def __init__(self, document: Document) -> None:
        self._file = PythonFile(document)
        self._words = set(re.findall(r"\w+", document.text))

    def hole(self, name: str) -> Known:
        """A function that tells whether a word may stand in the hole of this name.

        A member's name is known if the file has it anywhere; another name has to be bound in sight.
        """
        node = self._file.node_at(CharOffset(self._file.document.text.index(name)))

        def is_known(word: str, role: NameRole) -> bool:
            if role == "member":
                return word in self._words
            place = FileOccurrences(Path(), self._file, word)
            return word in _BUILTINS or place.lookup(node) is not None

        return is_known


def _is_usable(value: str, is_known: Known) -> bool:
    """Whether a text is a single expression whose names are known."""
    file = PythonFile(Document("", f"f({value})\n", language="python"))
    statement = file.tree.root_node.named_children[0] if file.tree.root_node.named_children else None
    call = statement.named_children[0] if statement is not None and statement.named_children else None
    arguments = call.child_by_field_name("arguments") if call is not None else None
    if file.tree.root_node.has_error or len(file.tree.root_node.named_children) != 1 or arguments is None or _HOLE.search(value):
        return False
    if len(arguments.named_children) != 1 or arguments.named_children[0].type in _NO_VALUES:
        return False
    inside = [node for node in names.walk(arguments) if node.type == "identifier"]
    bound = {file.text_of(node) for node in inside if scoping.binding_scope(node) is not None}
    return all(file.text_of(node) in bound or is_known(file.text_of(node), _role_of(node)) for node in inside)


def _role_of(node: Node) -> NameRole:
    parent = node.parent
    if parent is None or parent.type not in {"attribute", "keyword_argument"}:
        return "variable"
    named = parent.child_by_field_name("attribute" if parent.type == "attribute" else "name")
    return "member" if named is not None and named.id == node.id else "variable"
