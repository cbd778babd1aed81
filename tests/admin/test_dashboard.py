"""The overview: each number is what it says, of one organisation, and costs little to read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.models import (
    Agent,
    Chat,
    ConnectionLease,
    Customer,
    Event,
    Organization,
    Thread,
    WebhookEndpoint,
)
from chatplatform.models.people import RoutingStatus
from chatplatform.selectors import dashboard
from chatplatform.selectors.dashboard import Today, Working
from tests import make
from tests.admin.conftest import Visitor
from tests.plans import read_through

NOON = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)
WARSAW = ZoneInfo("Europe/Warsaw")


def began(organization: Organization, at: datetime, **values: Any) -> Chat:
    """Make a chat whose thread began then."""
    chat = make.chat(make.customer(organization))
    Thread.objects.filter(chat=chat).update(created_at=at, **values)
    return chat


def said(chat: Chat, by: Customer | Agent, at: datetime, **more: Any) -> None:
    """Have somebody say something then."""
    make.event(chat, by, **more)
    newest = Event.objects.filter(thread__chat=chat).order_by("-position").first()
    assert newest is not None
    Event.objects.filter(pk=newest.pk).update(created_at=at)


def connect(agent: Agent, status: str = RoutingStatus.ACCEPTING, *, away: bool = False) -> None:
    """Let an agent be there."""
    Agent.objects.filter(pk=agent.pk).update(routing_status=status)
    ConnectionLease.objects.create(
        connection_id=f"c{agent.pk}",
        organization_id=agent.organization_id,
        user_id=agent.public_id,
        expires_at=clock.now() + timedelta(minutes=1),
        away=away,
    )


class TestHours:
    def test_chats_are_counted_in_the_hour_they_began(self, acme: Organization):
        for hour, minute in ((0, 0), (9, 5), (9, 59), (12, 29)):
            began(acme, NOON.replace(hour=hour, minute=minute))

        hours = dashboard.hours(acme.pk, NOON, UTC)

        assert len(hours) == 24
        counted = {hour.starts.hour: hour.today for hour in hours if hour.today}
        assert counted == {0: 1, 9: 2, 12: 1}

    def test_hours_that_have_not_begun_have_no_number(self, acme: Organization):
        hours = dashboard.hours(acme.pk, NOON, UTC)

        assert [hour.today for hour in hours] == [0] * 13 + [None] * 11

    def test_beside_them_stands_the_same_weekday_last_week(self, acme: Organization):
        week_ago = NOON - timedelta(days=7)
        began(acme, week_ago.replace(hour=23))
        began(acme, week_ago - timedelta(days=1))
        began(acme, NOON - timedelta(days=6))

        hours = dashboard.hours(acme.pk, NOON, UTC)

        assert {hour.starts.hour: hour.week_ago for hour in hours if hour.week_ago} == {23: 1}

    def test_of_last_week_no_more_is_compared_than_of_today(
        self, acme: Organization, owner: Visitor, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(clock, "now", lambda: NOON)
        for minute in (29, 31):
            began(acme, NOON.replace(minute=minute) - timedelta(days=7))
        began(acme, NOON - timedelta(days=8))
        began(make.organization("Globex"), NOON - timedelta(days=7, hours=1))

        html = owner.get("overview/", part="board").content.decode()

        assert "0 began today; by this time a week ago, 1." in html

    def test_last_week_is_what_clocks_showed_then(self, acme: Organization):
        """They were put back in between."""
        now = datetime(2026, 10, 26, 12, 30, tzinfo=WARSAW)
        for minute in (29, 31):
            began(acme, datetime(2026, 10, 19, 12, minute, tzinfo=WARSAW))

        assert dashboard.begun_week_ago(acme.pk, now.astimezone(UTC), WARSAW) == 1

    def test_the_day_is_that_of_ones_own_clock(self, acme: Organization):
        began(acme, datetime(2026, 6, 14, 22, 30, tzinfo=UTC))

        assert dashboard.hours(acme.pk, NOON, UTC)[0].today == 0
        assert dashboard.hours(acme.pk, NOON, WARSAW)[0].today == 1

    @pytest.mark.parametrize(
        ("day", "count"),
        [
            (datetime(2026, 3, 29, 12, tzinfo=UTC), 23),
            (datetime(2026, 10, 25, 12, tzinfo=UTC), 24),
        ],
    )
    def test_days_on_which_clocks_change_lose_nothing(
        self, acme: Organization, day: datetime, count: int
    ):
        midnight = day.astimezone(WARSAW).replace(hour=0)
        utc = midnight.astimezone(UTC)
        for hour in range(12):
            began(acme, utc + timedelta(hours=hour, minutes=30))

        hours = dashboard.hours(acme.pk, utc + timedelta(hours=12), WARSAW)

        assert len(hours) == count
        assert sum(hour.today or 0 for hour in hours) == 12

    def test_others_chats_are_not_counted(self, acme: Organization):
        began(make.organization("Globex"), NOON)

        assert not any(hour.today for hour in dashboard.hours(acme.pk, NOON, UTC))


class TestFirstAnswers:
    def test_nothing_is_made_up_where_nobody_asked(self, acme: Organization):
        assert dashboard.today(acme.pk, NOON, UTC) == Today()

    def test_it_is_the_time_from_the_first_question_to_the_first_answer(self, acme: Organization):
        agent = make.agent(acme)
        for seconds in (10, 20, 60):
            customer = make.customer(acme)
            chat = make.chat(agent, users=[(str(customer.pk), "customer")])
            Thread.objects.filter(chat=chat).update(created_at=NOON - timedelta(hours=1))
            said(chat, agent, NOON - timedelta(seconds=90))
            said(chat, customer, NOON)
            said(chat, customer, NOON + timedelta(seconds=1))
            said(chat, agent, NOON + timedelta(seconds=2), visibility="agents")
            said(chat, agent, NOON + timedelta(seconds=seconds))
            said(chat, agent, NOON + timedelta(seconds=seconds + 1))

        found = dashboard.today(acme.pk, NOON, UTC)

        assert (found.asked, found.answered) == (3, 3)
        assert found.median_seconds == 20
        assert found.slow_seconds == pytest.approx(52)

    def test_questions_without_an_answer_are_counted(self, acme: Organization):
        chat = began(acme, NOON)
        assert chat.customer is not None
        said(chat, chat.customer, NOON)

        found = dashboard.today(acme.pk, NOON, UTC)

        assert (found.asked, found.answered, found.median_seconds) == (1, 0, None)

    def test_yesterdays_do_not_count(self, acme: Organization):
        chat = began(acme, NOON - timedelta(days=1))
        assert chat.customer is not None
        said(chat, chat.customer, NOON)

        assert dashboard.today(acme.pk, NOON, UTC) == Today()

    def test_no_more_are_looked_at_than_said(
        self, acme: Organization, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(dashboard, "LOOKED_AT", 2)
        for minutes, score in ((3, 0), (2, 1), (1, 1)):
            rated = {"rating": {"score": score}}
            began(acme, NOON - timedelta(minutes=minutes), properties=rated)

        found = dashboard.today(acme.pk, NOON, UTC)

        assert (found.good, found.bad, found.is_partial) == (2, 0, True)


def test_ratings_are_those_of_todays_chats(acme: Organization):
    for score in (1, 1, 0):
        began(acme, NOON, properties={"rating": {"score": score}})
    began(acme, NOON, properties={"rating": {"comment": "Well"}})
    began(acme, NOON - timedelta(days=2), properties={"rating": {"score": 0}})

    found = dashboard.today(acme.pk, NOON, UTC)

    assert (found.good, found.bad, found.rated) == (2, 1, 3)


def test_who_waits_is_counted_and_for_how_long(acme: Organization):
    assert dashboard.waiting(acme.pk) == dashboard.Waiting(0, None)
    for minutes in (4, 9):
        chat = began(acme, NOON)
        queued = NOON - timedelta(minutes=minutes)
        Thread.objects.filter(chat=chat).update(queued_at=queued)

    assert dashboard.waiting(acme.pk) == dashboard.Waiting(2, NOON - timedelta(minutes=9))
    assert dashboard.waiting(make.organization("Globex").pk).number == 0


def test_customers_on_the_pages_are_counted(acme: Organization):
    here, _gone = make.customer(acme), make.customer(acme)
    Customer.objects.filter(pk=here.pk).update(online_since=NOON)

    assert dashboard.visitors(acme.pk) == 1
    assert dashboard.visitors(make.organization("Globex").pk) == 0


class TestStaff:
    def test_each_is_shown_as_they_are(self, acme: Organization):
        ann = make.agent(acme, name="Ann", email="ann@acme.example")
        bob = make.agent(acme, name="Bob", email="bob@acme.example")
        cat = make.agent(acme, name="Cat", email="cat@acme.example")
        make.agent(acme, name="Dan")
        make.agent(make.organization("Globex"), name="Eve")
        connect(ann)
        connect(bob, RoutingStatus.NOT_ACCEPTING)
        connect(cat, away=True)
        make.chat(ann, users=[(str(make.customer(acme).pk), "customer")])

        found = dashboard.staff(acme.pk)

        assert found.there == [
            Working("ann@acme.example", "Ann", False, "accepting", 1, 6),
            Working("bob@acme.example", "Bob", False, "not_accepting", 0, 6),
            Working("cat@acme.example", "Cat", False, "away", 0, 6),
        ]
        assert (found.offline, found.chats) == (1, 1)

    def test_suspended_agents_are_not_missed(self, acme: Organization):
        agent = make.agent(acme)
        Agent.objects.filter(pk=agent.pk).update(suspended=True)

        assert dashboard.staff(acme.pk).offline == 0


def test_addresses_that_fail_are_named(acme: Organization, owner: Visitor):
    application = make.application(acme)
    for name in ("works", "fails", "gone"):
        make.webhook(application, "tag_created", url=f"https://{name}.example/")
    foreign = make.webhook(
        make.application(make.organization("Globex")), url="https://foreign.example/"
    )
    endpoints = WebhookEndpoint.objects
    endpoints.filter(url="https://fails.example/").update(failing_since=NOON, failures=3)
    endpoints.filter(url="https://gone.example/").update(disabled_at=NOON)
    endpoints.filter(pk=foreign.endpoint_id).update(failing_since=NOON, failures=3)

    found = {one.url for one in dashboard.failing_endpoints(acme.pk)}

    assert found == {"https://fails.example/", "https://gone.example/"}
    html = owner.get("").content.decode()
    assert "https://fails.example/" in html
    assert "https://works.example/" not in html
    assert "https://foreign.example/" not in html


def test_one_is_led_from_an_address_that_fails_to_its_webhooks(acme: Organization, owner: Visitor):
    """What it failed to take waits for days: it is not given up yet."""
    application = make.application(acme)
    fails = make.webhook(application, url="https://fails.example/?a=1&b=%20")
    make.webhook(application, "tag_created", url="https://works.example/")
    WebhookEndpoint.objects.filter(pk=fails.endpoint_id).update(failing_since=NOON, failures=3)
    html = owner.get("overview/", part="board").content.decode()
    (link,) = re.findall(r'<a href="([^"]*)">https://fails', html)

    page = owner.client.get(unescape(link))

    assert list(page.context["cl"].result_list) == [fails]


class TestThePage:
    def test_the_part_that_changes_is_served_alone(self, owner: Visitor):
        html = owner.get("overview/", part="board").content.decode()

        assert "Waiting now" in html
        assert "<html" not in html

    def test_numbers_stand_beneath_the_picture(self, owner: Visitor, acme: Organization):
        began(acme, clock.now())

        html = owner.get("").content.decode()

        assert "<svg" in html
        assert html.count('<th scope="row">') >= 23
        assert "Same day last week" in html

    def test_the_picture_has_a_scale_and_a_clock(self, owner: Visitor, acme: Organization):
        for _ in range(3):
            began(acme, clock.now())

        html = owner.get("").content.decode()

        assert "<span>3</span><span>0</span>" in html
        assert html.index("Hours are those of UTC.") < html.index("<details id=")

    @pytest.mark.parametrize(
        ("seconds", "figure", "sentence"),
        [
            (0, "Under 1 s", "Nine of ten customers were answered within a second."),
            (
                20,
                "20 s",
                "Half of the customers waited no longer; nine of ten, no longer than 20 s.",
            ),
        ],
    )
    def test_answers_within_a_second_are_said_so(
        self, owner: Visitor, acme: Organization, seconds: int, figure: str, sentence: str
    ):
        agent, customer = make.agent(acme), make.customer(acme)
        chat = make.chat(agent, users=[(str(customer.pk), "customer")])
        now = clock.now()
        said(chat, customer, now)
        said(chat, agent, now + timedelta(seconds=seconds))

        html = owner.get("overview/", part="board").content.decode()

        assert f'<p class="figure">{figure}</p>' in html
        assert sentence in html

    def test_it_costs_the_same_however_much_there_is(self, owner: Visitor, acme: Organization):
        def reads() -> int:
            with CaptureQueriesContext(connection) as made:
                assert owner.get("overview/", part="board").status_code == 200
            return len(made)

        began(acme, clock.now())
        connect(make.agent(acme))
        reads()  # the first of a session notes that it is used
        few = reads()
        for _ in range(5):
            chat = began(acme, clock.now())
            assert chat.customer is not None
            said(chat, chat.customer, clock.now())
            connect(make.agent(acme))

        assert reads() == few


class TestThePlans:
    """What a year of chats would cost: nothing of it is read through."""

    CHATS = 6_000

    @pytest.fixture
    def year(self, acme: Organization) -> datetime:
        """A year of chats, of which today has few."""
        now = clock.now()
        customer = make.customer(acme)
        chats = [
            Chat(id=f"C{number:09}", organization=acme, customer=customer)
            for number in range(self.CHATS)
        ]
        Chat.objects.bulk_create(chats, batch_size=2_000)
        step = timedelta(days=365) / self.CHATS
        threads = [
            Thread(
                id=f"T{number:09}",
                organization=acme,
                chat=chat,
                number=1,
                active=False,
                created_at=now - step * number,
            )
            for number, chat in enumerate(chats)
        ]
        Thread.objects.bulk_create(threads, batch_size=2_000)
        events = [
            Event(
                organization=acme,
                thread=thread,
                position=1,
                sequence=1,
                type="message",
                author_id=str(customer.pk),
                created_at=thread.created_at,
            )
            for thread in threads
        ]
        Event.objects.bulk_create(events, batch_size=2_000)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        return now

    def test_no_read_goes_through_all_threads_or_events(self, acme: Organization, year: datetime):
        with CaptureQueriesContext(connection) as made:
            dashboard.hours(acme.pk, year, UTC)
            dashboard.begun_week_ago(acme.pk, year, UTC)
            dashboard.today(acme.pk, year, UTC)
            dashboard.waiting(acme.pk)

        assert len(made) == 5
        for query in made:
            assert read_through(query["sql"], "chatplatform_thread", "chatplatform_event") == set()
