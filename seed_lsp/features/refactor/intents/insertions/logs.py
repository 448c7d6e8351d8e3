"""What is to be logged, in words, and the logger for it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from seed_lsp.features.refactor.intents.insertions.function import Function, bound_names
from seed_lsp.features.refactor.loggers import LEVELS, LOGGERS, Logger, module_logger


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


def logger_of(function: Function) -> Logger:
    """The logger that the function's class or file has."""
    own = _logger_of_class(function) if function.bound else ""
    return Logger(own) if own else module_logger(function.tree, set(bound_names(function.node)))


def _logger_of_class(function: Function) -> str:
    """A logger that other methods use as an attribute of the object."""
    owner = function.tree.parents[function.node]
    for node in ast.walk(owner):
        match node:
            case ast.Attribute(attr=level, value=ast.Attribute(attr=name, value=ast.Name(id="self"))) if (
                level in LEVELS and LOGGERS.fullmatch(name)
            ):
                return f"self.{name}" if function.bound == "self" else ""
            case _:
                pass
    return ""
