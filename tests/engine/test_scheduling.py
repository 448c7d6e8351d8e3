"""One request at a time; typing gives way to what the user asked for."""

from __future__ import annotations

import threading

from engine.api import GenerateRequest, SamplingOptions
from engine.scheduling import Refused, Scheduler


def request(number: int, *, automatic: bool = False) -> GenerateRequest:
    return GenerateRequest(number, "m", SamplingOptions(), prompt="", automatic=automatic)


def test_a_newer_automatic_request_replaces_a_waiting_one():
    scheduler = Scheduler()
    assert scheduler.submit(request(1, automatic=True)) == []
    assert scheduler.submit(request(2, automatic=True)) == [Refused(1, "superseded")]
    assert scheduler.next().request.id == 2


def test_a_newer_automatic_request_stops_a_running_one():
    scheduler = Scheduler()
    scheduler.submit(request(1, automatic=True))
    job = scheduler.next()
    scheduler.submit(request(2, automatic=True))
    assert job.cancelled()


def test_the_users_request_stops_an_automatic_one_and_runs_next():
    scheduler = Scheduler()
    scheduler.submit(request(1, automatic=True))
    job = scheduler.next()
    assert scheduler.submit(request(2)) == []
    assert job.cancelled()
    assert scheduler.next().request.id == 2


def test_an_automatic_request_is_refused_while_the_users_runs_or_waits():
    scheduler = Scheduler()
    scheduler.submit(request(1))
    assert scheduler.submit(request(2, automatic=True)) == [Refused(2, "busy")]
    job = scheduler.next()
    assert scheduler.submit(request(3, automatic=True)) == [Refused(3, "busy")]
    assert not job.cancelled()


def test_the_users_requests_run_in_order():
    scheduler = Scheduler()
    for number in (1, 2, 3):
        scheduler.submit(request(number))
    assert [scheduler.next().request.id for _ in range(3)] == [1, 2, 3]


def test_cancel_by_id():
    """A running request is told to stop; a waiting one is dropped and named; an unknown one is nothing."""
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
