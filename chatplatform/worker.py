"""The worker: timers, and later deliveries. Runs by itself or inside the embedded server."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from chatplatform.services import files, presence, timers, tokens

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Job:
    """A function to run every ``seconds``; ``due`` is on the monotonic clock."""

    run: Callable[[], None]
    seconds: float
    due: float = 0.0


def _forget_tokens() -> None:
    tokens.forget_expired()


_jobs = [
    Job(presence.end_expired_leases, 2),
    Job(timers.settle_queues, 5),
    Job(timers.close_left_chats, 10),
    Job(timers.forget_changes, 60),
    Job(_forget_tokens, 600),
    Job(files.delete_unused, 600),
]


def run_once() -> None:
    """Run every job that is due. A failing job is logged and tried again when next due."""
    for job in _jobs:
        if job.due > time.monotonic():
            continue
        job.due = time.monotonic() + job.seconds
        try:
            job.run()
        except Exception:
            log.exception("job failed", job=job.run.__name__)
