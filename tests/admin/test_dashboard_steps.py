"""The first steps on the overview: what is done, what one may do, and when they go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform import clock
from chatplatform.models import Agent, Customer, Organization, Visit
from chatplatform.models.people import AgentRole
from chatplatform.selectors.first_steps import FirstSteps, first_steps
from tests import make
from tests.admin.conftest import Visitor

DEMO = "/demo/"
HOURS = {"timezone": "UTC", "schedule": []}


def opened(organization: Organization, url: str) -> None:
    """Have a customer open a page with the widget."""
    customer = make.customer(organization)
    page = {"url": url, "title": "", "opened_at": clock.to_wire(clock.now())}
    visit = Visit.objects.create(customer=customer, last_pages=[page])
    Customer.objects.filter(pk=customer.pk).update(last_visit=visit)


def titles(visitor: Visitor) -> list[tuple[str, bool]]:
    """Return the steps somebody is shown, and which are done."""
    return [(str(one.title), one.is_done) for one in visitor.get("").context["steps"]]


class TestWhatIsDone:
    def test_nothing_in_a_new_organisation(self, acme: Organization):
        make.agent(acme)

        assert first_steps(acme, DEMO) == FirstSteps(False, False, False)

    @pytest.mark.parametrize(
        ("url", "seen"),
        [("https://shop.example/", True), ("https://chat.example/demo/?organization_id=1", False)],
    )
    def test_the_widget_is_seen_on_a_page_of_their_own(
        self, acme: Organization, url: str, seen: bool
    ):
        opened(acme, url)

        found = first_steps(acme, DEMO)

        assert found == FirstSteps(seen, False, False)

    def test_somebody_besides_who_began_is_there(self, acme: Organization):
        make.agent(acme)
        make.agent(acme)
        make.agent(make.organization("Globex"))

        assert first_steps(acme, DEMO) == FirstSteps(False, True, False)

    def test_a_group_says_who_answers(self, acme: Organization):
        make.group(acme)

        assert first_steps(acme, DEMO) == FirstSteps(False, False, True)

    def test_hours_say_when(self, acme: Organization):
        Agent.objects.filter(pk=make.agent(acme).pk).update(work_scheduler=HOURS)

        assert first_steps(acme, DEMO) == FirstSteps(False, False, True)

    def test_a_rule_of_routing_says_it(self, acme: Organization):
        acme.properties = {"chats": {"manual_routing": True}}

        assert first_steps(acme, DEMO) == FirstSteps(False, False, True)

    def test_others_steps_are_not_ones_own(self, acme: Organization):
        other = make.organization("Globex")
        opened(other, "https://shop.example/")
        make.group(other)

        assert first_steps(acme, DEMO) == FirstSteps(False, False, False)


class TestTheOverview:
    def test_it_leads_a_new_organisation(self, owner: Visitor):
        assert titles(owner) == [
            ("Put the widget on your site", False),
            ("Invite your agents", False),
            ("Say who answers, and when", False),
        ]
        html = owner.get("").content.decode()
        assert 'href="/admin/website/install/">Put the widget on your site</a>' in html

    def test_one_is_led_to_what_opens(self, owner: Visitor):
        links = [one.link for one in owner.get("").context["steps"]]

        assert [owner.client.get(link).status_code for link in links] == [200, 200, 200]

    def test_what_one_may_not_do_is_not_asked(
        self, acme: Organization, visitor: Callable[..., Visitor], monkeypatch: pytest.MonkeyPatch
    ):
        administrator = visitor(acme, AgentRole.ADMINISTRATOR)
        refused: Any = staticmethod(lambda request: False)
        monkeypatch.setattr("configuration.admin.routing.RoutingPage.is_open_to", refused)

        assert [title for title, _ in titles(administrator)] == [
            "Put the widget on your site",
            "Invite your agents",
        ]

    def test_they_go_once_a_chat_has_begun(self, owner: Visitor, acme: Organization):
        make.chat(make.customer(acme))

        response = owner.get("")

        assert response.context["steps"] == []
        assert "First steps" not in response.content.decode()
