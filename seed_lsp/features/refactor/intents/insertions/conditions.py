"""Words that say when something happens, as a condition of Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from seed_lsp.features.refactor.intents.insertions.subjects import Subjects
from seed_lsp.features.refactor.intents.insertions.words import NAME
from seed_lsp.source.syntax import UNREADABLE

_MOST_JOINED = 3
"""Of several parameters in a condition that are named one by one."""
_TYPES = {
    "string": "str", "str": "str", "integer": "int", "int": "int", "number": "(int, float)", "float": "float", "boolean": "bool", "bool": "bool",
    "list": "list", "dict": "dict", "dictionary": "dict", "tuple": "tuple", "set": "set", "bytes": "bytes", "callable": "callable",
}  # fmt: skip
_NUMBER = r"-?\d+(?:\.\d+)?"
_VALUE = rf"(?P<value>{_NUMBER}|'[^']*'|\"[^\"]*\"|zero|one|two)"
_TEXT = r"(?:the )?(?:string |character |letter )?(?P<text>'[^']*'|\"[^\"]*\")"
_LONG = r"(?: (?:characters|chars|letters|items|elements|entries))?"
_IS = r"(?:is|are|equals|being|was|has been)"


@dataclass(frozen=True)
class Condition:
    """`test` as code; `fails` is its opposite. `says` has the words of an error for it, and `unmet`
    of one for its opposite, empty where there are no plain ones.
    """

    test: str
    fails: str
    says: str = ""
    unmet: str = ""

    @property
    def opposite(self) -> Condition:
        return Condition(self.fails, self.test, self.unmet, self.says)


# The words behind "is", the test, its opposite, and what an error says.
_PREDICATES: Sequence[tuple[str, str, str, str]] = (
    (r"(?:IS )?(?:None|null|nil|missing)", "{0} is None", "{0} is not None", "must not be None"),
    (r"IS not (?:None|null|nil|missing)", "{0} is not None", "{0} is None", "must be None"),
    (r"(?:IS )?(?:empty|blank)|has no (?:items|elements|entries|values)", "not {0}", "{0}", "must not be empty"),
    (r"IS (?:not empty|non-?empty|not blank)", "{0}", "not {0}", "must be empty"),
    (r"(?:IS )?(?:negative|below zero|(?:less|smaller|lower) than (?:zero|0))", "{0} < 0", "{0} >= 0", "must not be negative"),
    (r"IS (?:not negative|non-?negative)", "{0} >= 0", "{0} < 0", "must be negative"),
    (r"IS (?:positive|above zero|(?:greater|larger|more|bigger) than (?:zero|0))", "{0} > 0", "{0} <= 0", "must not be positive"),
    (r"IS (?:not positive|non-?positive)", "{0} <= 0", "{0} > 0", "must be positive"),
    (r"(?:IS )?(?:zero|0)", "{0} == 0", "{0} != 0", "must not be zero"),
    (r"IS (?:not zero|non-?zero|not 0)", "{0} != 0", "{0} == 0", "must be zero"),
    (r"IS (?:true|truthy|enabled|on|active|turned on|switched on)", "{0}", "not {0}", "must not be true"),
    (r"IS (?:false|falsy|falsey|disabled|off|not true|not truthy|not enabled|inactive|turned off)", "not {0}", "{0}", "must be true"),
    (rf"IS (?:less|smaller|lower|fewer) than {_VALUE}|IS below {_VALUE.replace('value', 'value2')}", "{0} < {1}", "{0} >= {1}", "must be at least {1}"),
    (rf"IS (?:greater|larger|more|bigger|higher) than {_VALUE}|(?:IS above|exceeds) {_VALUE.replace('value', 'value2')}", "{0} > {1}", "{0} <= {1}", "must be at most {1}"),
    (rf"IS at least {_VALUE}", "{0} >= {1}", "{0} < {1}", "must be less than {1}"),
    (rf"IS at most {_VALUE}", "{0} <= {1}", "{0} > {1}", "must be more than {1}"),
    (rf"(?:IS (?:equal to )?|equals ){_VALUE}", "{0} == {1}", "{0} != {1}", "must not be {1}"),
    (rf"(?:IS not (?:equal to )?|does not equal ){_VALUE}", "{0} != {1}", "{0} == {1}", "must be {1}"),
    (rf"IS longer than {_VALUE}{_LONG}", "len({0}) > {1}", "len({0}) <= {1}", "must be at most {1} long"),
    (rf"IS shorter than {_VALUE}{_LONG}", "len({0}) < {1}", "len({0}) >= {1}", "must be at least {1} long"),
    (rf"(?:starts|begins) with {_TEXT}", "{0}.startswith({1})", "not {0}.startswith({1})", "must not start with {1}"),
    (rf"does not (?:start|begin) with {_TEXT}", "not {0}.startswith({1})", "{0}.startswith({1})", "must start with {1}"),
    (rf"ends with {_TEXT}", "{0}.endswith({1})", "not {0}.endswith({1})", "must not end with {1}"),
    (rf"does not end with {_TEXT}", "not {0}.endswith({1})", "{0}.endswith({1})", "must end with {1}"),
    (rf"contains {_TEXT}", "{1} in {0}", "{1} not in {0}", "must not contain {1}"),
    (rf"does not contain {_TEXT}", "{1} not in {0}", "{1} in {0}", "must contain {1}"),
    (r"IS (?:either )?(?:(?:empty|blank) or None|None or (?:is )?(?:empty|blank))", "not {0}", "{0}", "must not be empty or None"),
    (r"IS neither (?:empty nor None|None nor empty)|IS not (?:empty or None|None or empty)", "{0}", "not {0}", "must be empty"),
)  # fmt: skip
_SET: Mapping[bool, Sequence[tuple[str, str, str, str]]] = {
    True: ((r"IS (?:set|given|passed|provided|specified)", "{0}", "not {0}", "must not be set"), (r"IS (?:not (?:set|given|passed|provided|specified)|unset)", "not {0}", "{0}", "must be set")),
    False: ((r"IS (?:set|given|passed|provided|specified)", "{0} is not None", "{0} is None", "must not be given"), (r"IS (?:not (?:set|given|passed|provided|specified)|unset)", "{0} is None", "{0} is not None", "must be given")),
}  # fmt: skip
_NUMBERS = {"zero": "0", "one": "1", "two": "2"}
# The sign, the opposite, and what an error says.
_COMPARISONS: Mapping[type[ast.cmpop], tuple[str, type[ast.cmpop], str]] = {
    ast.Lt: ("<", ast.GtE, "must be at least"),
    ast.GtE: (">=", ast.Lt, "must be less than"),
    ast.Gt: (">", ast.LtE, "must be at most"),
    ast.LtE: ("<=", ast.Gt, "must be greater than"),
    ast.Eq: ("==", ast.NotEq, "must not be"),
    ast.NotEq: ("!=", ast.Eq, "must be"),
    ast.Is: ("is", ast.IsNot, "must not be"),
    ast.IsNot: ("is not", ast.Is, "must be"),
    ast.In: ("in", ast.NotIn, "must not be in"),
    ast.NotIn: ("not in", ast.In, "must be in"),
}


def read_condition(words: str, subjects: Subjects) -> Condition | None:
    """The condition that words say; None unless all of them are understood."""
    words = re.sub(r"^(?:both|either|and|that|if|when) (?=.)", "", words.strip(" ,"), flags=re.IGNORECASE)
    words = re.sub(r"\bneither (.+?) nor ", r"not \1 or ", words, flags=re.IGNORECASE)
    if (simple := _read_simple(words, subjects)) is not None:
        return simple
    if re.search(r" and ", words) and re.search(r" or ", words):
        # Which one binds closer is not said, unless it is code.
        return _read_code(words, subjects)
    for word in (" and ", " or "):
        parts = re.split(word, words, flags=re.IGNORECASE)
        if len(parts) > 1:
            return _joined(parts, word.strip(), subjects) or _read_code(words, subjects)
    if subjects.it and not subjects.find(words.split(" ", 1)[0]) and (short := _read_simple(f"it is {words}", subjects)):
        # "When set", "if enabled".
        return short
    return _read_code(words, subjects)


def _joined(parts: Sequence[str], word: str, subjects: Subjects) -> Condition | None:
    """Several conditions; one without a subject has that of the one before, and one that is a
    subject alone has what is said of the next one.
    """
    found: list[Condition] = []
    subject = ""
    for number, text in enumerate(parts):
        part = text.strip(" ,")
        split = _split(part)
        if split is not None and subjects.find(split[0]):
            subject = split[0]
        elif number + 1 < len(parts) and (shared := _shared(part, parts[-1].strip(), word, subjects)):
            part = shared
        elif (
            subject
            and not subjects.find(part)
            and (made := _read_simple(f"{subject} {part}", subjects) or _read_simple(f"{subject} is {part}", subjects))
        ):
            found.append(made)
            continue
        one = read_condition(part, subjects)
        if one is None:
            return None
        found.append(one)
    found = _without_repeated_none(found) if word == "and" else found
    other = {"and": "or", "or": "and"}[word]
    says = _shortened([one.says for one in found]) if word == "or" else _says_of_both(found, subjects)
    unmet = _shortened([one.unmet for one in found]) if word == "and" else ""
    return Condition(
        f" {word} ".join(_grouped(one.test, word) for one in found),
        f" {other} ".join(_grouped(one.fails, other) for one in found),
        says,
        unmet,
    )


def _shared(part: str, last: str, word: str, subjects: Subjects) -> str:
    """What is said of both in "x or y is None" and "x and y are None"; a switch is said itself."""
    named = subjects.find(part)
    following = _split(last)
    if not named or following is None or named[0] in subjects.switches or (word == "and" and not following[1].startswith("are ")):
        return ""
    return f"{part} {following[1]}"


def _without_repeated_none(found: Sequence[Condition]) -> list[Condition]:
    """What is known to be given need not be looked at again."""
    given = {one.test for one in found}
    starts = [
        next((f"{test} and " for test in given if test.endswith(" is not None") and one.test.startswith(f"{test} and ")), "")
        for one in found
    ]
    return [
        replace(one, test=one.test.removeprefix(start), fails=one.fails.removeprefix(start))
        for one, start in zip(found, starts, strict=True)
    ]


def both(one: Condition, other: Condition, subjects: Subjects) -> Condition:
    """The condition that two hold."""
    test = f"{_grouped(one.test, 'and')} and {_grouped(other.test, 'and')}"
    return Condition(test, f"{_grouped(one.fails, 'or')} or {_grouped(other.fails, 'or')}", _says_of_both([one, other], subjects))


def _says_of_both(found: Sequence[Condition], subjects: Subjects) -> str:
    """What an error says where one condition is that a switch is on."""
    others = [one for one in found if not (subjects.is_switch and one.test == subjects.added)]
    return f"{others[0].says} if {subjects.added} is set" if len(others) == 1 < len(found) and others[0].says else ""


def _shortened(says: Sequence[str]) -> str:
    """Several errors as one, which names what they are of but once."""
    if not all(says):
        return ""
    text = " and ".join(dict.fromkeys(says))
    first, _, rest = text.partition(" must ")
    return f"{first} must {rest.replace(f'and {first} must ', 'and must ')}" if rest else text


def _grouped(test: str, word: str) -> str:
    return f"({test})" if (" or " in test and word == "and") or (" if " in test) else test


def _split(words: str) -> tuple[str, str] | None:
    """A subject, and what is said of it."""
    found = re.match(rf"(?P<subject>.+?) (?P<rest>(?:{_IS}|has|exceeds|does|starts|begins|ends|contains)\b.*)", words, re.IGNORECASE)
    return (found["subject"], found["rest"]) if found else None


def _read_simple(words: str, subjects: Subjects) -> Condition | None:
    split = _split(words)
    if split is None:
        alone = subjects.find(words)
        return Condition(alone[0], f"not {alone[0]}", f"{alone[0]} must not be set") if len(alone) == 1 else None
    named = subjects.find(split[0])
    is_group = re.match(r"(?:any|one|either)\b", split[0], re.IGNORECASE) is not None
    if not named:
        return None
    is_switch = named == [subjects.added] and subjects.is_switch
    said = split[1]
    for pattern, test, fails, says in (*_SET[is_switch], *_PREDICATES):
        if found := re.fullmatch(pattern.replace("IS", _IS), said, re.IGNORECASE):
            value = next((one for one in found.groups() if one), "")
            unmet = next((row[3] for row in (*_PREDICATES, *_SET[is_switch]) if row[1] == fails and row[2] == test), "")
            row = _Row(*(one.replace("{1}", _NUMBERS.get(value.lower(), value)) for one in (test, fails, says, unmet)))
            return _of_all(named, row, subjects, is_group=is_group)
    return _of_type(named, said, subjects, is_group=is_group)


def _of_type(named: Sequence[str], said: str, subjects: Subjects, *, is_group: bool) -> Condition | None:
    kind = rf"(?:an? (?:instance of )?|of type )?({NAME})(?: instance| object)?"
    found = re.fullmatch(rf"{_IS} (not )?(?=an? |of type ){kind}(?: (?:or|nor) {kind})?", said, re.IGNORECASE)
    if found is None:
        return None
    words = [one for one in found.groups()[1:] if one]
    kinds = [_TYPES.get(one.lower(), one) for one in words]
    if not all(one in _TYPES.values() or (subjects.known(one) and one[:1].isupper()) for one in kinds) or (
        len(kinds) > 1 and "callable" in kinds
    ):
        return None
    listed = kinds[0] if len(kinds) == 1 else f"({', '.join(kinds)})"
    test = "callable({0})" if kinds == ["callable"] else f"isinstance({{0}}, {listed})"
    says = "must be " + " or ".join(f"{'an' if one[0].lower() in 'aeio' else 'a'} {one}" for one in words)
    if found[1]:
        return _of_all(named, _Row(f"not {test}", test, says, says.replace("must", "must not")), subjects, is_group=is_group)
    return _of_all(named, _Row(test, f"not {test}", says.replace("must", "must not"), says), subjects, is_group=is_group)


@dataclass(frozen=True)
class _Row:
    """A predicate with its values, but for what it is said of."""

    test: str
    fails: str
    says: str
    unmet: str

    @property
    def speaks_of_none(self) -> bool:
        return "None" in self.test or (
            self.test in {"{0}", "not {0}"} and self.says in {"must not be true", "must be true", "must be set", "must not be set"}
        )


def _of_all(named: Sequence[str], row: _Row, subjects: Subjects, *, is_group: bool) -> Condition:
    """A condition that one of several things is to meet."""
    if not is_group or len(named) == 1:
        test, fails = row.test.format(named[0]), row.fails.format(named[0])
        if not row.speaks_of_none and named[0] in subjects.may_be_none and row.says != "must not be empty or None":
            test, fails = f"{named[0]} is not None and {test}", f"{named[0]} is not None and {fails}"
        return Condition(test, fails, *(f"{subjects.shown(named[0])} {one}" if one else "" for one in (row.says, row.unmet)))
    says = [f"arguments {one}" if one else "" for one in (row.says, row.unmet)]
    if len(named) <= _MOST_JOINED:
        return Condition(" or ".join(row.test.format(one) for one in named), " and ".join(row.fails.format(one) for one in named), *says)
    variable = next(one for one in ("value", "argument", "each") if one not in named)
    all_named = f"for {variable} in ({', '.join(named)})"
    return Condition(f"any({row.test.format(variable)} {all_named})", f"all({row.fails.format(variable)} {all_named})", *says)


def _read_code(words: str, subjects: Subjects) -> Condition | None:
    """A condition that is written as code, of which every name is known."""
    try:
        tree = ast.parse(words, mode="eval").body
    except UNREADABLE:
        return None
    if any(isinstance(node, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom) for node in ast.walk(tree)):
        return None
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - own
    if (
        not read
        or not all(subjects.known(name) for name in read)
        or not isinstance(tree, ast.Compare | ast.Name | ast.Attribute | ast.Call | ast.UnaryOp | ast.BoolOp | ast.Subscript)
    ):
        return None
    if isinstance(tree, ast.Compare) and len(tree.ops) == 1:
        _, opposite, says = _COMPARISONS[type(tree.ops[0])]
        sign, _, unmet = _COMPARISONS[opposite]
        left, right = ast.unparse(tree.left), ast.unparse(tree.comparators[0])
        return Condition(words, f"{left} {sign} {right}", f"{left} {says} {right}", f"{left} {unmet} {right}")
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return Condition(words, ast.unparse(tree.operand), "")
    return Condition(
        words, f"not {words}" if isinstance(tree, ast.Name | ast.Attribute | ast.Call | ast.Subscript) else f"not ({words})", ""
    )
