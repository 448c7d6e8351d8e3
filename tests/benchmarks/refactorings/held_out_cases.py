"""Right and wrong results of the instructions that are held out, for `test_held_out`.

The words in capitals stand for names that are chosen for each function.
"""

from __future__ import annotations

CALL = '''def call(host, port=80, *, check=True):
    """Call a host."""
    # At once.
    for one in host:
        if one.name == port and check:
            return one
    return port
'''
CHECK = """def check(items, name):
    # Of the name.
    if not items:
        raise KeyError(name)
    else:
        size = 37
    kind = "a" if items[0] == name else size
    try:
        return kind.of(name)
    except (OSError, KeyError) as error:
        print(error)
        raise KeyError
"""


def put(function: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in function
        function = function.replace(old, new)
    return function


def lines(function: str, first: str, *new: str) -> str:
    """The function with other lines in place of the one that begins so."""
    texts = function.split("\n")
    at = next(i for i, text in enumerate(texts) if text.startswith(first))
    return "\n".join([*texts[:at], *new, *texts[at + 1 :]])


LOOP = "    for one in host:"
NESTED = "        if one.name == port and check:"
IF_ELSE = "    if not items:\n        raise KeyError(name)\n    else:\n        size = 37\n"
TERNARY = '    kind = "a" if items[0] == name else size'
RIGHT = [
    (
        "keyword-only",
        CALL,
        [put(CALL, ("port=80, *, check=True", f"*, {both}")) for both in ("port=80, check=True", "check=True, port=80")],
    ),
    ("default", CALL, [put(CALL, ("port=80", "port=85"))]),
    (
        "optional-parameter",
        CALL,
        [
            put(CALL, ("check=True)", "check=True, NEW_PARAMETER: NEW_TYPE | None = None)")),
            put(
                CALL,
                ("port=80, *,", "port=80, NEW_PARAMETER: 'Optional[NEW_TYPE]' = None, *,"),
                ("a host.", "a host.\n\n    NEW_PARAMETER: not used.\n    "),
            ),
        ],
    ),
    ("rename-parameter", CALL, [put(CALL, ("host", "NEW_NAME")), put(CALL, ("(host", "(NEW_NAME"), ("in host", "in NEW_NAME"))]),
    (
        "swap-branches",
        CHECK,
        [
            put(CHECK, (IF_ELSE, "    if items:\n        size = 37\n    else:\n        raise KeyError(name)\n")),
            put(CHECK, (IF_ELSE, "    if not (not items):\n        size = 37\n    else:\n        raise KeyError(name)\n")),
        ],
    ),
    (
        "name-condition",
        CALL,
        [
            lines(CALL, NESTED, "        CONDITION = one.name == port and check", "        if CONDITION:"),
            lines(CALL, NESTED, "        CONDITION: bool = bool(one.name == port and check)", "        if CONDITION:"),
        ],
    ),
    (
        "name-condition",
        CHECK,
        [
            lines(CHECK, "    if not", "    CONDITION = not items", "    if CONDITION:"),
            lines(CHECK, "    if not", "    CONDITION = items", "    if not CONDITION:"),
        ],
    ),
    (
        "continue",
        CALL,
        [
            put(
                CALL,
                (f"{NESTED}\n            return", "        if not (one.name == port and check):\n            continue\n        return"),
            ),
            put(
                CALL,
                (
                    f"{NESTED}\n            return",
                    "        if one.name != port or not check:\n            # Not it.\n            continue\n        return",
                ),
            ),
            put(
                CALL,
                (
                    f"{NESTED}\n            return",
                    "        if one.name != port:\n            continue\n        if not check:\n            continue\n        return",
                ),
            ),
        ],
    ),
    (
        "if-statement",
        CHECK,
        [
            lines(CHECK, TERNARY, "    if items[0] == name:", "        kind = 'a'", "    else:", "        kind = size"),
            lines(CHECK, TERNARY, "    if items[0] != name:", "        kind = size", "    else:", "        kind = 'a'"),
            lines(CHECK, TERNARY, "    kind = size", "    if items[0] == name:", "        kind = 'a'"),
        ],
    ),
    (
        "if-statement",
        "def pick(a, b):\n    c = a\n    return b if c else a\n",
        [
            "def pick(a, b):\n    c = a\n    if c:\n        return b\n    return a\n",
            "def pick(a, b):\n    c = a\n    if not c:\n        return a\n    else:\n        return b\n",
        ],
    ),
    ("delete-comments", CALL, [put(CALL, ("    # At once.\n", ""))]),
    (
        "name-number",
        CHECK,
        [
            put(CHECK, ("    # Of", "    NUMBER = 37\n    # Of"), ("size = 37", "size = NUMBER")),
            put(CHECK, ("        size = 37", "        NUMBER: int = 37\n        size = NUMBER")),
        ],
    ),
    ("other-error", CHECK, [put(CHECK, ("raise KeyError", "raise NEW_ERROR"))]),
    (
        "also-catch",
        CHECK,
        [
            put(CHECK, ("(OSError, KeyError)", "(ALSO, OSError, KeyError)")),
            put(
                CHECK,
                (
                    "        raise KeyError\n",
                    "        raise KeyError\n    except ALSO as error:\n        print(error)\n        raise KeyError\n",
                ),
            ),
        ],
    ),
]
WRONG = [
    (
        "keyword-only",
        CALL,
        [put(CALL, ("port=80, *, check=True", "*, port=81, check=True")), put(CALL, ("host, port=80, *", "*, host, port=80"))],
    ),
    ("default", CALL, [put(CALL, ("port=80", "port=90")), put(CALL, ("port=80", "port=85"), ("check=True", "check=False"))]),
    (
        "optional-parameter",
        CALL,
        [
            put(CALL, ("check=True)", "check=True, NEW_PARAMETER: NEW_TYPE = None)")),
            put(CALL, ("check=True)", "check=True, NEW_PARAMETER=None)")),
            put(CALL, ("port=80", "NEW_PARAMETER: NEW_TYPE | None = None, port=80")),
            put(CALL, ("check=True)", "check=True, NEW_PARAMETER: NEW_TYPE | None = None)"), ("return port", "return NEW_PARAMETER")),
        ],
    ),
    (
        "rename-parameter",
        CALL,
        [put(CALL, ("(host", "(NEW_NAME")), put(CALL, ("host", "server")), put(CALL, ("host", "NEW_NAME"), ("port", "ports"))],
    ),
    (
        "swap-branches",
        CHECK,
        [
            put(CHECK, ("if not items", "if items")),
            put(CHECK, (IF_ELSE, "    if not items:\n        size = 37\n    else:\n        raise KeyError(name)\n")),
            put(CHECK, (IF_ELSE, "    if items:\n        size = 37\n")),
        ],
    ),
    (
        "name-condition",
        CALL,
        [
            lines(CALL, NESTED, "        CONDITION = one.name == port", "        if CONDITION:"),
            lines(CALL, NESTED, "        other = one.name == port and check", "        if other:"),
            lines(CALL, LOOP, "    CONDITION = one.name == port and check", LOOP).replace("if one.name == port and check", "if CONDITION"),
        ],
    ),
    (
        "continue",
        CALL,
        [
            put(
                CALL, (f"{NESTED}\n            return", "        if one.name != port and not check:\n            continue\n        return")
            ),
            put(CALL, (f"{NESTED}\n            return", "        if one.name == port and check:\n            continue\n        return")),
            put(CALL, (f"{NESTED}\n            return", "        if not (one.name == port and check):\n            break\n        return")),
        ],
    ),
    (
        "if-statement",
        CHECK,
        [
            lines(CHECK, TERNARY, "    if items[0] == name:", "        kind = size", "    else:", "        kind = 'a'"),
            lines(CHECK, TERNARY, "    if items[0] == name:", "        kind = 'a'"),
            lines(CHECK, TERNARY, "    if items[0] == name:", "        kind = 'a'", "    kind = size"),
            lines(CHECK, TERNARY, "    kind = (items[0] == name and 'a') or size"),
        ],
    ),
    (
        "delete-comments",
        CALL,
        [put(CALL, ("    # At once.\n", ""), ('    """Call a host."""\n', "")), put(CALL, ("# At once.", "# Once."))],
    ),
    (
        "name-number",
        CHECK,
        [
            put(CHECK, ("size = 37", "size = NUMBER")),
            put(CHECK, ("    # Of", "    NUMBER = 37\n    # Of")),
            put(CHECK, ("    # Of", "    NUMBER = 38\n    # Of"), ("size = 37", "size = NUMBER")),
            put(CHECK, ("    # Of", "    limit = 37\n    # Of"), ("size = 37", "size = limit")),
        ],
    ),
    (
        "other-error",
        CHECK,
        [
            put(CHECK, ("raise KeyError(name)", "raise NEW_ERROR(name)")),
            put(CHECK, ("KeyError", "NEW_ERROR")),
            put(CHECK, ("raise KeyError", "raise OSError")),
        ],
    ),
    (
        "also-catch",
        CHECK,
        [
            put(CHECK, ("(OSError, KeyError)", "ALSO")),
            put(CHECK, ("(OSError, KeyError)", "(ALSO, OSError)")),
            put(CHECK, ("(OSError, KeyError)", "(ALSO, OSError, KeyError)"), ("print(error)", "pass")),
            put(CHECK, ("        raise KeyError\n", "        raise KeyError\n    except ALSO as error:\n        raise KeyError\n")),
        ],
    ),
]
