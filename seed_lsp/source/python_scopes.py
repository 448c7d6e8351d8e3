"""Which names a scope binds, reads and captures, by the rules of Python's scopes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from seed_lsp.source.python_tree import COMPREHENSIONS, DEFINITIONS, SCOPES


@dataclass
class Scope:
    """A function, lambda, comprehension or class body.

    `bound` has the names that it binds itself, `reads` those that it looks up; `inner` are the
    scopes right within it. `walrus` has the names that a comprehension binds around it (PEP 572).
    """

    node: ast.AST
    bound: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    global_names: set[str] = field(default_factory=set)
    nonlocal_names: set[str] = field(default_factory=set)
    inner: list[Scope] = field(default_factory=list)
    walrus: set[str] = field(default_factory=set)

    @property
    def local_names(self) -> set[str]:
        return self.bound - self.global_names - self.nonlocal_names

    @property
    def free_names(self) -> set[str]:
        """The names that it takes from the scopes around it, or from the module."""
        deeper = {name for scope in self.inner for name in scope.free_names}
        own = (self.reads | self.nonlocal_names) - self.local_names - self.global_names
        return own | (deeper if isinstance(self.node, ast.ClassDef) else deeper - self.local_names - self.global_names)

    @property
    def rebound_outside(self) -> set[str]:
        """The names of scopes around it that it, or a scope within it, binds by `nonlocal`."""
        deeper = {name for scope in self.inner for name in scope.rebound_outside}
        return self.nonlocal_names | (deeper if isinstance(self.node, ast.ClassDef) else deeper - self.local_names)


def scope_of(node: ast.AST) -> Scope:
    """The scope that a function, class, lambda or comprehension opens."""
    scope = Scope(node)
    scope.bound |= {argument.arg for argument in arguments_of(node)}
    scope.bound |= {parameter.name for parameter in getattr(node, "type_params", ())}
    for part in inside(node):
        _collect(scope, part)
    if isinstance(node, COMPREHENSIONS):
        scope.walrus = scope.bound - targets_of(node)
        scope.bound -= scope.walrus
    return scope


def outside(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a scope's node that are evaluated in the scope around it, in order."""
    if isinstance(node, COMPREHENSIONS):
        yield node.generators[0].iter
        return
    yield from getattr(node, "decorator_list", ())
    if isinstance(node, ast.ClassDef):
        yield from node.bases
        yield from node.keywords
        return
    arguments = node.args  # type: ignore[attr-defined]  # of a function or a lambda
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default is not None)
    yield from (argument.annotation for argument in arguments_of(node) if argument.annotation is not None)
    if getattr(node, "returns", None) is not None:
        yield node.returns  # type: ignore[attr-defined]  # as above


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a scope's node that are evaluated in it, in the order that they are."""
    if isinstance(node, COMPREHENSIONS):
        for number, generator in enumerate(node.generators):
            if number:
                yield generator.iter
            yield generator.target
            yield from generator.ifs
        yield from (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
    elif isinstance(node, ast.Lambda):
        yield node.body
    else:
        yield from node.body  # type: ignore[attr-defined]  # of a function or a class


def arguments_of(node: ast.AST) -> list[ast.arg]:
    """A function's parameters in order; none for other nodes."""
    arguments = getattr(node, "args", None)
    if not isinstance(arguments, ast.arguments):
        return []
    more = [one for one in (arguments.vararg, *arguments.kwonlyargs, arguments.kwarg) if one is not None]
    return [*arguments.posonlyargs, *arguments.args, *more]


def own_nodes(roots: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of statements that run in the scope of these; of a scope within them, what is
    evaluated outside of it.

    Comprehensions are gone into, since what they await or bind by ``:=`` is the function's.
    """
    stack: list[ast.AST] = [*reversed(roots)]
    while stack:
        node = stack.pop()
        yield node
        is_scope = isinstance(node, SCOPES) and not isinstance(node, COMPREHENSIONS)
        stack += reversed(list(outside(node) if is_scope else ast.iter_child_nodes(node)))


def bound_by(node: ast.AST) -> list[str]:
    """The names that a node itself binds in its scope, without those of its parts."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [node.id]
    if isinstance(node, DEFINITIONS):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name.split(".", 1)[0] for alias in node.names]
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        return [node.name] if node.name else []
    if isinstance(node, ast.MatchMapping):
        return [node.rest] if node.rest else []
    return []


def names(node: ast.AST) -> Iterator[str]:
    """Each name that code binds, reads or declares, as often as it stands there, but for
    attributes.
    """
    return (name for one in ast.walk(node) for name in own_names(one))


def own_names(node: ast.AST) -> list[str]:
    """Those that stand in a node itself, and not in one below it."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name):
            return [name]
        case ast.Global(names=several) | ast.Nonlocal(names=several):
            return several
        case _:
            return bound_by(node)


def _collect(scope: Scope, node: ast.AST) -> None:
    """Add what a node binds and reads to a scope, the scopes within it among it."""
    scope.bound.update(bound_by(node))
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        scope.reads.add(node.id)
    elif isinstance(node, ast.Global):
        scope.global_names.update(node.names)
    elif isinstance(node, ast.Nonlocal):
        scope.nonlocal_names.update(node.names)
    elif isinstance(node, SCOPES):
        for part in outside(node):
            _collect(scope, part)
        inner = scope_of(node)
        scope.inner.append(inner)
        scope.bound |= inner.walrus
        return
    for child in ast.iter_child_nodes(node):
        _collect(scope, child)


def targets_of(comprehension: ast.AST) -> set[str]:
    """The variables of a comprehension."""
    assert isinstance(comprehension, COMPREHENSIONS)
    return {name for generator in comprehension.generators for one in ast.walk(generator.target) for name in bound_by(one)}
