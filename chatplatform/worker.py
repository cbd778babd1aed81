"""The worker: timers, and later deliveries. Runs by itself or inside the embedded server."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from chatplatform.services import (
    activity,
    archives,
    bans,
    deletion,
    email_verification,
    files,
    greetings,
    groups,
    presence,
    summaries,
    thumbnails,
    timers,
    tokens,
    transcript_mails,
)

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
    Job(greetings.show_due, 1),
    Job(presence.end_expired_leases, 2),
    Job(timers.settle_queues, 5),
    Job(timers.close_left_chats, 10),
    Job(timers.notice_silence, 10),
    Job(timers.forget_changes, 60),
    Job(groups.empty_deleted_groups, 5),
    Job(_forget_tokens, 600),
    Job(files.delete_unused, 600),
    Job(bans.forget_expired, 600),
    Job(activity.note_running, 10),
    Job(email_verification.send_mails, 2),
    Job(email_verification.call_back, 2),
    Job(email_verification.forget_old, 600),
    Job(thumbnails.make_due, 1),
    Job(transcript_mails.send_due, 5),
    Job(transcript_mails.forget_old, 600),
    Job(archives.index_due, 3),
    Job(summaries.make_due, 1),
    Job(deletion.forget_old_threads, 600),
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
