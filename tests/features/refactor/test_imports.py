"""Imports that an action adds: where they stand, and how they are written."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed_lsp.features.refactor.imports import add_imports, import_block
from seed_lsp.source.document import Document
from seed_lsp.source.patch import apply_edits

CASES = [
    # A line that imports other names of the module gets the new one, in its place.
    ("from typing import Any\n", {"typing": ["Callable"]}, "from typing import Any, Callable\n"),
    ("from typing import Any, cast\n", {"typing": ["Callable"]}, "from typing import Any, Callable, cast\n"),
    ("from typing import TypeVar  # kept\n", {"typing": ["Any"]}, "from typing import Any, TypeVar  # kept\n"),
    ("from typing import (Any, IO)\n", {"typing": ["TypeVar"]}, "from typing import (Any, IO, TypeVar)\n"),
    (
        "from typing import (\n    Any,\n    TypeVar,\n)\n",
        {"typing": ["Callable", "Union"]},
        "from typing import (\n    Any,\n    Callable,\n    TypeVar,\n    Union,\n)\n",
    ),
    ("from typing import (\n\tAny\n)\n", {"typing": ["Union"]}, "from typing import (\n\tAny,\n\tUnion\n)\n"),
    ("from typing import Any, \\\n    Union\n", {"typing": ["Never"]}, "from typing import Any, \\\n    Never,\n    Union\n"),
    ("from typing import Sequence as Seq\n", {"typing": ["Sequence"]}, "from typing import Sequence as Seq, Sequence\n"),
    # What is there already is left alone.
    ("from typing import Any\n", {"typing": ["Any"]}, "from typing import Any\n"),
    ("from typing import *\n", {"typing": ["Any"]}, "from typing import *\n"),
    ("import re\n", {"re": []}, "import re\n"),
    # A new line stands where sorted imports have it.
    (
        "import os\nfrom abc import ABC\nfrom typing import Any\n",
        {"collections.abc": ["Iterator"]},
        "import os\nfrom abc import ABC\nfrom collections.abc import Iterator\nfrom typing import Any\n",
    ),
    (
        "from abc import ABC\nimport os\nfrom typing import Any\n",
        {"collections.abc": ["Iterator"]},
        "from abc import ABC\nfrom collections.abc import Iterator\nimport os\nfrom typing import Any\n",
    ),
    ("from typing import Any\n", {"re": []}, "import re\nfrom typing import Any\n"),
    ("import numpy\n", {"typing": ["Any"]}, "from typing import Any\n\nimport numpy\n"),
    ("from .a import b\n\nx = 1\n", {"typing": ["Any"]}, "from typing import Any\n\nfrom .a import b\n\nx = 1\n"),
    (
        "from __future__ import annotations\n\nimport numpy\n",
        {"typing": ["Any"], "collections.abc": ["Iterator"]},
        "from __future__ import annotations\n\nfrom collections.abc import Iterator\nfrom typing import Any\n\nimport numpy\n",
    ),
    ("import os; import re\nx = 1\n", {"typing": ["Any"]}, "import os; import re\nfrom typing import Any\nx = 1\n"),
    ("import os", {"typing": ["Any"]}, "import os\nfrom typing import Any"),
    # What only checkers see is no import of the running program.
    (
        "import re\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from collections.abc import Iterator\n",
        {"collections.abc": ["Iterator"]},
        (
            "import re\nfrom collections.abc import Iterator\nfrom typing import TYPE_CHECKING\n\n"
            "if TYPE_CHECKING:\n    from collections.abc import Iterator\n"
        ),
    ),
    # Without imports it stands behind the docstring, or what is said at the head of the file.
    ('"""Doc."""\n\n\ndef f():\n    pass\n', {"typing": ["Any"]}, '"""Doc."""\n\nfrom typing import Any\n\n\ndef f():\n    pass\n'),
    ('"""Doc."""\nx = 1\n', {"typing": ["Any"]}, '"""Doc."""\n\nfrom typing import Any\n\nx = 1\n'),
    ("def f():\n    pass\n", {"typing": ["Any"]}, "from typing import Any\n\n\ndef f():\n    pass\n"),
    (
        "#!/usr/bin/python\n# Licence\n\nx = 1\n",
        {"typing": ["Any"]},
        "#!/usr/bin/python\n# Licence\n\nfrom typing import Any\n\nx = 1\n",
    ),
    ("# About x.\nx = 1\n", {"typing": ["Any"]}, "from typing import Any\n\n# About x.\nx = 1\n"),
    ("#!/usr/bin/python\n# About x.\nx = 1\n", {"typing": ["Any"]}, "#!/usr/bin/python\n\nfrom typing import Any\n\n# About x.\nx = 1\n"),
    ("", {"typing": ["Any"]}, "from typing import Any\n"),
    # Letters of more than one byte before it move nothing.
    ('"""Größe 😀"""\nimport os\n', {"typing": ["Any"]}, '"""Größe 😀"""\nimport os\nfrom typing import Any\n'),
]


def applied(text: str, names: dict[str, list[str]]) -> str:
    document = Document("u", text, 1, "python")
    edits = add_imports(document, names)
    block = import_block(document)
    assert all(block.start <= edit.start <= edit.end <= block.end for edit in edits)
    return apply_edits(text, edits)


@pytest.mark.parametrize(("text", "names", "wanted"), CASES)
def test_an_import_stands_where_a_person_would_write_it(text: str, names: dict[str, list[str]], wanted: str):
    """A new import joins its module's line, or stands in its section, and nothing else moves."""
    assert applied(text, names) == wanted


@pytest.mark.parametrize(("text", "names", "wanted"), CASES)
def test_windows_line_breaks_stay(text: str, names: dict[str, list[str]], wanted: str):
    """A file with CRLF has no line that ends otherwise afterwards."""
    if "\n" in text:
        assert applied(text.replace("\n", "\r\n"), names) == wanted.replace("\n", "\r\n")


LINES = [
    "import os",
    "import numpy as np",
    "from typing import Any",
    "from typing import (\n    IO,\n    Union,\n)",
    "from . import one",
    "try:\n    import json\nexcept ImportError:\n    json = None",
    "",
    "# A comment.",
]
NAMES = st.dictionaries(
    st.sampled_from(["typing", "collections.abc", "re", "numpy.typing", ".two"]),
    st.lists(st.sampled_from(["Any", "Iterator", "IO", "cast"]), min_size=1),
)


@given(
    st.sampled_from(["", '"""Doc."""\n', "# Licence\n\n"]),
    st.lists(st.sampled_from(LINES), max_size=6),
    st.sampled_from(["", "x = 1\n"]),
    NAMES,
)
def test_any_head_of_a_file_gets_its_imports(start: str, lines: list[str], end: str, names: dict[str, list[str]]):
    """Whatever a file begins with, it has the names afterwards, lost nothing, and asking again adds
    nothing.
    """
    text = start + "".join(f"{line}\n" for line in lines) + end
    new = applied(text, names)
    statements = ast.parse(new).body
    got = {(one.module, alias.name) for one in statements if isinstance(one, ast.ImportFrom) and not one.level for alias in one.names}
    assert {(module, name) for module, some in names.items() for name in some if not module.startswith(".")} <= got
    rest = iter(new)
    assert all(char in rest for char in text), "only insertions"
    assert ast.get_docstring(ast.parse(new)) == ast.get_docstring(ast.parse(text))
    assert applied(new, names) == new
