"""What is known of calls by their names: when they run their argument, what they may do unseen."""

from __future__ import annotations

import ast
from collections.abc import Iterable

TAKES_ALL = frozenset({"sum", "any", "all", "min", "max", "sorted", "list", "tuple", "set", "frozenset", "dict"})
"""They take all that a generator gives before they return."""
# They run a generator, or call a function, before they return.
_CONSUMERS = TAKES_ALL | {"next"}
_CONSUMING_METHODS = frozenset({"join", "extend", "update", "writelines", "sort"})
PURE = frozenset({"len", "isinstance", "issubclass", "type", "abs", "ord", "chr", "range", "bool", "callable", "id"})
"""Functions that change nothing."""
# Context managers that let every exception through.
_LET_THROUGH = frozenset(
    {"open", "closing", "aclosing", "nullcontext", "chdir", "redirect_stdout", "redirect_stderr"}
    | {"TemporaryDirectory", "NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile", "fdopen"}
    | {"Lock", "RLock", "Semaphore", "Condition", "ThreadPoolExecutor", "ProcessPoolExecutor", "scandir", "urlopen", "socket"}
    | {"ZipFile", "TarFile", "localcontext", "catch_warnings", "Popen", "no_grad", "inference_mode"}
)
# They see the local names of who calls them.
_SEES_NAMES = frozenset({"locals", "eval", "exec", "_getframe", "currentframe"})
_SEES_NAMES_BARE = frozenset({"vars", "dir"})
# They see who calls them.
_SEES_CALLER = frozenset({"stack", "extract_stack", "print_stack", "format_stack"})


def name_of(function: ast.expr) -> str:
    """The last word of what is called; empty for what has no name."""
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def run_at_once(call: ast.Call) -> list[ast.expr]:
    """The generators and lambdas among a call's arguments that do not outlive it."""
    name = name_of(call.func)
    known = name in (_CONSUMERS if isinstance(call.func, ast.Name) else _CONSUMING_METHODS)
    if not known:
        return []
    keys = [keyword.value for keyword in call.keywords if keyword.arg == "key" and isinstance(keyword.value, ast.Lambda)]
    return [*(argument for argument in call.args if isinstance(argument, ast.GeneratorExp)), *keys]


def may_swallow(manager: ast.expr) -> bool:
    """Whether a context manager may end a `with` as if nothing had been raised."""
    name = name_of(manager.func if isinstance(manager, ast.Call) else manager)
    return name not in _LET_THROUGH and not name.lower().endswith(("lock", "mutex"))


def sees_names(nodes: Iterable[ast.AST]) -> str:
    """A call among the nodes that sees the local names around it, such as `locals()`; or empty."""
    for node in nodes:
        if isinstance(node, ast.Call):
            name = name_of(node.func)
            bare = name in _SEES_NAMES_BARE and isinstance(node.func, ast.Name) and not node.args
            if bare or (name in _SEES_NAMES and not _is_method_of_data(node.func, name)):
                return name
    return ""


def sees_caller(nodes: Iterable[ast.AST]) -> str:
    """What among the nodes depends on which function it stands in; or empty."""
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in {"super", "__class__"}:
            return node.id
        if isinstance(node, ast.keyword) and node.arg == "stacklevel":
            return node.arg
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SEES_CALLER:
            return node.func.attr
    return ""


def _is_method_of_data(function: ast.expr, name: str) -> bool:
    """`frame.eval(…)` of other libraries takes no names of ours, `builtins.eval` does."""
    return name in {"eval", "exec", "locals"} and isinstance(function, ast.Attribute) and name_of(function.value) != "builtins"
