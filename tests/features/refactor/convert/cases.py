"""Conversions: the action, the code before, and the code after or words of the refusal."""

from __future__ import annotations

TO_COMPREHENSION, TO_LOOP = "loop-to-comprehension", "comprehension-to-loop"
F_STRING, TO_MATCH, TO_DICT = "f-string", "if-to-match", "if-to-dict"

MODERN = "# modern\n"
"""Stands at the head of a case whose project has `requires-python = ">=3.10"`."""


def body(*lines: str) -> str:
    return "def f(items, other=()):\n" + "".join(f"    {line}\n" for line in lines)


LOOPS: list[tuple[str, str]] = [
    (
        body("out = []", "for x in items:", "    out.append(x + 1)", "return out"),
        body("out = [x + 1 for x in items]", "return out"),
    ),
    (
        body("out = list()", "for x in items:", "    if x:", "        out.append(x)", "return out"),
        body("out = [x for x in items if x]", "return out"),
    ),
    (
        body("out: list[int] = []", "for x, y in items:", "    out.append(x * y)", "return out"),
        body("out: list[int] = [x * y for x, y in items]", "return out"),
    ),
    (
        body("out = set()", "for x in items:", "    out.add(x)", "return out"),
        body("out = {x for x in items}", "return out"),
    ),
    (
        body("out = {}", "for x in items:", "    out[x] = len(x)", "return out"),
        body("out = {x: len(x) for x in items}", "return out"),
    ),
    (
        body("out = []", "for x in items:", "    for y in x:", "        if y:", "            out.append(y)", "return out"),
        body("out = [y for x in items for y in x if y]", "return out"),
    ),
    (
        body("out = []", "for x in items:", "    if x in other:", "        continue", "    out.append(x)", "return out"),
        body("out = [x for x in items if x not in other]", "return out"),
    ),
    (
        body("out = []", "for x in items:", "    if not x.ok:", "        continue", "    out.append(x)", "return out"),
        body("out = [x for x in items if x.ok]", "return out"),
    ),
    (
        body("out = []", "for x in items:", "    if x == 1:", "        continue", "    out.append(x)", "return out"),
        body("out = [x for x in items if not (x == 1)]", "return out"),
    ),
    (
        body("out = []", "for x in items:", "    if x:", "        out.append(1)", "    else:", "        out.append(2)", "return out"),
        body("out = [1 if x else 2 for x in items]", "return out"),
    ),
    (
        body("out = []", "for x in 1, 2:", "    out.append(x)", "return out"),
        body("out = [x for x in (1, 2)]", "return out"),
    ),
    (
        body("out = []", "for x in items if items else other:", "    out.append(x)", "return out"),
        body("out = [x for x in (items if items else other)]", "return out"),
    ),
    (
        body(
            "out = []",
            "for element in items:",
            "    if element.is_something_long:",
            "        out.append(element.some_method_with_a_name(other))",
        ),
        body("out = [", "    element.some_method_with_a_name(other)", "    for element in items", "    if element.is_something_long", "]"),
    ),
    (
        body("for x in other:", "    print(x)", "out = []", "for x in items:", "    out.append(x)", "return out"),
        body("for x in other:", "    print(x)", "out = [x for x in items]", "return out"),
    ),
    (
        body("with open('f') as lines:", "    out = []", "    for x in lines:", "        out.append(x)", "return out"),
        body("with open('f') as lines:", "    out = [x for x in lines]", "return out"),
    ),
    (
        body(
            "try:",
            "    out = []",
            "    for x in items:",
            "        out.append(int(x))",
            "except ValueError:",
            "    return None",
            "return out",
        ),
        body("try:", "    out = [int(x) for x in items]", "except ValueError:", "    return None", "return out"),
    ),
    (
        body("out = []", "for x in items:", "    out.append(sum(y for y in x))", "return out"),
        body("out = [sum(y for y in x) for x in items]", "return out"),
    ),
    (
        body("out = []", "for x in dir(items):", "    out.append(vars(x))", "return out"),
        body("out = [vars(x) for x in dir(items)]", "return out"),
    ),
    (
        body("out = []", "for dir in items:", "    out.append(dir)", "vars = other", "return out, vars"),
        body("out = [dir for dir in items]", "vars = other", "return out, vars"),
    ),
    (
        body("try:", "    pass", "finally:", "    out = []", "    for x in items:", "        out.append(x)", "    print(out)"),
        body("try:", "    pass", "finally:", "    out = [x for x in items]", "    print(out)"),
    ),
    ("out = []\nfor x in range(3):\n    out.append(x)\n", "out = [x for x in range(3)]\n"),
    ("é = []\nfor ü in '😀':\n    é.append(ü)\n", "é = [ü for ü in '😀']\n"),
    ("out = []\r\nfor x in range(3):\r\n    out.append(x)\r\n", "out = [x for x in range(3)]\r\n"),
]

