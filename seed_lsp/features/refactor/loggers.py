"""How a file logs: through a logger of its own, or through the standard library's."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass

from seed_lsp.source.python_tree import PythonTree

LEVELS = ("debug", "info", "warning", "error", "critical", "exception")
LOGGERS = re.compile(r"_?(?:logger|log|LOGGER|LOG)")
"""Names that a logger is called by."""


@dataclass(frozen=True)
class Logger:
    """`code` is the logger; `imports` has the modules that it needs and the file does not import.

    `mark` stands for a value in its messages.
    """

    code: str
    imports: tuple[str, ...] = ()
    mark: str = "%r"

    def call(self, level: str, message: str, *values: str) -> str:
        """A call that logs a message, in which ``{}`` stands for each value."""
        return f"{self.code}.{level}({quoted(message.replace('{}', self.mark))}{''.join(f', {one}' for one in values)})"


def quoted(text: str) -> str:
    """A string of Python."""
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'


def module_logger(tree: PythonTree, taken: Collection[str]) -> Logger:
    """The logger that a file has for itself, but for one whose name is `taken`; else the standard
    library's.
    """
    for node in tree.root.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=called))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(func=called))
            ):
                if ast.unparse(called).rpartition(".")[2] in {"getLogger", "get_logger"} and name not in taken:
                    return Logger(name)
            case ast.ImportFrom(names=aliases, module=module):
                for alias in aliases:
                    name = alias.asname or alias.name
                    if LOGGERS.fullmatch(name) and name not in taken and _is_logger(tree, name):
                        return Logger(name, mark="{!r}" if module == "loguru" else "%r")
            case _:
                pass
    return standard_logger(tree)


def _is_logger(tree: PythonTree, name: str) -> bool:
    """Whether what is imported under a logger's name is one: a `log` may be the logarithm, unless
    something is logged by it.
    """
    used = (one for one in ast.walk(tree.root) if isinstance(one, ast.Attribute) and one.attr in LEVELS)
    return "logger" in name.lower() or any(isinstance(one.value, ast.Name) and one.value.id == name for one in used)


def standard_logger(tree: PythonTree) -> Logger:
    """That of the standard library for the module."""
    for node in tree.root.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "logging" and alias.asname:
                    return Logger(f"{alias.asname}.getLogger(__name__)")
    return Logger("logging.getLogger(__name__)", ("logging",))
