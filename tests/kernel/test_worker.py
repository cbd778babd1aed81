"""The worker: what it runs when, and what does not hold it up."""

import threading
import time
from collections.abc import Iterator

import pytest

from chatplatform import worker
from chatplatform.worker import Job


def until_it_rests(job: Job) -> None:
    """Wait until a job that runs apart is done."""
    deadline = time.monotonic() + 5
    while job.running:
        assert time.monotonic() < deadline, "the job goes on and on"
        time.sleep(0.005)


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What a slow job waits for."""
    event = threading.Event()
    yield event
    event.set()


def test_a_job_runs_when_it_is_due_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    often, seldom = Job(lambda: done.append("often"), 0), Job(lambda: done.append("seldom"), 60)
    monkeypatch.setattr(worker, "_jobs", [often, seldom])

    worker.run_once()
    worker.run_once()

    assert done == ["often", "seldom", "often"]


@pytest.mark.parametrize("apart", [False, True])
def test_a_job_that_fails_stops_no_other_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, apart: bool
) -> None:
    done: list[str] = []

    def fail() -> None:
        done.append("failed")
        raise OSError("the mail server is away")

    failing = Job(fail, 0, apart=apart)
    monkeypatch.setattr(worker, "_jobs", [failing, Job(lambda: done.append("next"), 0)])

    for _ in range(2):
        worker.run_once()
        until_it_rests(failing)

    assert sorted(done) == ["failed", "failed", "next", "next"]


def test_a_slow_job_apart_holds_up_no_other_and_never_overlaps_itself(
    monkeypatch: pytest.MonkeyPatch, released: threading.Event
) -> None:
    begun: list[str] = []
    waits = threading.Event()

    def wait() -> None:
        begun.append("slow")
        waits.set()
        assert released.wait(5)

    slow = Job(wait, 0, apart=True)
    monkeypatch.setattr(worker, "_jobs", [slow, Job(lambda: begun.append("timer"), 0)])

    for _ in range(3):
        worker.run_once()
    assert waits.wait(5)
    assert sorted(begun) == ["slow", "timer", "timer", "timer"]

    released.set()
    until_it_rests(slow)
    worker.run_once()
    until_it_rests(slow)
    assert begun.count("slow") == 2
