"""apply(diff(a, b), a) = b, for as many pairs as a test has time for; `make soak` has a million."""

from __future__ import annotations

import pytest

from benchmarks.robustness.client_text import changed, offset_of, position_of
from benchmarks.robustness.patches import fault, faults_of, patched


@pytest.mark.slow
def test_edits_and_diffs_of_random_pairs_give_the_new_text():
    """What is applied is what was meant, whatever line ends and odd characters a file has.

    It is applied by our edits, by a client's positions, and by the printed diff.
    """
    assert faults_of((7, 0, 10_000)) == []


def test_a_wrong_diff_is_found():
    """The check itself: a diff that is for another text, or makes another one, does not pass."""
    diff = "--- a/f.py\n+++ b/f.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    assert patched("a\nb\n", diff) == "a\nc\n"
    assert patched("a\nb\nlast", diff) == "a\nc\nlast"
    assert patched("a\nx\n", diff) != "a\nc\n"
    assert fault("a\r\nb", "a\nb\r", "utf-8") is None


def test_places_are_those_of_the_protocol():
    r"""Only \n, \r\n and \r end a line; behind an end means that end; units are the encoding's."""
    text = "a😀\r\n\x0cé\r\n\rlast"
    assert [offset_of(text, (0, units), "utf-16") for units in (0, 1, 3, 9)] == [0, 1, 2, 2]
    assert [offset_of(text, (0, units), "utf-8") for units in (1, 5)] == [1, 2]
    assert [offset_of(text, (line, 99), "utf-32") for line in (1, 2, 3, 4)] == [6, 8, 13, 13]
    for encoding in ("utf-8", "utf-16", "utf-32"):
        assert all(offset_of(text, position_of(text, at, encoding), encoding) == at for at in (0, 1, 2, 4, 5, 6, 8, 9, 13))
    assert changed("ab\ncd", (0, 1), (1, 1), "x", "utf-16") == "axd"
