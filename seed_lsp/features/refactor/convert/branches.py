"""A chain of comparisons of one value, as a `match` statement or a look-up in a dictionary."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from seed_lsp.features.refactor.convert.conversion import Conversion, Place, Refused, Surroundings, edit_of, place_of, require_no_comment
from seed_lsp.features.refactor.convert.kinds import Kinds
from seed_lsp.features.refactor.convert.making import WIDTH, unit_of
from seed_lsp.source.document import CharOffset, indent_of
from seed_lsp.source.patch import Edit
from seed_lsp.source.python_tree import PythonTree, nodes_in, same_tree
from seed_lsp.source.syntax import Span

_MATCH_SINCE = (3, 10)
_FEWEST = 2
"""Comparisons, below which a chain is none."""
_PATTERNS = (str, bytes, int, float, complex)
_KEYWORD = re.compile(r"elif\b|if\b|else\b")


@dataclass(frozen=True)
class Branch:
    """A branch of a chain: the values that lead to it, and its statements. `test` is None for the
    last one, without a condition; `keyword` is where its `if`, `elif` or `else` stands.
    """

    keyword: CharOffset
    test: ast.expr | None
    values: tuple[ast.expr, ...]
    body: list[ast.stmt]


@dataclass(frozen=True)
class Chain:
    subject: ast.expr
    branches: tuple[Branch, ...]


def _chains(around: Surroundings) -> Iterator[ast.If]:
    tree = around.tree
    for node in nodes_in(tree, around.asked):
        if isinstance(node, ast.If) and not tree.is_elif(node) and len(_tests(tree, node)) >= _FEWEST:
            yield node


def _tests(tree: PythonTree, node: ast.If) -> list[ast.If]:
    """The `if` and each `elif` of a chain."""
    found = [node]
    while len(found[-1].orelse) == 1 and isinstance(following := found[-1].orelse[0], ast.If) and tree.is_elif(following):
        found.append(following)
    return found


def _chain(tree: PythonTree, first: ast.If) -> Chain:
    branches: list[Branch] = []
    subject: ast.expr | None = None
    tests = _tests(tree, first)
    for one in tests:
        compared, values = _comparison(one.test)
        if subject is not None and not same_tree(subject, compared):
            raise Refused("its conditions look at different things")
        subject = compared
        branches.append(Branch(tree.start(one), one.test, values, one.body))
    if subject is None or not _is_plain(subject):
        raise Refused("what it compares is no plain name or attribute, and would be evaluated once instead of each time")
    if other := tests[-1].orelse:
        branches.append(Branch(_else(tree, tests[-1], other[0]), None, (), other))
    return Chain(subject, tuple(branches))


def _comparison(test: ast.expr) -> tuple[ast.expr, tuple[ast.expr, ...]]:
    """What is compared, and with which values: one of them suffices."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[value]) if _is_pattern(value):
            return left, (value,)
        case ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=None | True | False) as value]):
            return left, (value,)
        case ast.Compare(left=left, ops=[ast.In()], comparators=[ast.Tuple(elts=several) | ast.List(elts=several)]):
            if several and all(isinstance(one, ast.Constant) and _is_pattern(one) for one in several):
                return left, tuple(several)
        case ast.BoolOp(op=ast.Or(), values=several):
            parts = [_comparison(one) for one in several]
            if all(same_tree(parts[0][0], left) for left, _ in parts):
                return parts[0][0], tuple(value for _, values in parts for value in values)
        case _:
            pass
    raise Refused("not each of its conditions compares with a literal")


def _is_pattern(value: ast.expr) -> bool:
    """Whether a value means, as a pattern, that something is equal to it."""
    match value:
        case ast.Constant(value=constant):
            return isinstance(constant, _PATTERNS) and not isinstance(constant, bool)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return not isinstance(number, bool)
        case ast.Attribute(value=inner):
            return _is_plain(inner)
        case _:
            return False


def _is_plain(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and _is_plain(node.value))


def _else(tree: PythonTree, last: ast.If, first: ast.stmt) -> CharOffset:
    """Where the keyword `else` stands."""
    start, end = tree.end(last.body[-1]), tree.start(first)
    return next(token.start for token in tree.tokens if start <= token.start < end and token.text == "else")


def _find_match(around: Surroundings) -> Iterator[Place]:
    return (place_of(around.tree, node, partial(_matched, around, node)) for node in _chains(around))


def _require_match(around: Surroundings) -> None:
    """`Refused` unless the project, or the file itself, needs a Python that knows `match`."""
    known = around.version is not None and around.version >= _MATCH_SINCE
    if not known and not any(isinstance(node, ast.Match) for node in ast.walk(around.tree.root)):
        raise Refused("`match` needs Python 3.10, and the project does not say in `requires-python` that it has that")


