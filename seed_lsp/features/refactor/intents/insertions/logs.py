"""How a file logs: through a logger of its own, or through the standard library's."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from seed_lsp.features.refactor.intents.insertions.function import Function, bound_names

LEVELS = ("debug", "info", "warning", "error", "critical", "exception")
_LOGGERS = re.compile(r"_?(?:logger|log|LOGGER|LOG)")


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


def logger_of(function: Function) -> Logger:
    """The logger of the function's file."""
    taken = {one.arg for one in ast.walk(function.node.args) if isinstance(one, ast.arg)} | set(bound_names(function.node))
    for node in function.tree.root.body:
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
                    if _LOGGERS.fullmatch(name) and name not in taken:
                        return Logger(name, mark="{!r}" if module == "loguru" else "%r")
            case _:
                pass
    return standard_logger(function)


def standard_logger(function: Function) -> Logger:
    """That of the standard library for the module."""
    for node in ast.walk(function.tree.root):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "logging" and alias.asname:
                    return Logger(f"{alias.asname}.getLogger(__name__)")
    return Logger("logging.getLogger(__name__)", ("logging",))
