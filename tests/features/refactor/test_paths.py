"""Whether two programs do the same under the same conditions; no engine here."""

from __future__ import annotations

import ast

import pytest

from seed_lsp.features.refactor.paths import same_paths

NESTED = """
def f(a, b):
    if a:
        if b is not None:
            one()
        else:
            two()
            return 2
    else:
        return 3
    return 4
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NESTED, "def f(a, b):\n  if not a:\n    return 3\n  if b is None:\n    two()\n    return 2\n  one()\n  return 4\n"),
        ("def f(a):\n  return 1 if a else 2\n", "def f(a):\n  if not a:\n    return 2\n  return 1\n"),
        ("def f(a):\n  if a:\n    b = 1\n  else:\n    b = 2\n  return b\n", "def f(a):\n  b = 1 if a else 2\n  return b\n"),
        ("def f(a):\n  if a and b():\n    c()\n", "def f(a):\n  if a:\n    if b():\n      c()\n"),
        ("def f(a):\n  if a or b():\n    c()\n", "def f(a):\n  if not a and not b():\n    return\n  c()\n"),
        ("def f(a):\n  if a >= 1:\n    b()\n", "def f(a):\n  if a < 1:\n    return None\n  b()\n"),
        ("def f(a):\n  for b in a:\n    if b:\n      c(b)\n", "def f(a):\n  for b in a:\n    if not b:\n      continue\n    c(b)\n"),
        ("def f(a):\n  'It.'\n  pass\n  b()\n", "def f(a):\n  b()\n  return\n"),
        (
            "def f(a):\n  with a as b:\n    try:\n      c()\n    except OSError:\n      return 1\n",
            "def f(a):\n  with a as b:\n    try:\n      c()\n    except OSError:\n      return 1\n  return None\n",
        ),
    ],
)
def test_another_form_of_the_same(old: str, new: str):
    """A right answer in another form is not refused."""
    assert same_paths(ast.parse(old), ast.parse(new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (NESTED, NESTED.replace("            one()\n", "            one()\n            return\n")),
        (NESTED, NESTED.replace("if a:", "if not a:")),
        (NESTED, NESTED.replace("is not None", "is None")),
        ("def f(a):\n  if a:\n    b()\n  c()\n", "def f(a):\n  if a:\n    b()\n    return\n  c()\n"),
        ("def f(a):\n  if a:\n    b()\n  c()\n", "def f(a):\n  if a:\n    b()\n  else:\n    c()\n"),
        ("def f(a):\n  for b in a:\n    c(b)\n", "def f(a):\n  for b in a:\n    c(b)\n    break\n"),
        ("def f(a):\n  while a > 1:\n    a = g(a)\n", "def f(a):\n  while a >= 1:\n    a = g(a)\n"),
        ("def f(a):\n  with a:\n    b()\n", "def f(a):\n  b()\n"),
        ("def f(a):\n  try:\n    b()\n  except OSError:\n    c()\n", "def f(a):\n  try:\n    b()\n  except Exception:\n    c()\n"),
        ("def f(a):\n  return a + 1\n", "def f(a):\n  return 1 + a\n"),
        ("@one\ndef f(a):\n  return a\n", "def f(a):\n  return a\n"),
    ],
)
def test_what_does_something_else(old: str, new: str):
    """A wrong answer is never taken for another form of the same."""
    assert not same_paths(ast.parse(old), ast.parse(new))


def test_a_tree_that_would_be_too_large_is_not_made():
    """Many branches in a row cost no minutes."""
    code = "def f(a):\n" + "".join(f"  if a == {i}:\n    b({i})\n" for i in range(40))
    assert same_paths(ast.parse(code), ast.parse(code)) is None
