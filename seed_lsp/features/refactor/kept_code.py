"""What of a region's code has to stay, unless the instruction speaks of it: most of its statements,
its definitions, their signatures and decorators.

Each check gives its refusal in the user's words, or nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from seed_lsp.features.refactor.change import Change, Definition, Side, code_key, header
from seed_lsp.source.patch import likeness
from seed_lsp.source.syntax import is_docstring_statement, text_of

LEAST_KEPT = 0.5
"""The share of a region's statements that an answer has to keep."""
_FEW_STATEMENTS = 4
"""Of a region with fewer, half is soon gone."""
_ALIKE = 0.5
"""How alike two statements are of which one is a version of the other."""
_DECORATORS = frozenset({"decorator", "annotation", "marker_annotation", "attribute_item"})


def lost_statements(change: Change) -> str:
    """An answer that leaves out half of the code is no edit of it."""
    if change.before is None or change.after is None or change.asked.speaks_of("rewriting"):
        return ""
    before, after = _headers(change.before), _headers(change.after)
    if len(before) < _FEW_STATEMENTS:
        return ""
    enough = LEAST_KEPT * len(before)
    kept = _kept(before, after, enough)
    if kept >= enough:
        return ""
    return (
        f"the model left out {len(before) - kept} of {len(before)} statements, of which the instruction says nothing; "
        "say what should go, or select less"
    )


def _headers(side: Side) -> list[str]:
    return [header(node) for node in side.statements if not is_docstring_statement(node)]


def _kept(before: Sequence[str], after: Sequence[str], enough: float) -> int:
    """How many statements stand in the answer as well, as they were or in another version; no more
    are counted than are enough.
    """
    same = Counter(before) & Counter(after)
    kept = same.total()
    olds, news = list((Counter(before) - same).elements()), list((Counter(after) - same).elements())
    for one in olds:
        if kept >= enough or not news:
            break
        nearest = max(news, key=lambda other: likeness(one, other))
        if likeness(one, nearest) >= _ALIKE:
            news.remove(nearest)
            kept += 1
    return kept


def lost_definition(change: Change) -> str:
    """A function, method or class that the region has and the answer has not.

    One that has another name there is no loss, but for the first, by which the user knows the code.
    """
    if change.before is None or change.after is None or change.asked.speaks_of("removal"):
        return ""
    before, after = change.before.definitions, change.after.definitions
    names = {one.name for one in after}
    lost = [one for one in before if one.name not in names and not change.asked.names(one.name)]
    if not lost or (len(after) >= len(before) and (change.asked.speaks_of("names") or lost[0] is not before[0])):
        return ""
    return f"the model left out {lost[0].name}, of which the instruction says nothing; say that it should go, or select less"


def changed_signature(change: Change) -> str:
    """Parameters and return types are other code's business as well."""
    if change.before is None or change.after is None or change.asked.speaks_of("signature"):
        return ""
    after = {one.path: one for one in reversed(change.after.definitions)}
    twice = Counter(one.path for one in change.before.definitions)
    for one in change.before.definitions:
        other = after.get(one.path)
        if other is None or twice[one.path] > 1:
            continue
        if odd := _odd_parameter(change, one, other):
            return f"the model changed the signature of {one.name} ({odd}), of which the instruction says nothing; name what should change"
        if one.returns != other.returns and not change.asked.speaks_of("returns"):
            return (
                f"the model changed what {one.name} is declared to return, of which the instruction says nothing; name what should change"
            )
    return ""


def _odd_parameter(change: Change, one: Definition, other: Definition) -> str:
    """A parameter that was changed, removed or added unasked."""
    if one.parameters is None or other.parameters is None or one.parameters == other.parameters:
        return ""
    before, after = Counter(one.parameters), Counter(other.parameters)
    gone = [each for each in one.parameters if each not in after and not _is_named(change, each)]
    added = [each for each in other.parameters if each not in before and not _is_named(change, each)]
    if gone or (added and not change.asked.speaks_of("parameters")):
        return (gone or added)[0]
    left = [each for each in one.parameters if each in after]
    return left[0] if left != [each for each in other.parameters if each in before] else ""


def _is_named(change: Change, parameter: str) -> bool:
    """Whether the instruction names a parameter, or it is only a sign such as `*`."""
    words = "".join(char if char.isalnum() or char == "_" else " " for char in parameter).split()
    return not words or any(change.asked.names(word) for word in words)


def lost_decorator(change: Change) -> str:
    if change.before is None or change.after is None or change.asked.speaks_of("decorators", "removal"):
        return ""
    left = Counter(_decorators(change.after))
    for one in _decorators(change.before):
        if left[one] <= 0 and not _is_named(change, one):
            return f"the model left out {one}, of which the instruction says nothing; say that it should go"
        left[one] -= 1
    return ""


def _decorators(side: Side) -> list[str]:
    return [code_key(text_of(node)) for node in side.nodes if node.type in _DECORATORS]