NO_COMPREHENSION: list[tuple[str, str]] = [
    (body("out = []", "for x in items:", "    out.append(x)", "return out, x"), "`x` is used outside"),
    (body("out = []", "for x in items:", "    out.append(x)", "return lambda: x"), "`x` is used outside"),
    (body("out = []", "for x in items:", "    out.append(x)", "x += 1"), "`x` is used outside"),
    (body("out = []", "for x in items:", "    out.append(x)", "del x"), "`x` is used outside"),
    (body("for x in other:", "    out = []", "    for x in items:", "        out.append(x)", "    print(x)"), "`x` is used outside"),
    (body("global x", "out = []", "for x in items:", "    out.append(x)"), "`x` is used outside"),
    (body("out = []", "for x in items:", "    out.append(len(out))"), "`out` is read while"),
    (body("out = []", "for x in items:", "    if x not in out:", "        out.append(x)"), "`out` is read while"),
    (body("out = []", "for x in out:", "    out.append(x)"), "`out` is read while"),
    (body("out = []", "for out in items:", "    out.append(1)"), "`out` is read while"),
    (body("out = [1]", "for x in items:", "    out.append(x)"), "not made, and empty"),
    (body("out = []", "print()", "for x in items:", "    out.append(x)"), "not made, and empty"),
    (body("a = out = []", "for x in items:", "    out.append(x)"), "not made, and empty"),
    (body("out = set()", "for x in items:", "    out.append(x)"), "not made, and empty"),
    (body("out = []", "for x in items:", "    # all of them", "    out.append(x)"), "comments"),
    (body("out = []  # nothing yet", "for x in items:", "    out.append(x)"), "comments"),
    (body("out = []", "for x in items:", "    out.append((yield x))"), "waits or yields"),
    (body("out = []", "for x in items:", "    out.append(y := x)"), "assignment expression"),
    (body("out = []", "for x in items:", "    out.append(lambda: x)"), "lambda"),
    (body("out = []", "for x in items:", "    out.append(y + x for y in other)"), "generator keeps"),
    ("async " + body("out = []", "for x in items:", "    out.append(await x)"), "waits or yields"),
    (body("out = []", "for items[0] in other:", "    out.append(1)"), "no plain name"),
    (body("out = []", "for x in items:", "    out.append(locals())"), "`locals` means"),
    (body("out = []", "for x in items:", "    out.append(x)", "return locals()"), "looks at its own names"),
    (body("out = []", "for x in items:", "    out.append(x)", "return vars()"), "looks at its own names"),
    (body("out = []", "for x in items:", "    out.append(x)", "return dir(*items)"), "looks at its own names"),
    (body("vars = vars()", "out = []", "for x in items:", "    out.append(x)"), "looks at its own names"),
    (body("out = []", "for x in dir():", "    out.append(x)"), "`dir` means"),
    (
        body("nonlocal out", "out = []", "for x in items:", "    out.append(x)").replace("def f", "def g():\n  out = 0\n  def f"),
        "global or nonlocal",
    ),
    (body("def g():", "    return out", "out = []", "for x in items:", "    out.append(x)"), "half made"),
    (body("try:", "    out = []", "    for x in items:", "        out.append(x)", "except E:", "    pass", "return out"), "may be caught"),
    (body("try:", "    out = []", "    for x in items:", "        out.append(x)", "finally:", "    print(out)"), "may be caught"),
    (body("with suppress(E):", "    out = []", "    for x in items:", "        out.append(x)", "return out"), "may be caught"),
    (body("out = {}", "for x in items:", "    out[x.a] = x.b"), "the key before the value"),
    (body("out = []", "for x in items:", "    for y in z:", "        for z in x:", "            out.append(y)"), "`z` is read before"),
    ("class C:\n    out = []\n    for x in range(3):\n        out.append(x)\n", "body of a class"),
    ("out = []\nfor x in range(3): out.append(x); print(x)\n", "can be converted"),
    (body("for x in items:", "    self.out.append(x)"), "can be converted"),
    (body("out = []", "for x in items:", "    out.append(x)", "else:", "    print()"), "can be converted"),
    (body("out = []", "for x in items:", "    out.append(x)", "    break"), "can be converted"),
    (body("out = []", "for x in items:", "    out.append(*x)"), "can be converted"),
    (body("out = []", "async for x in items:", "    out.append(x)").replace("def f", "async def f"), "can be converted"),
    ("out = []\nfor x in range(3):\n    out.append(g(x))\ndef g(y):\n    return len(out)\n", "half made"),
    ("out = []\nfor x in range(3):\n    out.append(x)\ndef g():\n    return x\n", "`x` is used outside"),
]

