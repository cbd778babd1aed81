"""Bans in the admin: the API's own rules, the same consequences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chatplatform import clock
from chatplatform.domain_events.customers import CustomerBanned
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.models import Chat, CustomerBan, Organization
from chatplatform.requester import AgentRequester
from chatplatform.services import bans
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told
from tests.world import User

LIST = "chatplatform/customerban/"
ADD = f"{LIST}add/"


def ban(organization: Organization, **of: Any) -> CustomerBan:
    who = make.requester(make.agent(organization))
    assert isinstance(who, AgentRequester)
    bans.ban(who, seconds=3600, **of)
    return CustomerBan.objects.latest("pk")


def page(row: CustomerBan, name: str) -> str:
    return f"{LIST}{row.pk}/{name}/"


class TestBanning:
    def test_a_customer_is_turned_away_and_their_chat_closed(
        self, owner: Visitor, acme: Organization, carl: User, told: Told
    ):
        chat_id = carl.call("start_chat", continuous=True)["chat_id"]

        with told() as events:
            answer = owner.post(ADD, customer_id=carl.id, address="", days="3")

        assert answer.status_code == 302
        made = CustomerBan.objects.get(organization=acme)
        assert (str(made.customer_id), made.ip) == (carl.id, None)
        assert made.agent_id == owner.agent.public_id
        assert made.expires_at - made.created_at == timedelta(days=3)
        assert Chat.objects.get(id=chat_id).active_thread_id is None
        assert {CustomerBanned, SessionsEnded} <= {type(event) for event in events}

    def test_an_address_is_turned_away(self, owner: Visitor, acme: Organization):
        owner.post(ADD, customer_id="", address="192.0.2.99", days="1")

        made = CustomerBan.objects.get(organization=acme)
        assert (made.customer_id, made.ip) == (None, "192.0.2.99")

    def test_nobody_named_is_refused(self, owner: Visitor, told: Told):
        with told() as events:
            answer = owner.post(ADD, customer_id="", address="", days="1")

        assert errors(answer) == {"__all__": ["Name a customer, an address, or both."]}
        assert events == []

    def test_what_is_no_address_is_refused_beside_the_field(self, owner: Visitor, told: Told):
        with told() as events:
            answer = owner.post(ADD, customer_id="", address="here", days="1")

        assert errors(answer) == {"address": ["This is no IP address."]}
        assert not CustomerBan.objects.exists()
        assert events == []

    def test_another_organisations_customer_is_not_found(self, owner: Visitor, told: Told):
        foreign = make.customer(make.organization("Globex"))

        with told() as events:
            answer = owner.post(ADD, customer_id=str(foreign.pk), address="", days="1")

        assert errors(answer) == {"__all__": ["Customer not found"]}
        assert not CustomerBan.objects.exists()
        assert events == []


class TestLettingIn:
    def test_they_are_let_in_again_after_a_page_that_says_what_follows(
        self, owner: Visitor, acme: Organization
    ):
        row = ban(acme, customer_id=str(make.customer(acme).pk), ip="192.0.2.99")

        asked = owner.get(page(row, "unban"))
        answer = owner.post(page(row, "unban"))

        assert b"So can everybody else from 192.0.2.99." in asked.content
        assert answer.url == "/admin/chatplatform/customerban/"
        assert not CustomerBan.objects.exists()

    def test_several_are_let_in_at_once(self, owner: Visitor, acme: Organization):
        some = [ban(acme, ip="192.0.2.1"), ban(acme, ip="192.0.2.2")]
        ban(acme, ip="192.0.2.3")

        owner.post(LIST, action="unban", _selected_action=[one.pk for one in some], confirmed="yes")

        assert list(CustomerBan.objects.values_list("ip", flat=True)) == ["192.0.2.3"]

    def test_bans_that_are_over_are_not_listed(self, owner: Visitor, acme: Organization):
        ban(acme, ip="192.0.2.1")
        over = ban(acme, ip="192.0.2.2")
        CustomerBan.objects.filter(pk=over.pk).update(expires_at=clock.now())

        listed = owner.get(LIST).content

        assert b"192.0.2.1" in listed
        assert b"192.0.2.2" not in listed

    @pytest.mark.parametrize("where", ["list", "page"])
    def test_its_end_is_said_by_ones_own_clock(
        self, where: str, owner: Visitor, acme: Organization
    ):
        row = ban(acme, ip="192.0.2.1")
        end = clock.now().replace(microsecond=0) + timedelta(days=2)
        CustomerBan.objects.filter(pk=row.pk).update(expires_at=end)
        owner.client.cookies["admin-zone"] = "Asia/Kolkata"

        shown = owner.get(LIST if where == "list" else page(row, "change")).content.decode()

        there = end.astimezone(ZoneInfo("Asia/Kolkata"))
        assert f'title="{there:%Y-%m-%d %H:%M:%S} IST"' in shown


class TestOthers:
    def test_another_organisations_bans_are_not_there(self, owner: Visitor):
        foreign = ban(make.organization("Globex"), ip="192.0.2.77")

        assert b"192.0.2.77" not in owner.get(LIST).content
        assert owner.post(page(foreign, "unban")).status_code == 302
        owner.post(LIST, action="unban", _selected_action=[foreign.pk], confirmed="yes")
        assert CustomerBan.objects.filter(pk=foreign.pk).exists()
