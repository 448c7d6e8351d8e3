"""One request at a time, and what is less urgent gives way."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from engine.api import GenerateRequest, SamplingOptions, Urgency
from engine.scheduling import Refused, Scheduler

PREPARATION, OFFER, TYPING, ASKED_FOR = Urgency


def request(number: int, urgency: Urgency = ASKED_FOR, deadline_s: float | None = None) -> GenerateRequest:
    return GenerateRequest(number, "m", SamplingOptions(deadline_s=deadline_s), prompt="", urgency=urgency)


def test_a_newer_automatic_request_replaces_a_waiting_one():
    scheduler = Scheduler()
    assert scheduler.submit(request(1, TYPING)) == []
    assert scheduler.submit(request(2, TYPING)) == [Refused(1, "superseded")]
    assert scheduler.next().request.id == 2


def test_a_newer_automatic_request_stops_a_running_one():
    scheduler = Scheduler()
    scheduler.submit(request(1, TYPING))
    job = scheduler.next()
    scheduler.submit(request(2, TYPING))
    assert job.cancelled()


def test_the_users_request_stops_an_automatic_one_and_runs_next():
    scheduler = Scheduler()
    scheduler.submit(request(1, TYPING))
    job = scheduler.next()
    assert scheduler.submit(request(2)) == []
    assert job.cancelled()
    assert scheduler.next().request.id == 2


def test_an_automatic_request_is_refused_while_the_users_runs_or_waits():
    scheduler = Scheduler()
    scheduler.submit(request(1))
    assert scheduler.submit(request(2, TYPING)) == [Refused(2, "busy")]
    job = scheduler.next()
    assert scheduler.submit(request(3, TYPING)) == [Refused(3, "busy")]
    assert not job.cancelled()


def test_what_the_user_asked_for_and_cancelled_refuses_nothing():
    """The next key may come before the cancelled request has ended.

    Its completion waits for that end, and no longer.
    """
    scheduler = Scheduler()
    scheduler.submit(request(1))
    scheduler.next()
    scheduler.cancel(1)
    assert scheduler.submit(request(2, TYPING)) == []
    assert scheduler.next().request.id == 2


def test_in_a_storm_of_keys_one_request_waits_at_most():
    """Each key asks and cancels the one before: nothing piles up, and the last one is next."""
    scheduler = Scheduler()
    scheduler.submit(request(0, TYPING))
    job = scheduler.next()
    for number in range(1, 1001):
        scheduler.cancel(number - 1)
        scheduler.submit(request(number, (TYPING, ASKED_FOR)[number % 2]))
        assert len(scheduler._waiting) == 1
    assert job.cancelled()
    assert scheduler.next().request.id == 1000
    scheduler.cancel(1000)
    assert not scheduler._waiting


@pytest.mark.parametrize("urgency", [PREPARATION, OFFER])
def test_what_nobody_waits_for_waits_until_typing_is_answered(urgency: Urgency):
    scheduler = Scheduler()
    scheduler.submit(request(1, TYPING))
    job = scheduler.next()
    assert scheduler.submit(request(2, urgency)) == []
    assert not job.cancelled()
    assert scheduler.next().request.id == 2


def test_an_offer_that_waits_is_not_replaced_by_what_is_prepared():
    scheduler = Scheduler()
    for number, urgency in enumerate([TYPING, OFFER, PREPARATION]):
        assert scheduler.submit(request(number, urgency)) == []
    assert [scheduler.next().request.id for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("urgency", [PREPARATION, OFFER])
def test_a_newer_request_of_the_same_kind_takes_the_place_of_one_that_waits(urgency: Urgency):
    scheduler = Scheduler()
    scheduler.submit(request(1, urgency))
    assert scheduler.submit(request(2, urgency)) == [Refused(1, "superseded")]
    assert scheduler.next().request.id == 2


@pytest.mark.parametrize("urgency", [PREPARATION, OFFER])
def test_typing_stops_what_nobody_waits_for(urgency: Urgency):
    scheduler = Scheduler()
    scheduler.submit(request(1, urgency))
    job = scheduler.next()
    scheduler.submit(request(2, TYPING))
    assert job.cancelled()
    assert scheduler.submit(request(3)) == [Refused(2, "superseded")]
    assert scheduler.submit(request(4, urgency)) == [Refused(4, "busy")]


@pytest.mark.parametrize(
    ("urgency", "deadline", "before", "queued", "left"),
    [
        (TYPING, 1.0, 0.0, 0.25, 0.75),
        (TYPING, 1.0, 0.25, 0.25, 0.5),
        (TYPING, 1.0, 0.5, 0.375, 0.2),
        (TYPING, 0.125, 0.0, 0.0625, 0.125),
        (TYPING, 1.0, 0.0, 5.0, 1.0),
        (TYPING, 1.0, 0.5, 0.75, 1.0),
        (OFFER, 1.0, 0.5, 0.25, 1.0),
        (ASKED_FOR, 1.0, 0.5, 5.0, 1.0),
    ],
)
def test_while_the_user_types_waiting_counts_against_the_deadline(
    urgency: Urgency, deadline: float, before: float, queued: float, left: float
):
    """What was waited before the request was sent, and in the queue."""
    now = [10.0]
    scheduler = Scheduler(lambda: now[0])
    scheduler.submit(replace(request(1, urgency, deadline), waited_s=before))
    now[0] += queued
    assert scheduler.next().request.sampling.deadline_s == left


def test_the_users_requests_run_in_order():
    scheduler = Scheduler()
    for number in (1, 2, 3):
        scheduler.submit(request(number))
    assert [scheduler.next().request.id for _ in range(3)] == [1, 2, 3]


def test_cancel_by_id():
    """A running request is told to stop, and a waiting one is dropped and named.

    An unknown one is nothing.
    """
    scheduler = Scheduler()
    for number in (1, 2, 3):
        scheduler.submit(request(number))
    job = scheduler.next()
    assert scheduler.cancel(2) == [Refused(2, "superseded")]
    assert scheduler.cancel(99) == []
    assert not job.cancelled()
    assert scheduler.cancel(1) == []
    assert job.cancelled()
    assert scheduler.next().request.id == 3


def test_close_wakes_the_waiting_thread():
    scheduler, got = Scheduler(), []
    thread = threading.Thread(target=lambda: got.append(scheduler.next()))
    thread.start()
    scheduler.close()
    thread.join(5)
    assert got == [None]