COMPREHENSIONS: list[tuple[str, str]] = [
    (
        body("out = [x + 1 for x in items]", "return out"),
        body("out = []", "for x in items:", "    out.append(x + 1)", "return out"),
    ),
    (
        body("out = {x for x in items if x if x > 1}", "return out"),
        body("out = set()", "for x in items:", "    if x:", "        if x > 1:", "            out.add(x)", "return out"),
    ),
    (
        body("out: dict[str, int] = {x: len(x) for x in items}", "return out"),
        body("out: dict[str, int] = {}", "for x in items:", "    out[x] = len(x)", "return out"),
    ),
    (
        body("return [y for x in items for y in x]"),
        body("result = []", "for x in items:", "    for y in x:", "        result.append(y)", "return result"),
    ),
    (
        body("out = [", "    (x, y)", "    for x, y in zip(", "        items, other", "    )", "]"),
        body("out = []", "for x, y in zip(", "        items, other", "    ):", "    out.append((x, y))"),
    ),
    ("def f(items):\n\tout = [x for x in items]\n", "def f(items):\n\tout = []\n\tfor x in items:\n\t\tout.append(x)\n"),
    ("out = [x for x in range(3)]\n", "out = []\nfor x in range(3):\n    out.append(x)\n"),
]

NO_LOOP: list[tuple[str, str]] = [
    (body("x = 1", "out = [x for x in items]"), "`x` is used outside"),
    (body("return [items for items in items]"), "read before"),
    (body("out = [id for id in items]", "print(id(out))"), "`id` is used outside"),
    (body("items = [x for x in items]"), "`items` is read while"),
    (body("result = 1", "return [x for x in items]"), "`result` is taken"),
    (body("out = [", "    x  # each", "    for x in items", "]"), "comments"),
    (body("out = [lambda: x for x in items]"), "lambda"),
    (body("out = {x.a: x.b for x in items}"), "the key before the value"),
    (body("out = [x for x in items]; print()"), "other code"),
    (body("items.a = [x for x in items]"), "one plain name"),
    (body("a = b = [x for x in items]"), "one plain name"),
    ("class C:\n    out = [x for x in range(3)]\n", "body of a class"),
    ("async " + body("out = [x async for x in items]"), "waits or yields"),
    (body("out = [y for x in items if (y := x)]"), "assignment expression"),
    (body("print([x for x in items])"), "can be converted"),
]

