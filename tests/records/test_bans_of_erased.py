"""What becomes of bans when somebody is erased, or is kept no longer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from chatplatform import clock
from chatplatform.models import AuditEntry, Customer, CustomerBan, Organization, Visit
from chatplatform.requester import AgentRequester
from chatplatform.services import bans, customer_data, expiry
from chatplatform.services.customer_data import ERASED
from tests import make
from tests.world import World

LogOf = Callable[[Callable[[], object]], list[AuditEntry]]

ADDRESS = "203.0.113.87"
LONG_AGO = clock.now() - timedelta(days=400)


@pytest.fixture
def who(acme: Organization) -> AgentRequester:
    """An administrator."""
    found = make.requester(make.agent(acme, "administrator"))
    assert isinstance(found, AgentRequester)
    return found


@pytest.fixture
def zara(acme: Organization) -> Customer:
    """A customer who came from an address that others come from, too."""
    made = make.customer(acme, name="Zara")
    Visit.objects.create(customer=made, ip=ADDRESS, started_at=LONG_AGO, ended_at=LONG_AGO)
    Customer.objects.update(created_at=LONG_AGO)
    return made


def of_other(acme: Organization, who: AgentRequester) -> CustomerBan:
    """Ban another customer along with the address."""
    other = make.customer(acme, name="Otto")
    bans.ban(who, seconds=3_600, customer_id=str(other.pk), ip=ADDRESS)
    return CustomerBan.objects.get(customer=other)


class TestErasing:
    def test_lifts_a_ban_of_theirs_and_says_so(
        self, acme: Organization, who: AgentRequester, zara: Customer, log_of: LogOf
    ):
        bans.ban(who, seconds=3_600, customer_id=str(zara.pk), ip=ADDRESS)

        lifted, erased = log_of(lambda: customer_data.erase(acme.pk, str(zara.pk)))

        assert not CustomerBan.objects.exists()
        assert (lifted.action, lifted.subject_id) == ("unban_customer", str(zara.pk))
        assert lifted.before["with_address"] is True
        assert erased.action == "erase_customer"

    def test_lifts_a_ban_of_an_address_alone_and_says_so_without_it(
        self, acme: Organization, who: AgentRequester, zara: Customer, log_of: LogOf
    ):
        bans.ban(who, seconds=3_600, ip=ADDRESS)

        lifted, erased = log_of(lambda: customer_data.erase(acme.pk, str(zara.pk)))

        assert not CustomerBan.objects.exists()
        assert (lifted.action, lifted.subject_type, lifted.subject_id) == (
            "unban_customer",
            "address",
            ERASED,
        )
        assert erased.action == "erase_customer"
        assert not AuditEntry.objects.filter(subject_id=ADDRESS).exists()

    def test_leaves_a_ban_of_another_customer(
        self, acme: Organization, who: AgentRequester, zara: Customer, log_of: LogOf
    ):
        theirs = of_other(acme, who)

        (entry,) = log_of(lambda: customer_data.erase(acme.pk, str(zara.pk)))

        assert entry.action == "erase_customer"
        assert list(CustomerBan.objects.values_list("pk", "ip")) == [(theirs.pk, ADDRESS)]

    def test_leaves_a_ban_of_another_organisation(
        self, acme: Organization, zara: Customer, log_of: LogOf
    ):
        globex = make.organization("Globex")
        there = make.requester(make.agent(globex, "administrator"))
        assert isinstance(there, AgentRequester)
        bans.ban(there, seconds=3_600, ip=ADDRESS)

        (entry,) = log_of(lambda: customer_data.erase(acme.pk, str(zara.pk)))

        assert entry.action == "erase_customer"
        assert CustomerBan.objects.get().organization == globex

    def test_says_nothing_of_a_ban_that_was_over(
        self, acme: Organization, who: AgentRequester, zara: Customer, log_of: LogOf
    ):
        bans.ban(who, seconds=3_600, ip=ADDRESS)
        CustomerBan.objects.update(expires_at=LONG_AGO)

        (entry,) = log_of(lambda: customer_data.erase(acme.pk, str(zara.pk)))

        assert entry.action == "erase_customer"
        assert not CustomerBan.objects.exists()


class TestWhoIsKeptNoLonger:
    @pytest.mark.parametrize("of", ["the address", "another customer"])
    def test_leaves_bans_and_what_the_log_says_of_them(
        self, of: str, world: World, acme: Organization, who: AgentRequester, zara: Customer
    ):
        if of == "the address":
            bans.ban(who, seconds=3_600, ip=ADDRESS)
        else:
            of_other(acme, who)
        log = list(AuditEntry.objects.order_by("id").values())
        held = list(CustomerBan.objects.values())
        acme.retention = {"customers": 30}
        acme.save()

        world.act(expiry.forget_old)

        assert not Customer.objects.filter(pk=zara.pk).exists()
        assert list(CustomerBan.objects.values()) == held
        assert list(AuditEntry.objects.order_by("id").values()) == log
