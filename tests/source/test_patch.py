"""Patches: applied, they give the new text; git takes the diff; nothing else changes."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
from pathlib import Path

import pytest

from seed_lsp.source.patch import Edit, apply_edits, minimal_edits, unified_diff, with_line_breaks

PIECES = ["a", "b", " ", "\n", "\r\n", "x = 1\n", "def f():\n    pass\n", "\x0c", "é", "😀", "\u2028", "\t"]


def mutate(text: str, rng: random.Random) -> str:
    for _ in range(rng.randint(1, 4)):
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice([*PIECES, ""]) + text[at + rng.randint(0, 5) :]
    return text


@pytest.mark.parametrize("seed", range(20))
def test_applied_edits_give_the_new_text(seed):
    """For thousands of random changes apply(edits(a, b), a) = b, with edits in order and apart."""
    rng = random.Random(seed)
    for _ in range(100):
        old = "".join(rng.choice(PIECES) for _ in range(rng.randint(0, 40)))
        new = mutate(old, rng)
        edits = minimal_edits(old, new, offset=7)
        assert apply_edits(old, edits, offset=7) == new
        for left, right in itertools.pairwise(edits):
            assert left.end <= right.start


def test_a_changed_name_is_a_small_edit():
    """Marks and folds outside a change survive, since the edit touches only the word."""
    old = "def f(x):\n    return total + x * 2\n"
    assert minimal_edits(old, old.replace("total", "result")) == [Edit(21, 26, "result")]


def test_equal_texts_need_no_edit():
    """A result that equals the text leaves the document untouched."""
    assert minimal_edits("a\n", "a\n") == []
    assert unified_diff("a\n", "a\n", "f") == ""


def test_edits_that_overlap_are_refused():
    """Overlapping edits, or edits outside the text, never garble it."""
    with pytest.raises(ValueError, match="overlaps"):
        apply_edits("abcdef", [Edit(0, 3, "x"), Edit(2, 4, "y")])
    with pytest.raises(ValueError, match="outside"):
        apply_edits("abc", [Edit(1, 9, "x")])


@pytest.mark.parametrize("seed", range(8))
def test_git_applies_the_diff(seed, tmp_path: Path):
    """`seed-lsp edit` prints a patch from which git makes the very bytes, with all line breaks."""
    rng = random.Random(seed)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for number in range(6):
        old = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 60))) + "end\n"
        new = mutate(old, rng)
        if old == new or not new:
            continue
        name = f"f{number}.py"
        (tmp_path / name).write_bytes(old.encode())
        diff = unified_diff(old, new, name).encode()
        subprocess.run(["git", "-C", str(tmp_path), "apply", "--whitespace=nowarn", "-"], input=diff, check=True, capture_output=True)
        assert (tmp_path / name).read_bytes() == new.encode()


def test_kept_lines_keep_their_line_breaks():
    """Each old line of a mixed file keeps its line break, and new lines get the usual one."""
    old = "a\r\nb\nc\r\n"
    assert with_line_breaks("a\nnew\nb\nc\n", old, "\r\n") == "a\r\nnew\r\nb\nc\r\n"
    assert with_line_breaks("a\nlast", "a\r\nb", "\r\n") == "a\r\nlast"


@pytest.mark.parametrize(
    "name",
    [
        "plain.py",
        "line\nbreak.py",
        "carriage\rreturn.py",
        "tab\t.py",
        "a blank.py",
        "2020-01-01 00:00:00.000000000 +0000.py",
        'a "quote".py',
        "back\\slash.py",
        "größe.py",
        "\x7f\x1b[31m.py",
        "\x85next.py",
        "\u2028separator.py",
        "\nb.py\n+++ b/other.py",
        os.fsdecode(b"caf\xe9.py"),
        "folder of\nlines/a.py",
        "trailing .py ",
        '"',
    ],
)
def test_a_diff_names_any_file_as_git_does(tmp_path: Path, name: str):
    """Whatever a file name holds, the diff can be printed, and git finds the file."""
    subprocess.run(["git", "init", "-q"], check=True, cwd=tmp_path)
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("one\ntwo\n")
    diff = unified_diff("one\ntwo\n", "one\n2\n", name)
    subprocess.run(["git", "apply", "-"], input=diff.encode("utf-8"), check=True, cwd=tmp_path)
    assert file.read_text() == "one\n2\n"
