"""When the hours of a week begin and end, whatever clocks do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chatplatform import clock
from chatplatform.working_hours import DAYS, situation
from tests.kernel.working_hours.hours import week


@pytest.mark.parametrize(
    ("intervals", "moment", "within", "changes_at"),
    [
        pytest.param(["wednesday 09:00-17:00"], "04T08:59:59", False, "04T09:00", id="before"),
        pytest.param(["wednesday 09:00-17:00"], "04T09:00:00", True, "04T17:00", id="begun"),
        pytest.param(["wednesday 09:00-17:00"], "04T16:59:59", True, "04T17:00", id="almost over"),
        pytest.param(["wednesday 09:00-17:00"], "04T17:00:00", False, "11T09:00", id="next week"),
        pytest.param(["tuesday 09:00-17:00"], "04T12:00:00", False, "10T09:00", id="another day"),
        pytest.param(
            ["wednesday 13:00-17:00", "wednesday 09:00-12:00"],
            "04T12:30:00",
            False,
            "04T13:00",
            id="between two of a day",
        ),
        pytest.param(
            ["wednesday 09:00-12:00", "wednesday 12:00-17:00"],
            "04T10:00:00",
            True,
            "04T17:00",
            id="two that touch are one",
        ),
        pytest.param(
            ["wednesday 09:00-14:00", "wednesday 10:00-11:00", "wednesday 13:00-17:00"],
            "04T10:30:00",
            True,
            "04T17:00",
            id="those that overlap are one",
        ),
        pytest.param(
            ["wednesday 22:00-24:00", "thursday 00:00-06:00"],
            "04T23:30:00",
            True,
            "05T06:00",
            id="over midnight",
        ),
        pytest.param(
            ["wednesday 22:00-23:59", "thursday 00:00-06:00"],
            "04T23:59:30",
            True,
            "05T06:00",
            id="the last minute is midnight",
        ),
        pytest.param(
            ["wednesday 00:00-24:00"], "04T23:59:59", True, "05T00:00", id="until midnight"
        ),
        pytest.param(["sunday 20:00-24:00"], "08T21:00:00", True, "09T00:00", id="end of a week"),
        pytest.param(
            ["wednesday 09:00-17:00 off", "thursday 09:00-17:00"],
            "04T12:00:00",
            False,
            "05T09:00",
            id="what is not enabled is only kept",
        ),
        pytest.param(
            [f"{day} 00:00-24:00" for day in DAYS], "04T12:00:00", True, None, id="always"
        ),
        pytest.param(
            [f"{day} 00:00-23:59" for day in DAYS], "04T23:59:30", True, None, id="always, too"
        ),
    ],
)
def test_hours_of_a_week(
    intervals: list[str], moment: str, within: bool, changes_at: str | None
) -> None:
    found = situation(week(*intervals), "", clock.from_wire(f"2026-03-{moment}Z"))

    assert found is not None
    assert found.within is within
    expected = clock.from_wire(f"2026-03-{changes_at}Z") if changes_at else None
    assert found.changes_at == expected


@pytest.mark.parametrize("intervals", [[], ["wednesday 09:00-17:00 off"]])
def test_without_an_enabled_interval_there_are_no_hours(intervals: list[str]) -> None:
    assert situation(week(*intervals), "", clock.now()) is None
    assert situation({}, "", clock.now()) is None


@pytest.mark.parametrize(
    ("own", "chosen", "begins_at"),
    [
        ("", "", "2026-03-04T09:00:00Z"),
        ("Europe/Warsaw", "", "2026-03-11T08:00:00Z"),
        ("Asia/Tokyo", "America/New_York", "2026-03-04T14:00:00Z"),
        ("", "Asia/Kolkata", "2026-03-11T03:30:00Z"),
        ("", "Pacific/Kiritimati", "2026-03-10T19:00:00Z"),
        ("Mars/Olympus", "", "2026-03-04T09:00:00Z"),
        ("../../etc/passwd", "", "2026-03-04T09:00:00Z"),
        ("Europe", "", "2026-03-04T09:00:00Z"),
    ],
)
def test_hours_are_in_the_schedules_zone_else_in_the_agents_else_in_utc(
    own: str, chosen: str, begins_at: str
) -> None:
    moment = clock.from_wire("2026-03-04T08:30:00Z")
    only_hour = week("wednesday 09:00-09:30", timezone=chosen)

    found = situation(only_hour, own, moment)

    assert found is not None
    assert found.changes_at is not None
    if found.within:
        found = situation(only_hour, own, found.changes_at)
        assert found is not None
    assert found.changes_at == clock.from_wire(begins_at)


SPRING, AUTUMN = "2026-03-29", "2026-10-25"
"""Sundays on which clocks in Warsaw jump from 2:00 to 3:00, and from 3:00 back to 2:00."""


@pytest.mark.parametrize(
    ("day", "hours", "begins_at", "ends_at"),
    [
        pytest.param(SPRING, "01:00-09:00", "00:00", "07:00", id="an hour less"),
        pytest.param(AUTUMN, "01:00-09:00", "23:00", "08:00", id="an hour more"),
        pytest.param(SPRING, "02:30-09:00", "01:00", "07:00", id="begins when clocks jump"),
        pytest.param(SPRING, "01:00-02:30", "00:00", "01:00", id="ends when clocks jump"),
        pytest.param(SPRING, "03:00-09:00", "01:00", "07:00", id="begins right after the jump"),
        pytest.param(SPRING, "01:00-02:00", "00:00", "01:00", id="ends right before the jump"),
        pytest.param(AUTUMN, "02:30-09:00", "00:30", "08:00", id="begins the first time"),
        pytest.param(AUTUMN, "01:00-02:30", "23:00", "00:30", id="ends the first time"),
        pytest.param(AUTUMN, "02:00-03:00", "00:00", "02:00", id="both of the hour"),
    ],
)
def test_clocks_that_are_changed(day: str, hours: str, begins_at: str, ends_at: str) -> None:
    midnight = clock.from_wire(f"{day}T00:00:00Z")
    sunday = week(f"sunday {hours}", timezone="Europe/Warsaw")

    before = situation(sunday, "", midnight - timedelta(hours=2))

    assert before is not None
    assert not before.within
    assert before.changes_at is not None
    within = situation(sunday, "", before.changes_at)
    assert within is not None
    assert within.within
    assert within.changes_at is not None
    assert (f"{before.changes_at:%H:%M}", f"{within.changes_at:%H:%M}") == (begins_at, ends_at)
    assert within.changes_at.date() == midnight.date()
    after = situation(sunday, "", within.changes_at)
    assert after is not None
    assert not after.within


def test_hours_in_what_clocks_leave_out_are_none() -> None:
    night = week("sunday 02:15-02:45", timezone="Europe/Warsaw")

    found = situation(night, "", clock.from_wire("2026-03-22T12:00:00Z"))

    assert found is not None
    assert not found.within
    assert found.changes_at == clock.from_wire("2026-04-05T00:15:00Z")


def test_a_day_that_a_country_leaves_out() -> None:
    friday = week("friday 09:00-17:00", timezone="Pacific/Apia")

    found = situation(friday, "", clock.from_wire("2011-12-29T12:00:00Z"))

    assert found is not None
    assert not found.within
    assert found.changes_at == clock.from_wire("2012-01-05T19:00:00Z")
