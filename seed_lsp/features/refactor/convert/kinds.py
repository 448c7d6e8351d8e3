"""What is known of an expression's value without running anything."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from seed_lsp.source.python_scopes import own_names
from seed_lsp.source.python_tree import FUNCTIONS, PythonTree

Name = Literal["str", "int", "float", "other"]


@dataclass(frozen=True)
class Kind:
    """A value that is no tuple. `is_exact`: of that very type, and not of one derived from it,
    which may show itself in another way.
    """

    name: Name
    is_exact: bool = True


OTHER = Kind("other")
_STR, _INT, _FLOAT = Kind("str"), Kind("int"), Kind("float")
_NUMBERS = ("int", "float")
_BUILT_IN: dict[str, Kind] = {
    **dict.fromkeys(("ascii", "bin", "chr", "hex", "oct", "repr", "str"), _STR),
    **dict.fromkeys(("hash", "id", "int", "len", "ord"), _INT),
    "float": _FLOAT,
    **dict.fromkeys(("bool", "bytes", "dict", "frozenset", "list", "set", "sorted", "type"), OTHER),
}
_OF_TEXT = frozenset(
    {"capitalize", "casefold", "center", "expandtabs", "format", "join", "ljust", "lower", "lstrip", "removeprefix", "removesuffix"}
    | {"replace", "rjust", "rstrip", "strip", "swapcase", "title", "translate", "upper", "zfill"}
)
"""Methods of a string that give a string."""
_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Lambda)
_EXACT_ANNOTATIONS = frozenset({"bool", "bytes", "dict", "list", "set", "frozenset"})
_DEEPEST = 8
_SHOWN = 40


class Kinds:
    """The kinds of the expressions in one tree. `may_presume`: what is not certain may be taken for
    granted, and is told of.
    """

    def __init__(self, tree: PythonTree, *, may_presume: bool = False) -> None:
        self._tree = tree
        self.may_presume = may_presume
        self._presumed: dict[str, None] = {}
        self._bound = frozenset(
            name
            for node in ast.walk(tree.root)
            if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
            for name in own_names(node)
        )

    def presume(self, value: ast.expr, what: str) -> bool:
        """Whether it may be taken for granted that a value is `what`."""
        if self.may_presume:
            self._presumed[f"`{ast.unparse(value)[:_SHOWN]}` is {what}"] = None
        return self.may_presume

    def presumed(self) -> str:
        """What was taken for granted since this was asked last, in words."""
        found, self._presumed = ", ".join(self._presumed), {}
        return f"taken for granted: {found}" if found else ""

    def of(self, node: ast.expr, depth: int = 0) -> Kind | None:
        """None if the value may be a tuple."""
        if depth > _DEEPEST:
            return None
        match node:
            case ast.Constant(value=value):
                return {str: _STR, int: _INT, float: _FLOAT}.get(type(value), OTHER)
            case ast.JoinedStr():
                return _STR
            case ast.Call(func=ast.Name(id=name)) if name not in self._bound:
                return _BUILT_IN.get(name)
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in _OF_TEXT:
                found = self.of(value, depth + 1)
                return _STR if found is not None and found.name == "str" else None
            case ast.Attribute(value=ast.Attribute(attr="__class__"), attr="__name__" | "__qualname__"):
                return _STR
            case ast.Attribute(value=ast.Call(func=ast.Name(id="type")), attr="__name__" | "__qualname__") if "type" not in self._bound:
                return _STR
            case ast.BinOp(left=left, op=op, right=right):
                return _of_two(self.of(left, depth + 1), op, self.of(right, depth + 1))
            case ast.UnaryOp(op=ast.Not()):
                return OTHER
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=one):
                found = self.of(one, depth + 1)
                return found if found is not None and found.is_exact and found.name in _NUMBERS else None
            case ast.BoolOp(values=several):
                return _common(self.of(one, depth + 1) for one in several)
            case ast.IfExp(body=one, orelse=other):
                return _common(self.of(branch, depth + 1) for branch in (one, other))
            case ast.Name(id=name):
                return self._of_name(node, name, depth)
            case _:
                return OTHER if isinstance(node, _DISPLAYS) else None

    def _of_name(self, node: ast.Name, name: str, depth: int) -> Kind | None:
        """By every place of the function that gives a variable its value."""
        scope = next((one for one in self._tree.around(node) if isinstance(one, FUNCTIONS)), None)
        if scope is None or self._tree.scope(node) is not scope:
            return None
        found: list[Kind | None] = []
        for one in ast.walk(scope):
            match one:
                case ast.arg(arg=other) if other == name:
                    found.append(self._of_annotation(one) if self._tree.parents[self._tree.parents[one]] is scope else None)
                case ast.Name(id=other, ctx=ast.Store()) if other == name:
                    found.append(self._of_target(one, depth))
                case ast.ExceptHandler(name=other) if other == name:
                    found.append(OTHER)
                case ast.Name():
                    pass
                case _ if name in own_names(one):
                    found.append(None)
                case _:
                    pass
        return _common(found) if found else None

    def _of_annotation(self, parameter: ast.arg) -> Kind | None:
        arguments = self._tree.parents[parameter]
        assert isinstance(arguments, ast.arguments), "a parameter stands among others"
        is_rest = parameter in (arguments.vararg, arguments.kwarg)
        if is_rest or not isinstance(parameter.annotation, ast.Name) or parameter.annotation.id in self._bound:
            return None
        name = parameter.annotation.id
        if name in _EXACT_ANNOTATIONS:
            return OTHER
        kinds = {"str": Kind("str", is_exact=False), "int": Kind("int", is_exact=False), "float": Kind("float", is_exact=False)}
        # A default such as None is another value than the annotation says.
        return kinds.get(name) if not _has_other_default(arguments, parameter) else None

    def _of_target(self, target: ast.Name, depth: int) -> Kind | None:
        parent = self._tree.parents[target]
        match parent:
            case ast.Assign(targets=targets, value=value) if target in targets:
                return self.of(value, depth + 1)
            case ast.AnnAssign(value=ast.expr() as value):
                return self.of(value, depth + 1)
            case ast.For(iter=ast.Call(func=ast.Name(id="range"))) if "range" not in self._bound:
                return _INT
            case ast.Tuple(elts=[first, *_]) if first is target:
                match self._tree.parents[parent]:
                    case ast.For(iter=ast.Call(func=ast.Name(id="enumerate"), keywords=[], args=[_])) if "enumerate" not in self._bound:
                        return _INT
                    case _:
                        return None
            case _:
                return None


def _has_other_default(arguments: ast.arguments, parameter: ast.arg) -> bool:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = dict(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    default = defaults.get(parameter) or dict(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)).get(parameter)
    return default is not None and not (isinstance(default, ast.Constant) and isinstance(default.value, str | int | float))


def _of_two(left: Kind | None, op: ast.operator, right: Kind | None) -> Kind | None:
    if left is None or not left.is_exact:
        return None
    if left.name == "str" and isinstance(op, ast.Mod):
        return _STR
    if right is None or not right.is_exact:
        return None
    if left.name == right.name == "str":
        return _STR if isinstance(op, ast.Add) else None
    if left.name in _NUMBERS and right.name in _NUMBERS:
        if isinstance(op, ast.Div):
            return _FLOAT
        if isinstance(op, ast.Add | ast.Sub | ast.Mult | ast.FloorDiv | ast.Mod):
            return _INT if left.name == right.name == "int" else _FLOAT
    return None


def _common(kinds: Iterable[Kind | None]) -> Kind | None:
    found = list(kinds)
    if None in found:
        return None
    return found[0] if len(set(found)) == 1 else OTHER
