"""Words that say what new code does, as statements of Python."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from seed_lsp.features.refactor.intents.insertions.conditions import Condition, both, read_condition
from seed_lsp.features.refactor.intents.insertions.function import Function
from seed_lsp.features.refactor.intents.insertions.logs import logger_of, read_log
from seed_lsp.features.refactor.intents.insertions.statement import Hole, Statement, guarded, joined
from seed_lsp.features.refactor.intents.insertions.subjects import Subjects
from seed_lsp.features.refactor.intents.insertions.words import NAME, RESULT, matched
from seed_lsp.features.refactor.loggers import Logger, quoted, standard_logger
from seed_lsp.source.syntax import UNREADABLE

_LEAD = re.compile(
    r"(?:(?:and|then|also|that|which|it should|should|to|so that it|so it|(?:makes?|lets?|have|causes?) (?:it|the (?:function|method))(?: to)?|will)[\s,]+)+",
    re.IGNORECASE,
)
_IF = r"(?:if|when|whenever|unless|in case|only if|only when|as long as|provided that|provided)"
_LEADING = re.compile(rf"(?P<word>{_IF}) (?P<condition>.+?)(?:, then |, | then )(?P<do>.+)", re.IGNORECASE)
_DIRECT = re.compile(rf"(?P<word>{_IF}) (?P<condition>.+?) (?P<do>(?:raise|return|print|log|warn|assert|call)s? .+)", re.IGNORECASE)
_TRAILING = re.compile(rf",? (?P<word>{_IF}) ", re.IGNORECASE)
_CHECKED = (
    r"(?:check|verify|validate|ensure|make sure|require)(?:s|es)? (?:that |whether )?(?P<holds>.+?)(?:,? (?:and|or|otherwise|else|or else),?)? (?P<do>rais\w+ .+?)(?: (?:otherwise|if (?:it is |they are )?not|if it does not|if it fails|else))?",
    r"(?:check|verify|validate|ensure|make sure|require)(?:s|es)? (?:that )?(?P<holds>.+)",
    r"(?:check|test)(?:s)? (?:if|whether) (?P<if>.+?),? (?:and|then)(?: if so)?,? (?P<do>.+?)(?: (?:if so|if it is|in that case))?",
)
_ERRORS = r"(?P<words>value|type|key|index|runtime|attribute|assertion|not ?implemented|os|io|permission|file ?not ?found|timeout|zero ?division|lookup|overflow) ?errors?"
_ERROR = rf"(?:an? |the )?(?:{_ERRORS}|(?P<name>{NAME}(?:\.{NAME})*)(?: error| exception)?)"
_TEXT = r"(?:'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\")"
_MESSAGE = rf"(?:,? (?:with|saying|that says|and)(?: (?:the|a|an)(?: error)? message(?: saying| of)?| the text)?:? {_TEXT}|,? with an? (?:(?:clear|helpful|useful|descriptive|suitable|meaningful|proper|appropriate|good|short) )?(?:error )?message)"
_CALLED = r"(?:(?:the|this|its) )?(?:(?:function|method)'s )?(?:own )?(?:function |method )?name(?: of (?:the|this) (?:function|method))?"
_ARGUMENTS = r"(?:all |all of )?(?:the |its |all )?(?:(?:function|method)'s )?(?:(?:function|method|call) )?(?:arguments|parameters|args|inputs)(?: it (?:got|gets|was called with|is called with|receives|received))?"
_VALUES = {
    "none": "None", "nothing": "", "": "", "null": "None", "true": "True", "false": "False", "zero": "0", "an empty list": "[]", "an empty string": '""',
    "an empty dict": "{}", "an empty dictionary": "{}", "an empty tuple": "()", "an empty set": "set()", "notimplemented": "NotImplemented",
}  # fmt: skip
_NO_CONDITION = re.compile(
    r"\b(?:but|only|except|unless|then|fail\w*|throw\w*|errors?|exceptions?|catch\w*|log\w*|print\w*|rais\w*|return\w*|warn\w*|call\w*|convert\w*|set to|mak\w*|writ\w*)\b",
    re.IGNORECASE,
)
"""Words of a condition that is none of the start of a function, or of another wish behind it."""
_MORE = re.compile(r"(?:\band\b|,) (?!(?:the|its|a|an|all|of)\b)", re.IGNORECASE)
"""Another wish behind what is to be told."""
_OPEN = re.compile(
    r"(?:call|write|emit|increment|count|record|store|append|notify|flush|sleep|send|show|display|trace|invoke|report|output|echo)s?\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:instead|renam\w*|remov\w*|replac\w*|every\w*|each|loops?|iteration\w*|after\w*|before|at the end|finally|pass(?:es|ed)? (?:it|them|this) |us(?:e|es|ing) (?:it|them|this)|otherwise|else"
    r"|results?|return(?:ed|s)? value\w*|output of|docstrings?|comments?|types?|hints?|tests?|async|wrap\w*|while|until|calls? to|convert\w*|sort\w*|in the body|where(?:ver)?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reader:
    """Reads words about code that goes to one place; `values` may be printed and logged there."""

    subjects: Subjects
    result: str = ""

    @property
    def unit(self) -> str:
        return self.subjects.function.unit

    def read(self, words: str) -> Statement | None:
        """The statement that words ask for; None unless all of them are understood."""
        words = _LEAD.sub("", words.strip(" ,."), count=1) if _LEAD.match(words.strip(" ,.")) else words.strip(" ,.")
        return self._checked(words) or self._conditional(words) or self._plain(words, None)

    def _conditional(self, words: str) -> Statement | None:
        unread: Statement | None = None
        words = self.subjects.by_name(words)
        for do, word, said in _with_conditions(words):
            condition = self._condition(word, said)
            if condition is not None and (made := self._plain(do, condition)):
                return _under(condition, made, self.unit)
            if condition is not None and (made := self._twice(condition, do)):
                return made
            if (
                unread is None
                and not _ELSEWHERE.search(said)
                and not _NO_CONDITION.search(said)
                and (made := self._plain(do, Condition("", "", _named(said))))
            ):
                unread = _under(Hole("condition", words=said), made, self.unit, f"{do} {word} {said}")
        return unread

    def _twice(self, condition: Condition, words: str) -> Statement | None:
        """What is to be done under a condition, if another one holds, too."""
        for do, word, said in _with_conditions(words):
            inner = self._condition(word, said)
            if inner is not None and (made := self._plain(do, inner)):
                return _under(both(condition, inner, self.subjects), made, self.unit)
        return None

    def _condition(self, word: str, said: str) -> Condition | None:
        found = read_condition(said, self.subjects)
        return found.opposite if found is not None and word.lower() == "unless" else found

    def _checked(self, words: str) -> Statement | None:
        for pattern in _CHECKED:
            found = re.fullmatch(pattern, words, re.IGNORECASE)
            if found is None:
                continue
            parts = found.groupdict()
            said = parts.get("holds") or parts.get("if") or ""
            condition = read_condition(said, self.subjects)
            if condition is None or [condition.test] == self.subjects.find(said):
                continue
            if parts.get("holds"):
                condition = condition.opposite
            do = parts.get("do") or "raise ValueError"
            if (made := self._plain(re.sub(r"\braising\b", "raise", do), condition)) is not None:
                return _under(condition, made, self.unit)
        return None

    def _plain(self, words: str, condition: Condition | None) -> Statement | None:
        """Statements without a condition of their own; one that is raised under `condition` may
        tell it.
        """
        words = words.strip(" ,")
        for kind in (self._raise, self._return, self._assert, self._warn, self._print, self._log):
            if (made := kind(words, condition)) is not None:
                return made
        parts = re.split(r" and (?:then |also )?|, (?:and |then )?", words, flags=re.IGNORECASE)
        if len(parts) > 1:
            made_of = [self._plain(part, condition) for part in parts]
            if all(made_of):
                return joined([one for one in made_of if one is not None])
        if (code := self._call(words)) is not None:
            return code
        if _OPEN.match(words) and not _ELSEWHERE.search(_without_result(words) if self.result else words):
            return Statement((Hole("statements"),), words)
        return None

    def _call(self, words: str) -> Statement | None:
        """A call that the words have as code, or that of a function without arguments."""
        found = re.fullmatch(r"(?:call|invoke|run)s? (?P<code>[\w.]+(?P<arguments>\(.*\))?)(?: with (?P<with>.+))?", words, re.IGNORECASE)
        if found is None or (found["arguments"] and found["with"]):
            return None
        given: list[str] = []
        for part in re.split(r"(?:,| and)+ ", found["with"]) if found["with"] else ():
            if len(named := self.subjects.find(part)) != 1:
                return None
            given += named
        code = found["code"] if found["arguments"] else f"{found['code']}({', '.join(given)})"
        return Statement((code,), words) if _is_code(code, self.subjects) else None

    def _raise(self, words: str, condition: Condition | None) -> Statement | None:
        if (written := re.fullmatch(r"raises? (?P<code>[\w.]+\(.*\))", words)) and _is_code(written["code"], self.subjects):
            return Statement((f"raise {written['code']}",), words)
        found = re.fullmatch(rf"(?:raise|throw)s? {_ERROR}(?P<message>{_MESSAGE})?", words, re.IGNORECASE)
        error = self._error(found) if found else ""
        if not found or not error:
            return None
        text = _text_in(found)
        says = condition.says if condition is not None else ""
        if text is None and says:
            text = says
        if text is not None:
            return Statement((f"raise {error}({quoted(text)})",), words)
        if condition is None and not found["message"]:
            return Statement(
                (f'raise {error}("', Hole("message", f"{self.subjects.function.name} cannot go on"), '")'), words, may=frozenset({"raise"})
            )
        fallback = f"not allowed: {condition.test}" if condition is not None else "invalid arguments"
        return Statement((f'raise {error}("', Hole("message", fallback.replace('"', "'")), '")'), words, may=frozenset({"raise"}))

    def _error(self, found: re.Match[str]) -> str:
        if found["words"]:
            wanted = re.sub(r"\s", "", found["words"]).lower() + "error"
            return next((name for name in dir(builtins) if name.lower() == wanted), "")
        name = found["name"]
        if name.lower() in {"error", "exception"}:
            return "ValueError"
        known = getattr(builtins, name, None)
        if isinstance(known, type):
            return name if issubclass(known, BaseException) else ""
        same = next((one for one in dir(builtins) if one.lower() == name.lower() and one.endswith(("Error", "Exception"))), "")
        return name if self.subjects.known(name.partition(".")[0]) else same

    def _return(self, words: str, _condition: Condition | None) -> Statement | None:
        early = r"(?: (?:early|immediately|directly|right away|at once|straight away))?"
        found = matched(
            [
                rf"returns?{early}(?: with)?(?: just)?(?P<value>(?: .+?)??){early}",
                rf"(?:does|do) (?P<value>nothing){early}",
                rf"(?:exit|stop|leave|quit)s?(?: the (?:function|method))?(?P<value>){early}",
            ],
            words,
        )
        if found is None:
            return None
        said = found["value"].strip()
        value = _VALUES.get(said.lower())
        if value is None:
            named = self.subjects.find(said)
            value = named[0] if len(named) == 1 else said if _is_code(said, self.subjects) else None
        function = self.subjects.function
        if value is None or (function.is_generator and value not in {"", "None"}):
            return None
        returns = any(one.value is not None for one in function.own(ast.Return) if isinstance(one, ast.Return))
        if function.is_generator:
            value = ""
        elif not value and returns:
            value = "None"
        return Statement((f"return {value}".rstrip(),), words)

    def _assert(self, words: str, _condition: Condition | None) -> Statement | None:
        found = re.fullmatch(r"(?:add an assertion|add an assert|assert)s? (?:that )?(?P<condition>.+)", words, re.IGNORECASE)
        made = read_condition(found["condition"], self.subjects) if found else None
        return Statement((f"assert {made.test}",), words) if made is not None else None

    def _warn(self, words: str, _condition: Condition | None) -> Statement | None:
        found = re.fullmatch(
            rf"(?:warn|issue a (?:deprecation )?warning|emit a (?:deprecation )?warning)s?(?P<rest>.*?)(?: {_TEXT})?",
            words,
            re.IGNORECASE,
        )
        if found is None or _ELSEWHERE.search(found["rest"]):
            return None
        kind = ", DeprecationWarning" if "deprecat" in words.lower() else ""
        end = f'"{kind}, stacklevel=2)'
        if (text := _text_in(found)) is not None:
            return Statement((f"warnings.warn({quoted(text)}{end[1:]}",), words, ("warnings",))
        return Statement(('warnings.warn("', Hole("message"), end), words, ("warnings",))

    def _print(self, words: str, _condition: Condition | None) -> Statement | None:
        found = re.fullmatch(r"(?:print|echo|output)s?(?: out)? (?P<what>.+)", words, re.IGNORECASE)
        if found is None or _ELSEWHERE.search(_without_result(found["what"])):
            return None
        message, values = self._told(found["what"])
        if message is None and _MORE.search(found["what"]):
            return None
        if message is None:
            return Statement(("print(", Hole("arguments")), words)
        if not values:
            return Statement((f"print({quoted(message)})",), words)
        if message.strip("{} ,") == "" or message == f"{values[0]}: {{}}":
            return Statement((f"print({', '.join(values)})",), words)
        return Statement((f"print(f{quoted(message.format(*(f'{{{one}!r}}' for one in values)))})",), words)

    def _log(self, words: str, _condition: Condition | None) -> Statement | None:
        """A call of the file's logger, or of the one that is named."""
        read = read_log(words)
        if read is None or _ELSEWHERE.search(_without_result(read.what)):
            return None
        logger = self._logger(read.logger, self.subjects.function)
        if logger is None:
            return None
        message, values = self._told(read.what, is_log=True)
        if message is None and _MORE.search(read.what):
            return None
        if message is None:
            return Statement((f'{logger.code}.{read.level}("', Hole("arguments")), words, logger.imports)
        return Statement((logger.call(read.level, message, *values),), words, logger.imports)

    def _logger(self, code: str, function: Function) -> Logger | None:
        if re.fullmatch(r"(?:the )?(?:standard )?logging(?: module| library)?", code, re.IGNORECASE):
            return standard_logger(function.tree)
        if not code or re.fullmatch(r"(?:the|a) (?:\w+(?:'s)? )?logger", code, re.IGNORECASE):
            return logger_of(function)
        root = re.split(r"[.(]", code)[0]
        if root == "logging" and not self.subjects.known("logging"):
            return Logger(code, ("logging",))
        return Logger(code) if self.subjects.known(root) else None

    def _told(self, what: str, *, is_log: bool = False) -> tuple[str | None, list[str]]:
        """A message with ``{}`` for each value, and the values; no message where the words do not
        say it.
        """
        what = what.strip(" ,")
        name = self.subjects.function.name
        if found := matched([rf"(?:(?:the|a|an) (?:message|text|line|string)(?: saying| that says| with)?:? )?{_TEXT}"], what):
            return _text_in(found), []
        if re.fullmatch(_CALLED, what, re.IGNORECASE):
            return name, []
        if re.fullmatch(rf"(?:{_CALLED} (?:and|with|together with) )?{_ARGUMENTS}", what, re.IGNORECASE):
            known = [one.arg for one in (*self.subjects.function.parameters, *self.subjects.function.starred)]
            return f"{name}({', '.join(f'{one}={{}}' for one in known)})", known
        values: list[str] = []
        for part in re.split(r"(?:,| and)+ ", what):
            found = re.fullmatch(r"(?:the (?:values? |contents? )?(?:of )?)?(?P<name>.+?)(?:'s value)?", part, re.IGNORECASE)
            named = self.subjects.find(part) or (self.subjects.find(found["name"]) if found else [])
            if len(named) != 1 or named[0] == self.subjects.function.bound:
                return None, []
            values += named
        if self.result and values == [self.result]:
            return (f"{name} returned {{}}" if is_log else "{}"), values
        return ", ".join(f"{one}: {{}}" for one in values), values


