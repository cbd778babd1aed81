"""The worker: timers and deliveries. Runs by itself or inside the embedded server.

Jobs follow one another on the caller's thread, but for those that wait for other machines or take
long: these have threads of their own, so that timers keep time whatever a mail server does. What
never rests, like the sender of webhooks, is an engine: it begins and ends with the worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import structlog
from django.db import connection

from chatplatform.services import (
    activity,
    api_calls,
    archives,
    bans,
    delivery_history,
    email_verification,
    expiry,
    files,
    greetings,
    groups,
    identity_proofs,
    identity_transfers,
    presence,
    staff_mails,
    staff_sessions,
    summaries,
    thumbnails,
    timers,
    tokens,
    transcript_mails,
    unsuspensions,
    working_hours,
)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Job:
    """A function to run every ``seconds``; ``due`` is on the monotonic clock.

    ``apart``: on a thread of its own. No process runs a job twice at a time.
    """

    run: Callable[[], None]
    seconds: float
    apart: bool = False
    due: float = 0.0
    running: bool = False


def _forget_tokens() -> None:
    tokens.forget_expired()
    identity_transfers.forget_expired()
    identity_proofs.forget_expired()


_jobs = [
    Job(greetings.show_due, 1),
    Job(presence.end_expired_leases, 2),
    Job(working_hours.switch_due, 1),
    Job(timers.settle_queues, 5),
    Job(timers.close_left_chats, 10),
    Job(timers.notice_silence, 10),
    Job(timers.forget_changes, 60),
    Job(groups.empty_deleted_groups, 5),
    Job(_forget_tokens, 600),
    Job(api_calls.forget_old, 600),
    Job(files.delete_unused, 600),
    Job(bans.forget_expired, 600),
    Job(activity.note_running, 10),
    Job(email_verification.send_mails, 2, apart=True),
    Job(email_verification.call_back, 2, apart=True),
    Job(email_verification.forget_old, 600),
    Job(thumbnails.make_due, 1, apart=True),
    Job(transcript_mails.send_due, 5, apart=True),
    Job(transcript_mails.forget_old, 600),
    Job(unsuspensions.send_due, 5, apart=True),
    Job(staff_mails.send_due, 2, apart=True),
    Job(staff_mails.forget_old, 600),
    Job(staff_sessions.clear_expired, 60, apart=True),
    Job(archives.index_due, 3),
    Job(summaries.make_due, 1, apart=True),
    Job(expiry.forget_old, 600, apart=True),
    Job(delivery_history.trim, 60, apart=True),
]


class Engine(Protocol):
    """What works by itself, on threads of its own, for as long as the worker runs."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Finish what is under way within a few seconds, and return."""


_engines: list[Engine] = []


_threads = ThreadPoolExecutor(sum(job.apart for job in _jobs), thread_name_prefix="worker")


def register(engine: Engine) -> None:
    """Let ``engine`` run with every worker. Surfaces call this once, when they are ready."""
    _engines.append(engine)


def start() -> None:
    """Start the engines. A worker calls this before its first :func:`run_once`."""
    for engine in _engines:
        engine.start()


def stop() -> None:
    """Stop the engines; blocks until each has finished what it had in hand, a few seconds."""
    for engine in _engines:
        engine.stop()


def run_once() -> None:
    """Run every job that is due. A failing job is logged and tried again when next due."""
    for job in _jobs:
        if job.running or job.due > time.monotonic():
            continue
        job.due = time.monotonic() + job.seconds
        if job.apart:
            job.running = True
            _threads.submit(_run_apart, job)
        else:
            _run(job)


def _run(job: Job) -> None:
    try:
        job.run()
    except Exception:
        log.exception("job failed", job=job.run.__name__)


def _run_apart(job: Job) -> None:
    try:
        _run(job)
    finally:
        connection.close()
        job.running = False
