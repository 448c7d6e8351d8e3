"""Whether an instruction speaks of a piece of code: by a name in it, or by what such code is
called.
"""

from __future__ import annotations

import re

from seed_lsp.features.refactor.asked import Asked

_WORD = re.compile(r"[A-Za-z_]\w*")
_STOP = frozenset(
    re.findall(
        r"\w+",
        "a an the it its this that these those of to in on and or by with for from be is are as at if else not use using make add remove replace change instead when then"
        " return returns do does so all each every any only into them they one code function method handle input new also should can must have has true false none",
    )
)
_SHORTEST_STEM = 4
# What code is called, and how such code looks: by a search in the first line of a statement.
_LOOKS = (
    (
        r"else|elif|early|guard\w*|ternar\w*|match|switch|conditional\w*|conditions?|ifs?|if-\w+|branch\w*|nest\w*|walrus",
        r"^if\b|^elif\b|^match\b|\bif\b.*\belse\b|^return\b",
    ),
    (
        r"loops?|comprehensions?|generators?|iterat\w*|enumerate|zip|any|all|map|filter|sum|range",
        r"^for\b|^while\b|\.append\(|\.add\(|= \[\]$|= \{\}$|= set\(\)$|^yield\b|^if\b|\+= |^break$|^continue$|^return\b",
    ),
    (r"try|except\w*|exceptions?|catch\w*|suppress|rais\w*|throw\w*|errors?|swallow\w*", r"^raise\b|^except\b|^pass$|^try\b"),
    (r"returns?|returning|results?|tuples?|values?|outputs?", r"^return\b|^yield\b"),
    (r"yields?|generators?|lazy|lazily", r"^return\b|^yield\b|\.append\(|= \[\]$"),
    (r"assert\w*", r"^assert\b"),
    (r"print\w*|log\w*|warn\w*", r"\bprint\(|log|warn"),
    (r"pathlib|paths?", r"\bos\b|\bpath\b|\bopen\("),
    (r"f-?strings?|format\w*|%|interpolat\w*|concat\w*|strings?|messages?|texts?|quotes?", r"[\"']"),
    (r"imports?", r"^import\b|^from\b"),
    (r"with|context", r"^with\b|\bopen\(|\.close\("),
    (r"async\w*|await\w*", r"\bawait\b|^async\b|^with\b|^for\b"),
    (r"constants?|magic|numbers?|literals?|hard-?coded", r"\d"),
    (r"dict\w*", r"\bdict\(|\{"),
    (r"lists?", r"\blist\(|\["),
    (r"sets?", r"\bset\(|\bin\b|\["),
    (r"deque|queue", r"= \[|\.pop\(|\.append\("),
    (r"pass|dead|unused|unreachable|no-?op", r"^pass$"),
    (r"lambdas?", r"\blambda\b"),
    (r"globals?", r"^global\b"),
    (r"isinstance|types?|type", r"isinstance|type\("),
)
_KINDS = tuple((re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.IGNORECASE), re.compile(looks)) for words, looks in _LOOKS)


def speaks_of_code(asked: Asked, code: str) -> bool:
    names = {name.lower() for name in _WORD.findall(code)}
    for word in _WORD.findall(asked.instruction):
        low = word.lower()
        if low in _STOP:
            continue
        stem = low.removesuffix("s")
        if low in names or (len(stem) >= _SHORTEST_STEM and any(stem in name for name in names)):
            return True
    return any(words.search(asked.spoken) and looks.search(code) for words, looks in _KINDS)
