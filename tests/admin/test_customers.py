"""Customers in the admin: found, exported and erased."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import orjson
import pytest
from django.db import connection
from django.db.models.signals import pre_delete
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.models import AuditEntry, Chat, Customer, ExternalIdentity, Organization, Visit
from chatplatform.selectors import customer_search
from configuration.admin.customers import CustomerNoun
from tests import make
from tests.admin.conftest import Visitor
from tests.plans import read_through

LIST = "chatplatform/customer/"


@pytest.fixture
def zara(acme: Organization) -> Customer:
    made = make.customer(acme, name="Zara Quix", email="zara@quix.example")
    make.chat(made, texts=["I am Zara"])
    ExternalIdentity.objects.create(organization=acme, external_id="user-77", customer=made)
    return made


def page(customer: Customer, name: str) -> str:
    return f"{LIST}{customer.pk}/{name}/"


def listed(visitor: Visitor, **sought: Any) -> list[Customer]:
    """Return whom the list shows."""
    found: list[Customer] = visitor.get(LIST, **sought).context["cl"].result_list
    return found


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


class TestFinding:
    @pytest.mark.parametrize("sought", ["Quix", "zara@QUIX", "user-77", "id"])
    def test_by_name_address_and_ids(
        self, sought: str, owner: Visitor, zara: Customer, acme: Organization
    ):
        make.customer(acme, name="Otto Other")

        found = owner.get(LIST, q=str(zara.pk) if sought == "id" else sought).content.decode()

        assert "Zara Quix" in found
        assert "Otto Other" not in found

    def test_of_old_customers_only_by_what_is_theirs_alone(
        self, owner: Visitor, zara: Customer, acme: Organization, monkeypatch: pytest.MonkeyPatch
    ):
        """Nothing finds a part of a name but looking at each."""
        monkeypatch.setattr(customer_search, "SEARCHED", 2)
        yan, xenia = (make.customer(acme, name=name) for name in ("Yan Quix", "Xenia Quix"))

        assert listed(owner, q="Quix") == [xenia, yan]
        for whole in (str(zara.pk), "user-77", "Zara@quix.example"):
            assert listed(owner, q=whole) == [zara]

    def test_of_all_organisations_by_id(
        self, superuser: Visitor, zara: Customer, acme: Organization
    ):
        make.customer(make.organization("Globex"), name="Foreign Frida")

        assert listed(superuser, q=str(zara.pk)) == [zara]
        assert listed(superuser, q="Frida") == []
        assert len(listed(superuser)) == 2

    def test_the_details_can_be_read_and_not_changed(self, owner: Visitor, zara: Customer):
        shown = owner.get(page(zara, "change"))

        assert b"zara@quix.example" in shown.content
        assert b"user-77" in shown.content
        owner.post(page(zara, "change"), name="Other")
        zara.refresh_from_db()
        assert zara.name == "Zara Quix"

    def test_where_they_came_from_last_is_shown(self, owner: Visitor, zara: Customer):
        zara.last_visit = Visit.objects.create(customer=zara, ip="198.51.100.7")
        zara.save()

        shown = owner.get(page(zara, "change")).content

        assert b"198.51.100.7" in shown

    @pytest.mark.parametrize("where", ["list", "page"])
    def test_when_they_came_last_is_said_by_ones_own_clock(
        self, where: str, owner: Visitor, zara: Customer
    ):
        at = clock.from_wire("2026-06-15T22:30:00Z")
        Customer.objects.filter(pk=zara.pk).update(last_seen_at=at)  # the visit may have gone
        owner.client.cookies["admin-zone"] = "Europe/Warsaw"

        shown = owner.get(LIST if where == "list" else page(zara, "change")).content.decode()

        assert 'title="2026-06-16 00:30:00 CEST"' in shown

    def test_who_goes_is_said_by_name(self, owner: Visitor, zara: Customer):
        assert b"Zara Quix" in owner.get(page(zara, "erase")).content


class TestTheList:
    @pytest.fixture
    def five(self, acme: Organization) -> list[Customer]:
        """Customers, the newest first; three of them came at the same moment."""
        made = [make.customer(acme, name=f"Kim {number}") for number in range(5)]
        moment = clock.from_wire("2026-06-15T12:00:00.000001Z")
        for customer, later in zip(made, (1, 0, 0, 0, -1), strict=True):
            customer.created_at = moment + timedelta(microseconds=later)
            customer.save()
        return sorted(made, key=lambda one: (one.created_at, one.pk), reverse=True)

    @pytest.mark.parametrize("sought", ["", "Kim"])
    def test_one_page_leads_to_the_next_and_back(
        self,
        sought: str,
        owner: Visitor,
        five: list[Customer],
        monkeypatch: pytest.MonkeyPatch,
    ):
        monkeypatch.setattr(CustomerNoun, "list_per_page", 2)

        pages = [owner.get(LIST, q=sought).context["cl"]]
        while pages[-1].older_query:
            pages.append(owner.get(LIST + pages[-1].older_query).context["cl"])
        back = [owner.get(LIST + pages[-1].newer_query).context["cl"]]
        back.append(owner.get(LIST + back[0].newer_query).context["cl"])

        assert [page.result_list for page in pages] == [five[:2], five[2:4], five[4:]]
        assert [page.result_list for page in back] == [five[2:4], five[:2]]
        assert back[1].newer_query == ""

    def test_who_may_be_looked_for_is_said(self, owner: Visitor, superuser: Visitor):
        for visitor, hint in ((owner, "of the newest 20,000"), (superuser, "Their whole id.")):
            html = visitor.get(LIST).text
            assert re.search(r'<input type="search"[^>]* aria-describedby="id_q_helptext"', html)
            assert hint in html

    @pytest.mark.parametrize("key", ["1", "_", "2026-06-15_1", "x" * 5000])
    def test_what_is_no_place_begins_at_the_newest(
        self, key: str, owner: Visitor, five: list[Customer]
    ):
        assert listed(owner, before=key) == listed(owner, after=key) == five

    def test_those_of_all_organisations_have_pages_too(
        self, superuser: Visitor, five: list[Customer], monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(CustomerNoun, "list_per_page", 3)

        first = superuser.get(LIST).context["cl"]
        second = superuser.get(LIST + first.older_query).context["cl"]
        back = superuser.get(LIST + second.newer_query).context["cl"]

        assert {*first.result_list, *second.result_list} == {*five}
        assert back.result_list == first.result_list

    @pytest.mark.parametrize("sought", ["", "Kim"])
    def test_nothing_is_counted(self, sought: str, owner: Visitor, five: list[Customer]):
        with CaptureQueriesContext(connection) as made:
            assert listed(owner, q=sought, o="1") == five

        asked = [query["sql"] for query in made if 'FROM "chatplatform_customer"' in query["sql"]]
        assert asked
        assert not [sql for sql in asked if "COUNT(" in sql.upper()]


class TestThePlans:
    """What many customers would cost: each way to find them has an index, and reads a page."""

    CUSTOMERS = 20_000

    @pytest.fixture
    def many(self, acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
        """A year of customers, most of them somebody else's."""
        monkeypatch.setattr(customer_search, "SEARCHED", 100)
        now, step = clock.now(), timedelta(days=365) / self.CUSTOMERS
        globex = make.organization("Globex")
        Customer.objects.bulk_create(
            (
                Customer(
                    organization=globex if number % 4 else acme,
                    name=f"Customer {number}",
                    email=f"{number}@example.com",
                    created_at=now - step * number,
                )
                for number in range(self.CUSTOMERS)
            ),
            batch_size=2_000,
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    @pytest.mark.parametrize("sought", ["", "Customer", "19996@example.com", "user-77"])
    def test_no_page_reads_through_the_customers(self, sought: str, acme: Organization, many: None):
        newest = Customer.objects.filter(organization=acme).order_by("-created_at")[51]

        with CaptureQueriesContext(connection) as made:
            customer_search.page(acme.pk, sought, limit=51)
            customer_search.page(acme.pk, sought, limit=51, before=customer_search.place_of(newest))

        assert len(made) == (8 if sought else 2)
        for query in made:
            assert read_through(query["sql"], "chatplatform_customer") == set()


class TestExporting:
    def test_what_is_in_it_is_said_before(self, owner: Visitor, zara: Customer):
        asked = owner.get(page(zara, "export")).content.decode()

        assert "1 chat" in asked
        assert not AuditEntry.objects.filter(action="export_customer").exists()

    def test_the_archive_is_downloaded(self, owner: Visitor, zara: Customer):
        answer = owner.post(page(zara, "export"))

        assert answer.headers["Content-Disposition"].startswith("attachment")
        archive = ZipFile(BytesIO(body(answer)))
        held = orjson.loads(archive.read("data.json"))
        assert held["customer"][0]["email"] == "zara@quix.example"
        entry = AuditEntry.objects.get(action="export_customer")
        assert (entry.user_id, entry.door) == (owner.agent.public_id, "admin")
        assert (entry.address, entry.user_agent) == ("192.0.2.7", "Lynx")

    @pytest.mark.django_db(transaction=True)
    def test_nobody_waits_while_it_is_written(self, owner: Visitor, zara: Customer):
        """On SQLite a transaction keeps all others from writing, also one that only reads."""
        reading: list[bool] = []

        def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
            if sql.startswith("SELECT") and 'FROM "chatplatform_event"' in sql:
                reading.append(connection.in_atomic_block)
            return execute(sql, *rest)

        with connection.execute_wrapper(watch):
            answer = owner.post(page(zara, "export"))

        assert ZipFile(BytesIO(body(answer))).testzip() is None
        assert set(reading) == {False}
        assert AuditEntry.objects.filter(action="export_customer").count() == 1


@pytest.mark.parametrize("deed", ["export", "erase"])
def test_asking_looks_at_no_calls_to_webhooks(deed: str, owner: Visitor, zara: Customer):
    """There may be very many, and none is found but by looking at all."""
    with CaptureQueriesContext(connection) as queries:
        asked = owner.get(page(zara, deed))

    assert b"alls to webhooks" in asked.content
    assert not [one for one in queries if "chatplatform_webhookdelivery" in one["sql"]]


class TestErasing:
    def test_what_goes_is_named_before(self, owner: Visitor, zara: Customer):
        asked = owner.get(page(zara, "erase")).content.decode()

        assert "1 chat" in asked
        assert "It can not be undone." in asked
        assert Customer.objects.filter(pk=zara.pk).exists()

    def test_nothing_is_left(self, owner: Visitor, zara: Customer):
        answer = owner.post(page(zara, "erase"), follow=True)

        assert b"Nothing is held on the customer any more." in answer.content
        assert not Customer.objects.filter(pk=zara.pk).exists()
        entry = AuditEntry.objects.get(action="erase_customer")
        assert (entry.user_id, entry.door) == (owner.agent.public_id, "admin")

    @pytest.mark.django_db(transaction=True)
    def test_what_was_done_before_it_broke_off_stays_done(self, owner: Visitor, zara: Customer):
        """It goes in short transactions, for others wait for each; none of them is around all."""
        owner.client.raise_request_exception = False

        def break_off(**told: Any) -> None:
            raise RuntimeError

        pre_delete.connect(break_off, sender=Customer)
        try:
            answer = owner.post(page(zara, "erase"))
        finally:
            pre_delete.disconnect(break_off, sender=Customer)

        zara.refresh_from_db()
        assert answer.status_code == 500
        assert (zara.name, zara.email) == ("", "")
        assert Chat.objects.get().anonymized

        owner.post(page(zara, "erase"))
        assert not Customer.objects.filter(pk=zara.pk).exists()


class TestOthers:
    @pytest.mark.parametrize("deed", ["export", "erase"])
    def test_another_organisations_customer_is_not_there(
        self, deed: str, owner: Visitor, acme: Organization
    ):
        foreign = make.customer(make.organization("Globex"), name="Foreign Frida")

        assert b"Foreign Frida" not in owner.get(LIST).content
        assert owner.get(page(foreign, deed)).status_code == 302
        assert owner.post(page(foreign, deed)).status_code == 302
        assert Customer.objects.filter(pk=foreign.pk).exists()
        assert not AuditEntry.objects.filter(action__endswith="_customer").exists()

    @pytest.mark.parametrize("deed", ["export", "erase"])
    def test_a_normal_agent_does_not_get_in(
        self, deed: str, acme: Organization, visitor: Callable[..., Visitor], zara: Customer
    ):
        agent = visitor(acme, "normal")

        assert agent.get(LIST).status_code == 302
        assert agent.post(page(zara, deed)).status_code == 302
        assert Customer.objects.filter(pk=zara.pk).exists()
