"""What an answer, or none, means for a delivery (protocol.md 7)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from chatplatform.services.delivery_rules import (
    LONGEST_WISH,
    RETRIES,
    Fate,
    pause,
    verdict,
    wished,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_whatever_says_success_is_one(status: int) -> None:
    assert verdict(status, 1).fate is Fate.DELIVERED


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 404, 405, 410, 413, 422])
def test_redirects_and_refusals_are_final(status: int) -> None:
    found = verdict(status, 1)

    assert (found.fate, found.reason) == (Fate.FAILED, f"the endpoint answered {status}")


@pytest.mark.parametrize("status", [None, 408, 425, 429, 500, 502, 503, 504, 599])
def test_whatever_may_pass_is_tried_again(status: int | None) -> None:
    assert verdict(status, 1).fate is Fate.AGAIN


def test_the_first_three_retries_come_within_about_a_minute() -> None:
    waits = [verdict(500, attempt).wait for attempt in (1, 2, 3)]

    assert timedelta(seconds=50) < sum(waits, timedelta()) < timedelta(seconds=70)


def test_then_a_ladder_of_more_than_two_days_follows_and_ends() -> None:
    waits = [verdict(500, attempt).wait for attempt in range(1, len(RETRIES) + 1)]

    assert sum(waits, timedelta()) > timedelta(days=2)
    assert all(later > sooner for sooner, later in pairwise(waits))
    last = verdict(500, len(RETRIES) + 1)
    assert (last.fate, last.reason) == (Fate.FAILED, "11 attempts failed")


def test_what_failed_together_does_not_come_back_at_once() -> None:
    assert len({verdict(None, 4).wait for _ in range(20)}) > 10


@pytest.mark.parametrize("status", [429, 503])
def test_an_endpoint_may_say_when(status: int) -> None:
    assert wished(status, "120", NOON) == timedelta(seconds=120)
    assert wished(status, "Mon, 04 May 2026 12:05:00 GMT", NOON) == timedelta(minutes=5)
    assert verdict(status, 1, timedelta(seconds=120)).wait == timedelta(seconds=120)


def test_but_no_sooner_than_otherwise_and_not_for_ever() -> None:
    assert wished(503, "Mon, 04 May 2026 11:00:00 GMT", NOON) == timedelta()
    assert verdict(503, 3, timedelta()).wait > timedelta(seconds=30)
    assert wished(429, "99999999999", NOON) == LONGEST_WISH
    assert wished(429, "Sun, 04 May 2036 12:00:00 GMT", NOON) == LONGEST_WISH


@pytest.mark.parametrize("said", ["", "soon", "nan", "inf", "-inf", "12:00", "Mon, 99 May", "٣"])
def test_what_nobody_understands_is_no_wish(said: str) -> None:
    assert wished(429, said, NOON) in (None, timedelta(seconds=3))


@pytest.mark.parametrize(
    "said",
    [
        "Mon, 04 May 99999999999999999999 12:00:00 GMT",
        "Mon, 04 May 2026 12:00:00 +99999999999999999999",
        "9" * 5_000,
    ],
)
def test_nor_are_times_beyond_all_calendars(said: str) -> None:
    assert wished(503, said, NOON) in (None, LONGEST_WISH)


def test_other_answers_have_no_say_in_it() -> None:
    assert wished(500, "120", NOON) is None
    assert wished(None, "", NOON) is None


def test_pauses_begin_after_five_failures_and_grow_with_the_outage() -> None:
    assert pause(4, timedelta(hours=1)) == timedelta()
    assert pause(5, timedelta()) == timedelta(seconds=5)
    assert pause(8, timedelta(seconds=40)) == timedelta(seconds=40)
    assert pause(50, timedelta(days=1)) == timedelta(minutes=5)