def _text_in(found: re.Match[str]) -> str | None:
    """What stands between the quotes of `_TEXT`; None where that was not there."""
    return found["single"] if found["single"] is not None else found["double"]


def _without_result(words: str) -> str:
    return re.sub(rf"{RESULT}\b", "", words, flags=re.IGNORECASE)


def _with_conditions(words: str) -> Iterator[tuple[str, str, str]]:
    """The ways to part words: what to do, the word before the condition, and the condition."""
    if found := _LEADING.fullmatch(words):
        yield _LEAD.sub("", found["do"], count=1), found["word"], found["condition"]
    elif found := _DIRECT.fullmatch(words):
        yield found["do"], found["word"], found["condition"]
    for found in _TRAILING.finditer(words):
        before = words[: found.start()]
        if all(before.count(quote) % 2 == 0 for quote in ('"',)):
            yield before, found["word"], words[found.end() :]


def _named(said: str) -> str:
    """What an error says where a condition is known by its words alone."""
    return re.sub(r"^(?:the|its|an?) ", "", said.strip(), flags=re.IGNORECASE)


def _under(condition: Condition | Hole, made: Statement, unit: str, words: str = "") -> Statement:
    whole = guarded(condition, made, unit)
    return replace(whole, words=words or whole.words)


def _is_code(words: str, subjects: Subjects) -> bool:
    try:
        tree = ast.parse(words, mode="eval")
    except UNREADABLE:
        return False
    return all(subjects.known(node.id) for node in ast.walk(tree) if isinstance(node, ast.Name))
