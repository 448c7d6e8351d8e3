"""The expression that a selection or a cursor means, and its text in another place."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator

from seed_lsp.errors import SelectionError
from seed_lsp.source.python_tree import PythonTree, same_tree
from seed_lsp.source.syntax import UNREADABLE, parse_python

_ATOMS = (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp)


def selected_expression(tree: PythonTree, start: int, end: int) -> ast.expr:
    """The expression between two characters, without white space and brackets around it.

    `SelectionError` if that is none: `b + c` is no part of `a + b + c`, which is `(a + b) + c`.
    """
    start, end = _trimmed(tree, start, end)
    if start >= end:
        raise SelectionError("nothing is selected; select an expression")
    text = tree.document.text
    found = _exactly(tree, start, end)
    while found is None and text[start] == "(" and text[end - 1] == ")" and end - start > 2:
        start, end = _trimmed(tree, start + 1, end - 1)
        if start >= end:
            break
        found = _exactly(tree, start, end)
    if found is None:
        raise SelectionError("the selection is no expression of its own; select all of one, as the operators bind")
    return found


def _trimmed(tree: PythonTree, start: int, end: int) -> tuple[int, int]:
    selected = tree.document.text[start:end]
    if not selected.strip():
        return start, start
    return start + len(selected) - len(selected.lstrip()), end - (len(selected) - len(selected.rstrip()))


def _exactly(tree: PythonTree, start: int, end: int) -> ast.expr | None:
    statement = _statement_at(tree, start, end)
    if statement is None:
        return None
    for node in _placed(statement):
        if isinstance(node, ast.expr) and tree.start(node) == start and tree.end(node) == end:
            return node
    return None


def _placed(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement from the outside in, without what stands in f-strings: older Pythons
    tell wrong places for that.
    """
    nodes: deque[ast.AST] = deque([statement])
    while nodes:
        node = nodes.popleft()
        yield node
        if not isinstance(node, ast.JoinedStr):
            nodes.extend(ast.iter_child_nodes(node))


def _statement_at(tree: PythonTree, start: int, end: int) -> ast.stmt | None:
    """The outermost statement that holds two characters."""
    return next((one for one in tree.root.body if tree.start(one) <= start and end <= tree.end(one)), None)


def name_at(tree: PythonTree, offset: int) -> ast.Name | None:
    """The name that a cursor stands on, or right behind."""
    statement = _statement_at(tree, offset, offset)
    names = (node for node in _placed(statement) if isinstance(node, ast.Name)) if statement is not None else iter(())
    return next((node for node in names if tree.start(node) <= offset <= tree.end(node)), None)


def path_to(tree: PythonTree, node: ast.AST, top: ast.AST) -> list[ast.AST]:
    """The nodes from below `top` to `node`, both ends being what they are."""
    path = [node]
    for one in tree.around(node):
        if one is top:
            break
        path.insert(0, one)
    return path


def standing_alone(tree: PythonTree, node: ast.expr) -> str:
    """An expression's text as the value of an assignment: in brackets where it needs them."""
    text = tree.text(node)
    return text if not isinstance(node, ast.NamedExpr) and _is_same(text, node) else f"({text})"


def in_place(tree: PythonTree, node: ast.expr, of: ast.expr) -> str:
    """An expression's text where `of` stands now, in brackets where precedence asks for them."""
    text = standing_alone(tree, node)
    return text if text.startswith("(") and text != tree.text(node) else f"({text})" if _needs_brackets(tree, node, of) else text


def _needs_brackets(tree: PythonTree, node: ast.expr, of: ast.expr) -> bool:
    parent = tree.parents.get(of)
    if isinstance(node, ast.Constant):
        # 1.real is no attribute of 1, and strings one behind the other are one string.
        return isinstance(parent, ast.Attribute) or not isinstance(node.value, int | str | float) or _is_several(tree, node)
    if isinstance(node, _ATOMS) or (isinstance(node, ast.Tuple | ast.GeneratorExp) and tree.text(node).startswith("(")):
        return False
    loose = (ast.Assign, ast.AnnAssign, ast.Return, ast.Expr, ast.keyword, ast.Call, ast.Subscript, ast.If, ast.AugAssign)
    is_callee = isinstance(parent, ast.Call | ast.Subscript) and of in {getattr(parent, "func", None), getattr(parent, "value", None)}
    tight = isinstance(node, ast.Tuple | ast.Yield | ast.YieldFrom | ast.NamedExpr)
    return is_callee or tight or not isinstance(parent, loose)


def _is_several(tree: PythonTree, node: ast.Constant) -> bool:
    return isinstance(node.value, str) and not _is_one_literal(tree.text(node))


def _is_one_literal(text: str) -> bool:
    quote = text.lstrip("rRbBuUfF")[:1]
    return text.count(quote) in {2, 6}


def _is_same(text: str, node: ast.expr) -> bool:
    """Whether a text is the expression without brackets around it."""
    try:
        parsed = parse_python(f"_ = {text}").body
    except UNREADABLE:
        return False
    return len(parsed) == 1 and isinstance(parsed[0], ast.Assign) and same_tree(parsed[0].value, node)


def put_apart(tree: PythonTree, start: int, end: int, text: str) -> str:
    """A text for characters `start` to `end`, with a blank where a word would grow together."""
    whole = tree.document.text
    before = " " if start and _is_word(whole[start - 1]) and _is_word(text[:1]) else ""
    behind = " " if _is_word(whole[end : end + 1]) and _is_word(text[-1:]) else ""
    return before + text + behind


def _is_word(char: str) -> bool:
    return bool(char) and (char.isalnum() or char == "_")
