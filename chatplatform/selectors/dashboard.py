"""How an organisation is doing now: the numbers of the admin's overview.

Everything is read from indexes within bounded windows — what runs, who is there, and what began
today — so that it costs the same at a million chats as at a thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from statistics import median, quantiles
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Min, OuterRef, Subquery
from django.db.models.functions import ExtractHour

from chatplatform.models import Agent, Customer, Event, Thread, WebhookEndpoint
from chatplatform.models.people import RoutingStatus
from chatplatform.selectors import people, slots

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
LOOKED_AT: Final = 2_000
"""Of how many of today's chats, the newest, answers and ratings are read."""
MOST_ENDPOINTS: Final = 20
NINETY_PERCENT: Final = 8
"""The place of the 90th percentile among the nine cuts of ten parts."""


# --- today ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the day, and how many chats began in it: today, and a week ago.

    ``today`` is ``None`` for hours that have not begun.
    """

    starts: datetime
    today: int | None
    week_ago: int


@dataclass(frozen=True, slots=True)
class Today:
    """What is known of the chats that began today.

    Answers and ratings are of the newest :data:`LOOKED_AT`; ``asked`` is how many of these a
    customer has said anything in, ``answered`` in how many an agent or bot has spoken since.
    Seconds are from the customer's first words to that; ``None`` where nobody has.
    """

    asked: int = 0
    answered: int = 0
    median_seconds: float | None = None
    slow_seconds: float | None = None
    """Nine of ten answers came within this time."""
    good: int = 0
    bad: int = 0
    is_partial: bool = False
    """Whether more chats began today than were looked at."""

    @property
    def rated(self) -> int:
        """How many were rated."""
        return self.good + self.bad


def day_of(moment: datetime, zone: tzinfo) -> datetime:
    """Return when the day began that ``moment`` is in, where the clocks show ``zone``."""
    return moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def hours(organization_id: UUID, now: datetime, zone: tzinfo) -> list[Hour]:
    """Return the chats that began in each hour of today and of the day a week ago. Two reads.

    An hour that comes twice, where clocks are put back, is one; one that is skipped is left out.
    """
    begin = day_of(now, zone)
    today = _begun(organization_id, begin, zone)
    week_ago = _begun(organization_id, day_of(begin - WEEK + DAY / 2, zone), zone)
    return [
        Hour(starts, today.get(hour, 0) if starts <= now else None, week_ago.get(hour, 0))
        for hour, starts in _hours_of(begin, zone).items()
    ]


def begun_week_ago(organization_id: UUID, now: datetime, zone: tzinfo) -> int:
    """Return how many chats had begun by the time of the day it is now, a week ago. One read."""
    then = now.astimezone(zone) - WEEK
    rows = Thread.objects.filter(organization_id=organization_id)
    return rows.filter(created_at__gte=day_of(then, zone), created_at__lte=then).count()


def _hours_of(begin: datetime, zone: tzinfo) -> dict[int, datetime]:
    """Return when each hour of the day starts, by what clocks show."""
    found: dict[int, datetime] = {}
    moment = begin.astimezone(UTC)
    while (starts := moment.astimezone(zone)).date() == begin.date():
        found.setdefault(starts.hour, starts)
        moment += timedelta(hours=1)
    return found


def _begun(organization_id: UUID, begin: datetime, zone: tzinfo) -> dict[int, int]:
    end = day_of(begin + DAY * 1.5, zone)
    rows = Thread.objects.filter(
        organization_id=organization_id, created_at__gte=begin, created_at__lt=end
    )
    by_hour = rows.annotate(hour=ExtractHour("created_at", tzinfo=zone)).values("hour").order_by()
    return dict(by_hour.annotate(number=Count("id")).values_list("hour", "number"))


def today(organization_id: UUID, now: datetime, zone: tzinfo) -> Today:
    """Return how today's chats were answered and rated. One read."""
    rows = _newest_of_today(organization_id, day_of(now, zone))
    asked = [row for row in rows if row["asked_at"] is not None]
    waits = [
        (row["answered_at"] - row["asked_at"]).total_seconds()
        for row in asked
        if row["answered_at"] is not None
    ]
    scores = [row["properties"].get("rating", {}).get("score") for row in rows]
    return Today(
        asked=len(asked),
        answered=len(waits),
        median_seconds=median(waits) if waits else None,
        slow_seconds=_slow(waits),
        good=sum(score == 1 for score in scores),
        bad=sum(score == 0 for score in scores),
        is_partial=len(rows) == LOOKED_AT,
    )


def _slow(waits: Sequence[float]) -> float | None:
    if len(waits) < 2:
        return waits[0] if waits else None
    return quantiles(waits, n=10, method="inclusive")[NINETY_PERCENT]


