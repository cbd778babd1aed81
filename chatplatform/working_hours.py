"""Working hours: whether a moment lies within those of a week, and when that changes next.

Pure (protocol.md 6.1): a week's intervals, a time zone and a moment in, a :class:`Situation` out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

Record = dict[str, Any]
Stretch = tuple[datetime, datetime]

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS_AHEAD: Final = 15
"""Two weeks and a day: an only interval a week may fall into an hour that clocks leave out."""
_LAST_MINUTE: Final = "23:59"


@dataclass(frozen=True, slots=True)
class Situation:
    """Whether it is working time, and until when; None where that never changes."""

    within: bool
    changes_at: datetime | None


def situation(scheduler: Record, own_timezone: str, moment: datetime) -> Situation | None:
    """Tell how ``moment`` lies to the hours of ``scheduler`` (``{timezone, schedule}``).

    They are hours in the scheduler's time zone, else in ``own_timezone``, else in UTC. None where
    no interval is enabled: then there are no working hours.
    """
    enabled = [one for one in scheduler.get("schedule", ()) if one["enabled"]]
    if not enabled:
        return None
    zone = _zone(scheduler.get("timezone") or own_timezone)
    for begins_at, ends_at in _merged(_stretches(enabled, zone, moment)):
        if moment < begins_at:
            return Situation(within=False, changes_at=begins_at)
        if moment < ends_at:
            endless = ends_at - moment > timedelta(days=_DAYS_AHEAD - 1)
            return Situation(within=True, changes_at=None if endless else ends_at)
    return Situation(within=False, changes_at=None)


def _zone(name: str) -> ZoneInfo:
    """Return a time zone; UTC for a name that is empty or unknown, as clients may tell any."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def _stretches(intervals: list[Record], zone: ZoneInfo, moment: datetime) -> Iterator[Stretch]:
    """Yield what the intervals are on the days around ``moment``, in UTC and in no order."""
    today = moment.astimezone(zone).date()
    for ahead in range(-1, _DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        for one in intervals:
            if one["day"] == DAYS[day.weekday()]:
                end = "24:00" if one["end"] == _LAST_MINUTE else one["end"]
                yield _reached(day, one["start"], zone), _reached(day, end, zone)


def _merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return them in order, those that touch or overlap as one, and without empty ones."""
    merged: list[Stretch] = []
    for begins_at, ends_at in sorted(stretches):
        if merged and begins_at <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(ends_at, merged[-1][1]))
        elif begins_at < ends_at:
            merged.append((begins_at, ends_at))
    return merged


def _reached(day: date, time_of_day: str, zone: ZoneInfo) -> datetime:
    """Return the first moment at which a clock of ``zone`` shows that time of the day, or a later.

    So a time that exists twice is the first one, and one that is left out is when clocks jump.
    """
    hours, minutes = time_of_day.split(":")
    wanted = datetime.combine(day, time()) + timedelta(hours=int(hours), minutes=int(minutes))
    as_before, as_after = (
        int(wanted.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1)
    )
    if as_after >= as_before:
        return datetime.fromtimestamp(as_before, UTC)

    def shown(second: int) -> datetime:
        return datetime.fromtimestamp(second, zone).replace(tzinfo=None)

    seconds = range(as_after, as_before + 1)
    return datetime.fromtimestamp(seconds[bisect_left(seconds, wanted, key=shown)], UTC)
