"""What two texts of a file have in common, beside the function that was edited."""

from __future__ import annotations

import ast
import copy
import io
import tokenize
from collections import Counter
from collections.abc import Callable

from benchmarks.refactorings.functions import Definition, definitions, docstring_of, find
from benchmarks.refactorings.prepared import parameters

Imports = frozenset[str]


class Target:
    """A function in the text of its file.

    `ValueError` where the text does not parse or has no such function, or several.
    """

    def __init__(self, text: str, name: str) -> None:
        try:
            self.tree = ast.parse(text)
        except SyntaxError:
            raise ValueError("the result does not parse") from None
        found = find(self.tree, name)
        if found is None:
            raise ValueError(f"{name} is gone" if all(other != name for other, _ in definitions(self.tree)) else f"{name} is there twice")
        self.text, self.name, self.node = text, name, found
        self.lines = text.split("\n")

    @property
    def in_class(self) -> bool:
        return "." in self.name

    def first_argument(self) -> str | None:
        """The name of the first argument that a caller gives; None where there is none."""
        positional = [one.arg for one in [*self.node.args.posonlyargs, *self.node.args.args]]
        is_static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in self.node.decorator_list)
        given = positional[1:] if self.in_class and not is_static else positional
        return given[0] if given else None

    def own_text(self) -> str:
        start = min([self.node.lineno, *(one.lineno for one in self.node.decorator_list)])
        return "\n".join(self.lines[start - 1 : self.node.end_lineno])


def change_around(old: Target, new: Target, allowed: Callable[[ast.stmt], bool] = lambda _one: False) -> str:
    """What is different outside of the function, in words; empty where nothing is.

    Imports may have come, and whatever else of the module's own statements is `allowed`.
    """
    before, lost = _around(old)
    after, brought = _around(new)
    if lost - brought:
        return "an import is gone"
    known = {ast.dump(one) for one in before.body}
    after.body = [one for one in after.body if ast.dump(one) in known or not allowed(one)]
    return "" if ast.dump(before) == ast.dump(after) else "code around the function changed"


def _around(target: Target) -> tuple[ast.Module, Imports]:
    """The file without the function's signature and body, and without the module's imports."""
    tree = copy.deepcopy(target.tree)
    node = find(tree, target.name)
    assert node is not None, "it was found before"
    node.args, node.body = ast.arguments([], [], None, [], [], None, []), [ast.Pass()]
    node.returns, node.decorator_list, node.type_comment = None, [], None
    imports: set[str] = set()
    tree.body = [one for one in tree.body if not _take_imports(one, imports)]
    return tree, frozenset(imports)


def _take_imports(node: ast.stmt, into: set[str]) -> bool:
    """Whether a statement only imports; what it imports is noted."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        source = f"{'.' * node.level}{node.module or ''} " if isinstance(node, ast.ImportFrom) else ""
        into.update(f"{source}{alias.name} as {alias.asname or alias.name}" for alias in node.names)
        return True
    is_typing = isinstance(node, ast.If) and not node.orelse and "TYPE_CHECKING" in ast.unparse(node.test)
    if not is_typing or not isinstance(node, ast.If):
        return False
    inner: set[str] = set()
    if not all(_take_imports(one, inner) for one in node.body):
        return False
    into |= inner
    return True


def dump(node: Definition, *, docstring: bool = True, annotations: bool = True) -> str:
    """The function's tree as text, with or without its docstring and its annotations."""
    one = copy.deepcopy(node)
    if not docstring and docstring_of(one) is not None:
        one.body = one.body[1:] or [ast.Pass()]
    if not annotations:
        one.returns = None
        for parameter in parameters(one):
            parameter.annotation = None
    return ast.dump(one)


def docstring_text(node: Definition) -> str:
    return ast.get_docstring(node) or ""


def lost_comment(old: Target, new: Target, said_before: Callable[[str], str] = str) -> str:
    """A comment of the function that is gone; empty if none is.

    One that `said_before` makes the old one of is still there.
    """
    after = comments(new)
    lost = comments(old) - after - Counter(map(said_before, after.elements()))
    return min(lost.keys(), default="")


def comments(target: Target) -> Counter[str]:
    """The function's comments, without their marks."""
    text = target.own_text()
    indent = len(text) - len(text.lstrip())
    dedented = "\n".join(line[indent:] if not line[:indent].strip() else line for line in text.split("\n"))
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(dedented + "\n").readline))
    except (tokenize.TokenError, IndentationError):
        return Counter()
    return Counter(token.string.strip("# \t") for token in tokens if token.type == tokenize.COMMENT)


def size(node: Definition) -> int:
    """How long a function's code is, in characters, whatever its layout and its docstring."""
    one = copy.deepcopy(node)
    if docstring_of(one) is not None:
        one.body = one.body[1:] or [ast.Pass()]
    return len("".join(ast.unparse(one).split()))
