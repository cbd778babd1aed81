"""What is kept for so many days goes when they are over, and nothing that is in use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection

from chatplatform import clock
from chatplatform.models import (
    ArchiveFact,
    AuditEntry,
    Chat,
    Customer,
    Event,
    Organization,
    Thread,
    UploadedFile,
    Visit,
)
from chatplatform.services import archives, audit, customer_data, expiry, files, retention
from tests import make
from tests.world import User, World

LONG_AGO = clock.now() - timedelta(days=400)
DAYS = 30


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Any) -> None:
    """Keep uploads where nobody else's are."""
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def keep(acme: Organization) -> Callable[[str], None]:
    """Return how to keep a noun for 30 days."""

    def change(noun: str) -> None:
        acme.retention = {noun: DAYS}
        acme.save()

    return change


def unseen(customer: Customer) -> None:
    """Let a customer have been here long ago, and never since."""
    Customer.objects.filter(pk=customer.pk).update(
        created_at=LONG_AGO,
        online_since=None,
        customer_spoke_at=LONG_AGO,
        agent_spoke_at=LONG_AGO,
        last_seen_at=LONG_AGO,
    )
    Visit.objects.filter(customer=customer).update(started_at=LONG_AGO, ended_at=LONG_AGO)


def run(world: World) -> None:
    world.act(expiry.forget_old)


def test_nothing_goes_where_nothing_is_said(world: World, ann: User, carl: User):
    carl.call("start_chat")
    carl.call("deactivate_chat", id=Chat.objects.get().id)
    unseen(Customer.objects.get())
    Thread.objects.update(created_at=LONG_AGO)
    AuditEntry.objects.update(at=LONG_AGO)

    with world.nothing_changes():
        run(world)


class TestCustomers:
    def test_who_was_not_seen_is_erased_without_an_entry(
        self, world: World, acme: Organization, keep: Callable[[str], None]
    ):
        old, new = make.customer(acme, name="Old"), make.customer(acme, name="New")
        chat = make.chat(old, texts=["words"], active=False)
        unseen(old)
        keep("customers")
        known = AuditEntry.objects.count()

        run(world)

        assert list(Customer.objects.all()) == [new]
        chat.refresh_from_db()
        assert chat.anonymized
        assert AuditEntry.objects.count() == known

    def test_who_talks_stays(self, world: World, acme: Organization, keep: Callable[[str], None]):
        talking = make.customer(acme)
        make.chat(talking, texts=["words"])
        unseen(talking)
        keep("customers")

        run(world)

        assert list(Customer.objects.all()) == [talking]

    def test_who_is_here_stays(self, world: World, carl: User, keep: Callable[[str], None]):
        Customer.objects.update(created_at=LONG_AGO)
        keep("customers")

        with world.nothing_changes():
            run(world)

    def test_who_was_here_lately_stays_when_the_visit_has_gone(
        self, world: World, acme: Organization, carl: User
    ):
        Customer.objects.update(created_at=LONG_AGO)
        acme.retention = {"visits": 7, "customers": 365}
        acme.save()
        world.lose(carl)

        with time_machine.travel(clock.now() + timedelta(days=8)):
            run(world)
            assert not Visit.objects.exists()
            run(world)

            assert [str(one.pk) for one in Customer.objects.all()] == [carl.id]

    def test_who_was_here_long_ago_goes_when_the_visit_has_gone(
        self, world: World, acme: Organization, carl: User
    ):
        acme.retention = {"visits": 7, "customers": 365}
        acme.save()
        world.lose(carl)

        with time_machine.travel(clock.now() + timedelta(days=8)):
            run(world)
        with time_machine.travel(clock.now() + timedelta(days=366)):
            run(world)

        assert not Customer.objects.exists()

    def test_one_who_can_not_be_erased_holds_up_no_other(
        self,
        world: World,
        acme: Organization,
        keep: Callable[[str], None],
        monkeypatch: pytest.MonkeyPatch,
    ):
        first, second, third = (make.customer(acme, name=name) for name in "ABC")
        for one in (first, second, third):
            unseen(one)
        really = customer_data.forget

        def forget(organization_id: Any, customer_id: str, still: Any) -> bool:
            if customer_id == str(first.pk):
                raise PermissionError("refused")
            return really(organization_id, customer_id, still)

        monkeypatch.setattr(customer_data, "forget", forget)
        monkeypatch.setattr(expiry, "AT_ONCE", 10)
        keep("customers")

        run(world)

        assert list(Customer.objects.all()) == [first]