FORMATS: list[tuple[str, str]] = [
    ('print("%s and %r" % (a, b))\n', 'print(f"{a!s} and {b!r}")\n'),
    ('print("%s" % (a,))\n', 'print(f"{a!s}")\n'),
    ('print("%s" % len(a))\n', 'print(f"{len(a)}")\n'),
    ('print("%d of %5d" % (len(a), len(b)))\n', 'print(f"{len(a)} of {len(b):5d}")\n'),
    ('print("%-5d|%05d|%+d|%x" % (1, 2, 3, 4))\n', 'print(f"{1:<5d}|{2:05d}|{3:+d}|{4:x}")\n'),
    ('print("%.2f %g" % (1.5, 2))\n', 'print(f"{1.5:.2f} {2:g}")\n'),
    ('print("%5s|%-5s|%.2s" % (a, b, c))\n', 'print(f"{a!s:>5}|{b!s:<5}|{c!s:.2}")\n'),
    ('print("100%% {%s}" % (a,))\n', 'print(f"100% {{{a!s}}}")\n'),
    ('print("%(a)s %(b)s" % {"b": b, "a": a})\n', 'print(f"{a!s} {b!s}")\n'),
    ('print("%s" % (a["k"],))\n', "print(f\"{a['k']!s}\")\n"),
    ("print('%s' % (a['k'],))\n", "print(f'{a[\"k\"]!s}')\n"),
    ('print("%s"\n      "%%" % (a,))\n', 'print(f"{a!s}"\n      "%")\n'),
    ('x = ("a %s "\n     "{b}" % (a,))\n', 'x = (f"a {a!s} "\n     "{b}")\n'),
    ('print("\\N{EM DASH}%s\\n" % (a,))\n', 'print(f"\\N{EM DASH}{a!s}\\n")\n'),
    ('print(r"\\d%s" % (a,))\n', 'print(rf"\\d{a!s}")\n'),
    ("x = '%s %s' % (type(a).__name__, self.__class__.__name__)\n", "x = f'{type(a).__name__} {self.__class__.__name__}'\n"),
    ("def f(a: str):\n    return '%s' % a\n", "def f(a: str):\n    return f'{a!s}'\n"),
    ("def f(a: int):\n    return '%d' % a\n", "def f(a: int):\n    return f'{a:d}'\n"),
    ("def f(b):\n    a = b.x + 'a'\n    return '%s' % (a,)\n", "def f(b):\n    a = b.x + 'a'\n    return f'{a!s}'\n"),
    ("def f(b):\n    a = 'x' + 'a'\n    return '%s' % a\n", "def f(b):\n    a = 'x' + 'a'\n    return f'{a}'\n"),
    ("try:\n    g()\nexcept E as e:\n    print('%s' % (e,))\n", "try:\n    g()\nexcept E as e:\n    print(f'{e!s}')\n"),
    ("def f():\n    for i in range(3):\n        print('%d' % i)\n", "def f():\n    for i in range(3):\n        print(f'{i}')\n"),
    ('print("{} {}".format(a, b))\n', 'print(f"{a} {b}")\n'),
    ('print("{0} {0} {x}".format(a, x=b))\n', 'print(f"{a} {a} {b}")\n'),
    ('print("{:>{}} {!r}".format(a, b, c))\n', 'print(f"{a:>{b}} {c!r}")\n'),
    ('print("{0.x[1]} {0[k]}".format(a))\n', "print(f\"{a.x[1]} {a['k']}\")\n"),
    ('print("{{}} {}".format(a))\n', 'print(f"{{}} {a}")\n'),
    ('print("{}".format({1: 2}))\n', 'print(f"{ {1: 2}}")\n'),
    ('print("{}".format(a if b else c))\n', 'print(f"{a if b else c}")\n'),
    ('x = ("{}"\n     "{{}}".format(a))\n', 'x = (f"{a}"\n     "{}")\n'),
    ("x = '😀{}'.format(a)\n", "x = f'😀{a}'\n"),
    ("print('%s' % ('%s' % (a,),))\n", "print(f'{\"%s\" % (a,)}')\n"),
]

NO_FORMAT: list[tuple[str, str]] = [
    ('print("%s" % a)\n', "may be one"),
    ("def f(*a: str):\n    return '%s' % a\n", "may be one"),
    ("def f(a: str):\n    a = g()\n    return '%s' % a\n", "may be one"),
    ('print("%d" % (a,))\n', "whole numbers"),
    ('print("%.2f" % (a,))\n', "numbers alone"),
    ('print("%*d" % (1, 2))\n', "fields for 2 values"),
    ('print("%(a)s" % a)\n', "mapping"),
    ('print("%s %s" % (a,))\n', "2 fields for 1"),
    ('print("%s" % (*a,))\n', "how many"),
    ('print("%c" % (1,))\n', "no other form"),
    ('print("%s" % (a,  # it\n))\n', "comments"),
    ('print("%s" % (a["\\n"],))\n', "backslash"),
    ('print("{1} {0}".format(f(), g()))\n', "another order"),
    ('print("{0} {0}".format(f()))\n', "used twice"),
    ('print("{} {}".format(a, a.pop()))\n', "`a` before it is shown"),
    ('print("{}".format(*a))\n', "how many"),
    ('print("{}".format(a, b))\n', "not used"),
    ('print("{} {}".format(a))\n', "no value"),
    ('print("{".format(a))\n', "not complete"),
    ('print("{} {1}".format(a, b))\n', "numbered"),
    ('print("{:>4} {}".format(a, b()))\n', "may not fit"),
    ('print("{}".format(lambda: 1))\n', "lambda"),
    ('print("x" % ())\n', "no fields"),
    ("print(b'%s' % (a,))\n", "can be converted"),
    ("print(a % b)\n", "can be converted"),
    ("print(a.format(b))\n", "can be converted"),
]

