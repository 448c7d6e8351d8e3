"""The server's text is the client's, whatever is typed.

This is a short run of the state machine; `make soak` has a hundred thousand steps.
"""

from __future__ import annotations

import pytest

from benchmarks.robustness import changes


@pytest.mark.slow
def test_random_changes_leave_server_and_client_with_the_same_text():
    """Whoever types loses nothing, and no edit of ours falls on another position.

    Changes come in each encoding, behind ends, within line breaks, and several at once.
    """
    changes.check(1_000, number=5)


def test_a_server_with_another_text_is_found(monkeypatch):
    """A client that reads its own positions differently is told apart within a few steps.

    Else the check itself could not fail.
    """
    monkeypatch.setattr(changes, "changed", lambda text, _start, _end, new, _encoding: text + new)
    with pytest.raises(AssertionError, match="not the client's"):
        changes.check(500, number=5, shrink=False)
