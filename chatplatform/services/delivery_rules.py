"""What an attempt to deliver a webhook means: done, once more later, or never (protocol.md 7).

Pure functions of what came back; ``services/deliveries.py`` writes down what they say.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Final

RETRIES: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 15, 40, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 86_400)
)
"""How long after each failed attempt the next one is due: three within a minute, as documented, and
then a ladder of two days."""
JITTER: Final = 0.1
"""The share by which each pause varies, so that what failed together does not come back at once."""

BREAKS_AFTER: Final = 5
"""Failures in a row after which an endpoint gets single probes only."""
SHORTEST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=5)
LONGEST_WISH: Final = timedelta(hours=1)
"""The longest ``Retry-After`` that is heeded."""

GONE: Final = 410
_TEMPORARY: Final = frozenset({408, 425, 429})
_MAY_NAME_TIME: Final = frozenset({429, 503})


class Fate(Enum):
    """What is to become of a delivery."""

    DELIVERED = "delivered"
    AGAIN = "again"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A delivery's fate; ``wait`` with ``AGAIN``, ``reason`` (for people) with ``FAILED``."""

    fate: Fate
    wait: timedelta = timedelta()
    reason: str = ""


def verdict(status: int | None, attempts: int, wish: timedelta | None = None) -> Verdict:
    """Judge the ``attempts``-th attempt, counted from 1, by the HTTP status of its answer.

    ``None``: no answer came. ``wish``: what :func:`wished` read from the answer.
    """
    if status is not None:
        if 200 <= status < 300:
            return Verdict(Fate.DELIVERED)
        if status < 500 and status not in _TEMPORARY:
            return Verdict(Fate.FAILED, reason=f"the endpoint answered {status}")
    if attempts > len(RETRIES):
        return Verdict(Fate.FAILED, reason=f"{attempts} attempts failed")
    wait = RETRIES[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
    return Verdict(Fate.AGAIN, wait=max(wait, wish or timedelta()))


def wished(status: int | None, retry_after: str, now: datetime) -> timedelta | None:
    """Return how long an answer asks to be left alone: its ``Retry-After``, in either form."""
    if status not in _MAY_NAME_TIME or not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        seconds = _seconds_until(retry_after, now)
    if not math.isfinite(seconds):
        return None
    return timedelta(seconds=min(max(seconds, 0.0), LONGEST_WISH.total_seconds()))


def _seconds_until(text: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return math.nan
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds()


def pause(failures: int, failing_for: timedelta) -> timedelta:
    """Return for how long nothing is sent to an endpoint that failed so often in a row.

    The longer it has been failing, the longer, so that it doubles from probe to probe.
    """
    if failures < BREAKS_AFTER:
        return timedelta()
    return min(max(failing_for, SHORTEST_PAUSE), LONGEST_PAUSE)