CHAIN = body("if items == 1:", "    return 'a'", "elif items == 2:", "    return 'b'", "else:", "    return 'c'")

MATCHES: list[tuple[str, str]] = [
    (
        MODERN + CHAIN,
        MODERN
        + body(
            "match items:", "    case 1:", "        return 'a'", "    case 2:", "        return 'b'", "    case _:", "        return 'c'"
        ),
    ),
    (
        MODERN
        + body(
            "if x.kind == 'a' or x.kind == 'b':  # one", "    y = 1", "", "# two", "elif x.kind in ('c', 'd'):", "    y = 2", "    z = 3"
        ),
        MODERN
        + body(
            "match x.kind:",
            "    case 'a' | 'b':  # one",
            "        y = 1",
            "",
            "    # two",
            "    case 'c' | 'd':",
            "        y = 2",
            "        z = 3",
        ).replace("    \n", "    \n"),
    ),
    (
        MODERN + "if x is None: y = 1\nelif x == Color.RED: y = 2\nelif x == -1: y = 3\n",
        MODERN + "match x:\n    case None: y = 1\n    case Color.RED: y = 2\n    case -1: y = 3\n",
    ),
    (
        MODERN + "if (x == 1):\n    y = '''a\n  b\n'''\nelif x == 2:\n    y = f'''{x}\n  b'''\n",
        MODERN + "match x:\n    case 1:\n        y = '''a\n  b\n'''\n    case 2:\n        y = f'''{x}\n  b'''\n",
    ),
]

NO_MATCH: list[tuple[str, str]] = [
    (CHAIN, "Python 3.10"),
    (MODERN + CHAIN.replace("elif items", "elif other"), "different things"),
    (MODERN + CHAIN.replace("items == 2", "items > 2"), "literal"),
    (MODERN + CHAIN.replace("items == 2", "items == other"), "literal"),
    (MODERN + CHAIN.replace("items == ", "items() == "), "evaluated once"),
    (MODERN + CHAIN.replace("items == 2", "items == True"), "literal"),
    (MODERN + CHAIN.replace("items == 2", "(items ==\n      2)"), "several lines"),
    (MODERN + body("if items == 1:", "    pass", "else:", "    pass"), "can be converted"),
]

TYPED = CHAIN.replace("items,", "items: int,")

LOOK_UPS: list[tuple[str, str]] = [
    (TYPED, body("return {1: 'a', 2: 'b'}.get(items, 'c')").replace("items, other", "items: int, other")),
    (
        "def f(a: str):\n    if a == 'x':\n        return 1\n    elif a in ('y', 'z'):\n        return 2\n    return 0\n",
        "def f(a: str):\n    return {'x': 1, 'y': 2, 'z': 2}.get(a, 0)\n",
    ),
    (
        "def f(a: str):\n    if a == 'x':\n        b = 1\n    elif a == 'y':\n        b = 2\n    else:\n        b = None\n    return b\n",
        "def f(a: str):\n    b = {'x': 1, 'y': 2}.get(a, None)\n    return b\n",
    ),
]

NO_LOOK_UP: list[tuple[str, str]] = [
    (CHAIN, "may be no key"),
    (TYPED.replace("== 2", "== 1"), "twice"),
    (TYPED.replace("== 2", "is None"), "no literal"),
    (TYPED.replace("'b'", "g()"), "one literal"),
    (TYPED.replace("return 'b'", "x = 'b'"), "different things"),
    (TYPED.replace("    else:\n        return 'c'\n", ""), "nothing is equal"),
    (TYPED.replace("'b'", "'b'  # second"), "comments"),
]

DONE = [
    *((TO_COMPREHENSION, *case) for case in LOOPS),
    *((TO_LOOP, *case) for case in COMPREHENSIONS),
    *((F_STRING, *case) for case in FORMATS),
    *((TO_MATCH, *case) for case in MATCHES),
    *((TO_DICT, *case) for case in LOOK_UPS),
]
REFUSED = [
    *((TO_COMPREHENSION, *case) for case in NO_COMPREHENSION),
    *((TO_LOOP, *case) for case in NO_LOOP),
    *((F_STRING, *case) for case in NO_FORMAT),
    *((TO_MATCH, *case) for case in NO_MATCH),
    *((TO_DICT, *case) for case in NO_LOOK_UP),
]