class TestVisits:
    def test_old_ones_go_and_the_customer_stays(
        self, world: World, carl: User, keep: Callable[[str], None]
    ):
        customer = Customer.objects.get()
        old = Visit.objects.create(customer=customer, started_at=LONG_AGO, ended_at=LONG_AGO)
        keep("visits")

        run(world)

        assert not Visit.objects.filter(pk=old.pk).exists()
        assert list(customer.visits.all()) == [customer.last_visit]

    def test_one_that_lasts_stays(self, world: World, carl: User, keep: Callable[[str], None]):
        Visit.objects.update(started_at=LONG_AGO)
        keep("visits")

        with world.nothing_changes():
            run(world)


class TestWhatThreadsTellOfVisits:
    CAME = {"referrer": "https://search.example/?q=shoes", "start_url": "https://shop.example/"}

    def _chat(self, world: World, acme: Organization) -> tuple[User, str]:
        carl = world.customer(acme, "carl", online=False)
        page = {"url": self.CAME["start_url"], "title": "Shop"}
        carl.login(customer_page=page, referrer=self.CAME["referrer"])
        chat_id = str(carl.call("start_chat")["chat_id"])
        return carl, chat_id

    def test_goes_with_visits_so_old(
        self, world: World, ann: User, acme: Organization, keep: Callable[[str], None]
    ):
        carl, chat_id = self._chat(world, acme)
        carl.call("deactivate_chat", id=chat_id)
        Thread.objects.update(created_at=LONG_AGO)
        before = ann.call("get_chat", chat_id=chat_id)["thread"]
        assert before["customer_visit"].keys() >= {"ip", "user_agent"}
        keep("visits")

        run(world)

        after = ann.call("get_chat", chat_id=chat_id)["thread"]
        del before["customer_visit"]
        for name, value in self.CAME.items():
            assert before["properties"]["routing"].pop(name) == value
        assert after == before

    def test_no_archive_is_found_by_its_country_then(
        self, world: World, ann: User, acme: Organization, keep: Callable[[str], None]
    ):
        carl, chat_id = self._chat(world, acme)
        carl.call("deactivate_chat", id=chat_id)
        Thread.objects.update(
            created_at=LONG_AGO, customer_visit={"geolocation": {"country_code": "PL"}}
        )
        archives.index_due()
        assert ArchiveFact.objects.filter(kind="country").exists()
        keep("visits")

        run(world)

        assert not ArchiveFact.objects.filter(kind="country").exists()

    @pytest.mark.parametrize("why", ["young", "running"])
    def test_stays_while_the_thread_is(
        self,
        why: str,
        world: World,
        ann: User,
        acme: Organization,
        keep: Callable[[str], None],
    ):
        carl, chat_id = self._chat(world, acme)
        if why == "young":
            carl.call("deactivate_chat", id=chat_id)
        else:
            Thread.objects.update(created_at=LONG_AGO)
        keep("visits")

        with world.nothing_changes():
            run(world)

    def test_all_of_it_goes_a_few_at_a_time(
        self,
        world: World,
        acme: Organization,
        keep: Callable[[str], None],
        monkeypatch: pytest.MonkeyPatch,
    ):
        monkeypatch.setattr(expiry, "AT_ONCE", 2)
        monkeypatch.setattr(expiry, "CHATS_AT_ONCE", 1)
        for _ in range(5):
            make.chat(make.customer(acme), texts=["words"], active=False)
        Thread.objects.update(created_at=LONG_AGO, customer_visit={"ip": "192.0.2.7"})
        keep("visits")

        run(world)

        assert list(Thread.objects.values_list("customer_visit", flat=True)) == [{}] * 5

    def test_is_found_without_reading_those_it_has_gone_from(self, acme: Organization):
        chat = make.chat(make.customer(acme), active=False)
        Thread.objects.bulk_create(
            Thread(organization=acme, chat=chat, number=number, active=False, created_at=LONG_AGO)
            for number in range(2, 3_000)
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

        plan = retention.telling_of_old_visits(acme, DAYS)[:500].explain()

        assert "thread_visit_told" in plan


class TestFiles:
    def _shown(self, carl: User) -> str:
        chat_id = carl.call("start_chat")["chat_id"]
        url = carl.upload("note.txt", b"Hello", "text/plain")
        carl.call("send_event", chat_id=chat_id, event={"type": "file", "url": url})
        UploadedFile.objects.update(created_at=LONG_AGO)
        return str(chat_id)

    def test_old_ones_go_with_their_content(
        self, world: World, ann: User, carl: User, keep: Callable[[str], None]
    ):
        carl.call("deactivate_chat", id=self._shown(carl))
        content = UploadedFile.objects.get().content
        keep("files")

        run(world)

        assert not UploadedFile.objects.exists()
        assert not content.storage.exists(content.name)
        assert Event.objects.filter(type="file").exists()

    def test_what_a_running_chat_shows_stays(
        self, world: World, ann: User, carl: User, keep: Callable[[str], None]
    ):
        self._shown(carl)
        keep("files")

        with world.nothing_changes():
            run(world)

    def test_one_that_can_not_be_deleted_holds_up_no_other(
        self,
        world: World,
        ann: User,
        acme: Organization,
        keep: Callable[[str], None],
        monkeypatch: pytest.MonkeyPatch,
    ):
        for name in ("first", "second", "third"):
            carl = world.customer(acme, name)
            carl.call("deactivate_chat", id=self._shown(carl))
        first = UploadedFile.objects.order_by("token")[0]
        really = files.delete

        def delete(token: str) -> bool:
            if token == first.token:
                raise PermissionError("refused")
            return really(token)

        monkeypatch.setattr(files, "delete", delete)
        monkeypatch.setattr(expiry, "AT_ONCE", 1)
        keep("files")

        run(world)

        assert list(UploadedFile.objects.all()) == [first]


class TestAudit:
    def test_old_entries_go(self, world: World, acme: Organization, keep: Callable[[str], None]):
        audit.record(acme.pk, "create_tag", "tag", "old")
        AuditEntry.objects.update(at=LONG_AGO)
        audit.record(acme.pk, "create_tag", "tag", "new")
        keep("audit")

        run(world)

        left = AuditEntry.objects.filter(organization=acme)
        assert [one.subject_id for one in left] == ["new"]

    @pytest.mark.parametrize(("seconds", "left"), [(20.0, 0), (0.0, 3)], ids=["time", "none"])
    def test_all_of_them_go_for_as_long_as_a_call_may_take(
        self,
        world: World,
        acme: Organization,
        keep: Callable[[str], None],
        monkeypatch: pytest.MonkeyPatch,
        seconds: float,
        left: int,
    ):
        monkeypatch.setattr(expiry, "AT_ONCE", 2)
        monkeypatch.setattr(expiry, "SECONDS", seconds)
        AuditEntry.objects.all().delete()
        for number in range(5):
            audit.record(acme.pk, "create_tag", "tag", str(number))
        AuditEntry.objects.update(at=LONG_AGO)
        keep("audit")

        run(world)

        assert AuditEntry.objects.count() == left

    def test_those_of_the_platform_go_by_its_own_days(self, world: World, db: None, settings: Any):
        audit.record(None, "sign_in", "account", "root")
        AuditEntry.objects.update(at=LONG_AGO)
        settings.RETENTION_DAYS = {**settings.RETENTION_DAYS, "audit": DAYS}

        run(world)

        assert not AuditEntry.objects.filter(organization=None).exists()

    def test_another_organisations_stay(
        self, world: World, acme: Organization, keep: Callable[[str], None]
    ):
        other = make.organization("Globex")
        audit.record(other.pk, "create_tag", "tag", "old")
        AuditEntry.objects.update(at=LONG_AGO)
        keep("audit")

        run(world)

        assert AuditEntry.objects.filter(organization=other).exists()
