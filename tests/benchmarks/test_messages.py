"""Random messages to a real server; `make soak` sends a hundred thousand."""

from __future__ import annotations

import pytest

from benchmarks.robustness import exchange as exchanges
from benchmarks.robustness import messages
from benchmarks.robustness.campaign import Options
from benchmarks.robustness.exchange import exchange, quiet, sent
from benchmarks.robustness.session import Session
from benchmarks.robustness.shapes import CANARY


@pytest.mark.slow
def test_no_message_crashes_silences_or_loosens_the_server():
    """Whatever a client sends, each request is answered and nothing in the answers is internal.

    The logs hold none of the user's texts, and the process ends as it should.
    """
    counts = messages.run(Options(count=2_000, seed=11))
    assert counts["failures"] == 0, counts["kinds"]
    assert counts["messages"] == 2_000


@pytest.mark.parametrize(
    ("server", "fault"), [("import time; time.sleep(60)", "no answer to the probe"), ("import os; os._exit(3)", "the server is gone")]
)
@pytest.mark.slow
def test_a_server_that_hangs_or_crashes_is_found(server, fault, monkeypatch):
    """The check itself: what the campaign is there to find does not pass."""
    monkeypatch.setattr(exchanges, "ANSWER_WITHIN_S", 1.0)
    with Session(("-c", server)) as session:
        assert [one.what for one in exchange(session, [sent({"jsonrpc": "2.0", "id": 1, "method": "x"}, number=1)])] == [fault]


def test_a_server_that_talks_is_found():
    """The check finds the user's text and a trace in the log, and what is printed into the
    protocol.

    Else it could not fail.
    """
    code = f"print('{CANARY}7'); raise ValueError('{CANARY}8')"
    with Session(("-c", code)) as session:
        session.ended()
        faults = [one.what for one in quiet(session)]
    assert faults == ["text of the user's in the log", "a trace in the log", "output that is no message"]