def _matched(around: Surroundings, node: ast.If) -> Place:
    """The chain's heads anew, and all other lines one step deeper."""
    tree, document = around.tree, around.tree.document
    chain = _chain(tree, node)
    _require_match(around)
    first, last = node.lineno - 1, document.line_of(tree.end(node))
    outer = indent_of(document.line_text(first))
    if document.line_range(first)[0] + len(outer) != tree.start(node):
        raise Refused("other code stands on its lines")
    unit = unit_of(tree, node, chain.branches[0].body)
    heads = {document.line_of(branch.keyword): branch for branch in chain.branches}
    edits = []
    for line in range(first, last + 1):
        start = document.line_range(line)[0]
        if line in heads:
            branch = heads[line]
            before = f"{outer}match {tree.text(chain.subject)}:\n" if line == first else ""
            head = f"{before}{outer}{unit}case {_patterns(tree, branch)}:"
            edits.append(edit_of(tree, start, _behind_colon(tree, branch), head))
        elif document.line_text(line).strip() and line not in tree.lines_in_strings:
            edits.append(Edit(start, start, unit))
    return Place(tree.start(node), Span(document.line_range(first)[0], tree.end(node)), tuple(edits))


def _patterns(tree: PythonTree, branch: Branch) -> str:
    return " | ".join(tree.text(value) for value in branch.values) or "_"


def _behind_colon(tree: PythonTree, branch: Branch) -> CharOffset:
    """Where the head of a branch ends; `Refused` unless that is on its keyword's line."""
    after = branch.keyword if branch.test is None else tree.end(branch.test)
    colon = next(token for token in tree.tokens if token.start >= after and token.text == ":")
    if tree.document.line_of(colon.start) != tree.document.line_of(branch.keyword):
        raise Refused("a condition is written on several lines")
    return colon.end


def _find_look_up(around: Surroundings) -> Iterator[Place]:
    kinds = None
    for node in _chains(around):
        kinds = kinds or Kinds(around.tree)
        yield place_of(around.tree, node, partial(_looked_up, around.tree, node, kinds))


def _looked_up(tree: PythonTree, node: ast.If, kinds: Kinds) -> Place:
    chain = _chain(tree, node)
    kind = kinds.of(chain.subject)
    if kind is None or kind.name not in {"str", "int"}:
        raise Refused("it is not certain that the value can be looked up: what is no string or number may be no key")
    keys = [value for branch in chain.branches for value in branch.values]
    constants = [value.value for value in keys if isinstance(value, ast.Constant) and not isinstance(value.value, bool | None)]
    if len(constants) < len(keys) or len(set(constants)) < len(keys):
        raise Refused("it compares with something twice, or with no literal")
    results = [_result(branch.body) for branch in chain.branches]
    targets = {target for target, _ in results}
    if len(targets) > 1:
        raise Refused("its branches do different things")
    [target] = targets
    start, end = tree.start(node), tree.end(node)
    default, end = _default(tree, node, chain, target, results[-1][1])
    require_no_comment(tree, start, tree.document.next_line(end))
    pairs = [
        f"{tree.text(value)}: {tree.text(result)}"
        for branch, (_, result) in zip(chain.branches, results, strict=True)
        for value in branch.values
    ]
    head = "return " if target is None else f"{target} = "
    tail = f".get({tree.text(chain.subject)}, {tree.text(default)})"
    indent = indent_of(tree.document.line_text(node.lineno - 1))
    text = f"{head}{{{', '.join(pairs)}}}{tail}"
    if len(indent + text) > WIDTH:
        unit = unit_of(tree, node, node.body)
        text = "\n".join([f"{head}{{", *(f"{indent}{unit}{pair}," for pair in pairs), f"{indent}}}{tail}"])
    return Place(start, Span(start, end), (edit_of(tree, start, end, text),))


def _result(body: list[ast.stmt]) -> tuple[str | None, ast.expr]:
    """The name that a branch gives a value, None if it returns it, and the value."""
    match body:
        case [ast.Return(value=ast.expr() as value)] if _is_constant(value):
            return None, value
        case [ast.Assign(targets=[ast.Name(id=name)], value=value)] if _is_constant(value):
            return name, value
        case _:
            raise Refused("not each of its branches returns or assigns one literal")


def _is_constant(value: ast.expr) -> bool:
    match value:
        case ast.Constant():
            return True
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            return True
        case ast.Tuple(elts=several):
            return all(map(_is_constant, several))
        case _:
            return False


def _default(tree: PythonTree, node: ast.If, chain: Chain, target: str | None, last: ast.expr) -> tuple[ast.expr, CharOffset]:
    """The value where no comparison holds, and where the code ends that gives it."""
    if chain.branches[-1].test is None:
        return last, tree.end(node)
    block = tree.block(node)
    index = next(i for i, one in enumerate(block) if one is node)
    match block[index + 1 : index + 2]:
        case [ast.Return(value=ast.expr() as value) as behind] if target is None and _is_constant(value):
            return value, tree.end(behind)
        case _:
            raise Refused("it does not say what comes where nothing is equal")


MATCH = Conversion("if-to-match", "Convert the if chain to match", _find_match)
LOOK_UP = Conversion("if-to-dict", "Convert the if chain to a look-up in a dictionary", _find_look_up)
