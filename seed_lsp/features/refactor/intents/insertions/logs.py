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


@dataclass(frozen=True)
class LogWords:
    """What is to be logged, in words, the level, and the logger, if one is named."""

    what: str
    level: str
    logger: str


_LEVEL = rf"(?P<level>{'|'.join(LEVELS)})"
_LOG = re.compile(rf"(?:{_LEVEL}[ -])?logs? (?:out )?(?P<what>.+)", re.IGNORECASE)
_TAILS = (
    re.compile(rf",? (?:at|with|on|using|as)(?: an?| the)?(?: log)?(?: level)? {_LEVEL}(?:[ -]level)?(?: message)?\Z", re.IGNORECASE),
    re.compile(rf",? (?:with|using|through|via|by|to) (?P<logger>[\w.]*log[\w.]*(?:\(\w*\))?)\.{_LEVEL}(?:\(\))?\Z", re.IGNORECASE),
    re.compile(r",? (?:with|using|through|via|by|to) (?P<logger>(?:the )?(?:standard )?logging(?: module| library)?|(?:the |a )?[\w.]*(?:'s )?logger|[\w.]*getLogger\(\w*\)|the \w+ logger)\Z", re.IGNORECASE),
)  # fmt: skip
_ARTICLE = re.compile(rf"an? {_LEVEL} message (?:saying|that says|with) ", re.IGNORECASE)


def read_log(words: str) -> LogWords | None:
    """What words say of a log; None if they begin otherwise."""
    found = _LOG.fullmatch(words)
    if found is None:
        return None
    what, level, logger = found["what"], found["level"] or "", ""
    for tail in (*_TAILS, *_TAILS):
        if (more := tail.search(what)) is not None:
            parts = more.groupdict()
            what, level, logger = what[: more.start()], level or parts.get("level") or "", logger or parts.get("logger") or ""
    if (article := _ARTICLE.match(what)) is not None:
        what, level = what[article.end() :], level or article["level"]
    return LogWords(what, level.lower() or "debug", logger)


def quoted(text: str) -> str:
    """A string of Python."""
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'


def logger_of(function: Function) -> Logger:
    """The logger that the function's class or file has."""
    if function.bound and (own := _logger_of_class(function)):
        return Logger(own)
    taken = set(bound_names(function.node))
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


def _logger_of_class(function: Function) -> str:
    """A logger that other methods use as an attribute of the object."""
    owner = function.tree.parents[function.node]
    for node in ast.walk(owner):
        match node:
            case ast.Attribute(attr=level, value=ast.Attribute(attr=name, value=ast.Name(id="self"))) if (
                level in LEVELS and _LOGGERS.fullmatch(name)
            ):
                return f"self.{name}" if function.bound == "self" else ""
            case _:
                pass
    return ""


def standard_logger(function: Function) -> Logger:
    """That of the standard library for the module."""
    for node in ast.walk(function.tree.root):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "logging" and alias.asname:
                    return Logger(f"{alias.asname}.getLogger(__name__)")
    return Logger("logging.getLogger(__name__)", ("logging",))