def _newest_of_today(organization_id: UUID, begin: datetime) -> list[dict[str, Any]]:
    """Return today's newest threads with the customer's first words and the first answer to them.

    Whoever speaks in a chat and is nobody's agent is its customer. Each is found by its place in
    the thread, from an index.
    """
    staff = Agent.ever.filter(organization_id=organization_id).values("public_id")
    said = Event.objects.filter(thread=OuterRef("pk"), visibility="all").exclude(author_id="")
    said = said.exclude(type="system_message").order_by("position")
    asked = said.exclude(author_id__in=staff)
    answers = said.filter(author_id__in=staff, position__gt=OuterRef("asked"))
    rows = Thread.objects.filter(organization_id=organization_id, created_at__gte=begin)
    rows = rows.annotate(
        asked=Subquery(asked.values("position")[:1]),
        asked_at=Subquery(asked.values("created_at")[:1]),
        answered_at=Subquery(answers.values("created_at")[:1]),
    )
    newest = rows.order_by("-created_at", "-id").values("asked_at", "answered_at", "properties")
    return [dict(row) for row in newest[:LOOKED_AT]]


# --- now --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits for an agent: how many, and since when the first of them."""

    number: int
    since: datetime | None


def waiting(organization_id: UUID) -> Waiting:
    """Return who waits for an agent. One read; the queue's limit bounds it."""
    rows = Thread.objects.filter(organization_id=organization_id, queued_at__isnull=False)
    found = rows.aggregate(number=Count("id"), since=Min("queued_at"))
    return Waiting(found["number"], found["since"])


def visitors(organization_id: UUID) -> int:
    """Return how many customers are on the pages. One read, from an index of these alone."""
    rows = Customer.objects.filter(organization_id=organization_id, online_since__isnull=False)
    return rows.count()


ACCEPTING, NOT_ACCEPTING, AWAY = "accepting", "not_accepting", "away"
STATES: Final = (ACCEPTING, NOT_ACCEPTING, AWAY)
"""What an agent who is connected does; away: connected, but nobody looks at the screen."""


@dataclass(frozen=True, slots=True)
class Working:
    """An agent or bot who is there: what they do, running chats, and how many they may have."""

    public_id: str
    name: str
    is_bot: bool
    state: str
    chats: int
    most_chats: int


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is there, those who accept chats first; and how many agents are not."""

    there: list[Working] = field(default_factory=list)
    offline: int = 0

    def number(self, state: str) -> int:
        """Return how many are in one of :data:`STATES`."""
        return sum(one.state == state for one in self.there)

    @property
    def chats(self) -> int:
        """How many running chats they have between them."""
        return sum(one.chats for one in self.there)


def staff(organization_id: UUID, most_chats: int | None = None) -> Staff:
    """Return who is there. Six reads; ``most_chats`` is the licence's own limit for an agent."""
    connected = slots.connected_agents(organization_id, most_chats=most_chats)
    attentive = people.attention(organization_id, [slot.agent.public_id for slot in connected])
    there = [
        Working(
            public_id=slot.agent.public_id,
            name=slot.agent.name,
            is_bot=slot.agent.kind == Agent.Kind.BOT,
            state=_state(slot.agent, slot.status, attentive.get(slot.agent.public_id, True)),
            chats=slot.load,
            most_chats=slot.limit,
        )
        for slot in connected
    ]
    there.sort(key=lambda one: (STATES.index(one.state), one.is_bot, one.name, one.public_id))
    humans = Agent.objects.filter(
        organization_id=organization_id,
        kind=Agent.Kind.HUMAN,
        suspended=False,
        awaiting_approval=False,
    )
    present = sum(not one.is_bot for one in there)
    return Staff(there, max(0, humans.count() - present))


def _state(agent: Agent, shown: str, attentive: bool) -> str:
    if shown == RoutingStatus.ACCEPTING:
        return ACCEPTING
    if not attentive and agent.kind == Agent.Kind.HUMAN:
        return AWAY
    return NOT_ACCEPTING


def failing_endpoints(organization_id: UUID) -> list[WebhookEndpoint]:
    """Return the addresses of the organisation's applications that do not take calls.

    Those that wish not to be called first, then those that fail for longest; up to
    :data:`MOST_ENDPOINTS`. One read.
    """
    rows = WebhookEndpoint.objects.filter(application__organization_id=organization_id)
    failing = rows.filter(failing_since__isnull=False) | rows.filter(disabled_at__isnull=False)
    return list(failing.order_by("disabled_at", "failing_since", "id")[:MOST_ENDPOINTS])
