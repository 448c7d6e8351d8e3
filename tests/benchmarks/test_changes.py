"""The server's text is the client's, whatever is typed: a short run of the state machine; `make soak` has a hundred thousand steps."""

from __future__ import annotations

import pytest

from benchmarks.robustness import changes


def test_random_changes_leave_server_and_client_with_the_same_text():
    """In each encoding, behind ends, within line breaks, several at once: whoever types loses nothing, and no edit of ours falls on another place."""
    changes.check(1_000, number=5)


def test_a_server_with_another_text_is_found(monkeypatch):
    """The check itself: a client that reads its own positions differently is told apart within a few steps."""
    monkeypatch.setattr(changes, "changed", lambda text, _start, _end, new, _encoding: text + new)
    with pytest.raises(AssertionError, match="not the client's"):
        changes.check(500, number=5, shrink=False)
