"""For how long what is kept, and addresses that are not kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform.domain_events.properties import LicensePropertiesUpdated
from chatplatform.errors import Validation
from chatplatform.models import (
    AuditEntry,
    Customer,
    Event,
    FileUse,
    Organization,
    Thread,
    UploadedFile,
    Visit,
)
from chatplatform.requester import AgentRequester
from chatplatform.selectors import people
from chatplatform.services import retention
from configuration.admin.privacy import MASK
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told
from tests.world import User

PAGE = "settings/privacy/"


def requester(organization: Organization) -> AgentRequester:
    """The owner, asking."""
    return people.requester_of(make.account(make.agent(organization, "owner")), None)


def ago(days: int) -> Any:
    return clock.now() - timedelta(days=days)


def day(days: int) -> str:
    """The day so long ago, as pages write it."""
    return date_format(localtime(ago(days)), "DATE_FORMAT")


def going(asked: Any) -> list[str]:
    """What a page names that would go."""
    return list(asked.context["question"].consequences[:-1])


class TestDays:
    def test_are_the_installations_until_the_organisation_says(
        self, acme: Organization, settings: Settings
    ):
        settings.ARCHIVES_RETENTION_DAYS = 400
        settings.RETENTION_DAYS = {"customers": 30, "visits": 20, "files": 10, "audit": 0}

        found = {noun: retention.days(acme, noun) for noun in retention.NOUNS}

        assert found == {"chats": 400, "customers": 30, "visits": 20, "files": 10, "audit": 0}

    def test_of_chats_an_integrations_property_goes_before_the_setting(
        self, acme: Organization, settings: Settings
    ):
        settings.ARCHIVES_RETENTION_DAYS = 400
        acme.properties = {"limits": {"archives_retention.base": 60}}

        assert retention.days(acme, "chats") == 60
        acme.retention = {"chats": 0}
        assert retention.days(acme, "chats") == 0

    def test_are_stored_and_written_down(self, acme: Organization, logged: Any):
        asking = requester(acme)
        retention.update_retention(asking, {"chats": 90, "audit": 365})

        retention.update_retention(asking, {"chats": None, "visits": 0})

        acme.refresh_from_db()
        assert acme.retention == {"audit": 365, "visits": 0}
        entry = logged(acme)[-1]
        assert entry["action"] == "update_retention"
        assert (entry["before"], entry["after"]) == ({"chats": 90}, {"visits": 0})

    @pytest.mark.parametrize("given", [{"chats": -1}, {"chats": 36_501}, {"logs": 3}])
    def test_that_make_no_sense_are_refused(self, given: dict[str, int], acme: Organization):
        with pytest.raises(Validation):
            retention.update_retention(requester(acme), {"audit": 5, **given})

        acme.refresh_from_db()
        assert acme.retention == {}


class TestExpired:
    def test_nothing_is_too_old_for_ever(self, acme: Organization):
        AuditEntry.objects.create(organization=acme, action="x", at=ago(1000))

        assert retention.count_expired(acme, "audit", 0) == 0

    def test_entries_of_the_audit_log_by_their_time(self, acme: Organization):
        other = make.organization("Globex")
        AuditEntry.objects.all().delete()
        for organization, days in ((acme, 11), (acme, 9), (other, 11)):
            AuditEntry.objects.create(organization=organization, action="x", at=ago(days))

        assert retention.count_expired(acme, "audit", 10) == 1

    def test_closed_chats_by_their_beginning(self, acme: Organization, ann: User, carl: User):
        carl.call("start_chat")
        Thread.objects.update(created_at=ago(11))
        assert retention.count_expired(acme, "chats", 10) == 0

        Thread.objects.update(active=False)

        assert retention.count_expired(acme, "chats", 10) == 1
        assert retention.count_expired(acme, "chats", 12) == 0

    def test_visits_by_their_end(self, acme: Organization):
        customer = make.customer(acme)
        for ended in (ago(11), ago(9), None):
            Visit.objects.create(customer=customer, started_at=ago(12), ended_at=ended)

        assert retention.count_expired(acme, "visits", 10) == 1

    def test_customers_who_have_not_been_seen(self, acme: Organization):
        seen, unseen, online = (make.customer(acme) for _ in range(3))
        Customer.objects.update(created_at=ago(20))
        Customer.objects.filter(pk=seen.pk).update(last_seen_at=ago(5))
        Customer.objects.filter(pk=online.pk).update(online_since=ago(20))

        found = retention.expired(acme, "customers", 10)

        assert list(found) == [unseen]

    def test_but_those_who_are_banned_stay(self, acme: Organization):
        customer = make.customer(acme)
        Customer.objects.update(created_at=ago(20))
        customer.bans.create(organization=acme, agent_id="a", expires_at=clock.now() + timedelta(1))

        assert retention.count_expired(acme, "customers", 10) == 0

    def test_files_only_if_a_chat_shows_them(self, acme: Organization):
        UploadedFile.objects.create(
            organization=acme,
            uploader_id="a",
            name="logo.png",
            content_type="image/png",
            size=1,
            used=True,
            created_at=ago(20),
        )

        assert retention.count_expired(acme, "files", 10) == 0


class TestPage:
    def test_stores_days_that_delete_nothing_at_once(self, owner: Visitor, acme: Organization):
        response = owner.post(PAGE, chats="365", customers="", visits="0", files="30", audit="")

        assert response.status_code == 302
        acme.refresh_from_db()
        assert acme.retention == {"chats": 365, "visits": 0, "files": 30}

    def test_says_what_goes_before_anything_does(self, owner: Visitor, acme: Organization):
        for _ in range(2):
            AuditEntry.objects.create(organization=acme, action="x", at=ago(50))

        asked = owner.post(PAGE, audit="30")

        assert asked.status_code == 200
        assert going(asked) == [f"2 entries of the audit log of before {day(30)}"]
        acme.refresh_from_db()
        assert acme.retention == {}

    def test_says_how_many_chats_go_and_how_many_files_with_them(
        self, owner: Visitor, acme: Organization, ann: User, carl: User
    ):
        carl.call("start_chat")
        thread = Thread.objects.get()
        Thread.objects.update(created_at=ago(2), active=False)
        for position, token in enumerate(("a", "b"), start=90):
            file = UploadedFile.objects.create(
                organization=acme,
                uploader_id="a",
                token=token,
                name=token,
                content_type="image/png",
                size=1,
            )
            event = Event.objects.create(
                organization=acme,
                thread=thread,
                position=position,
                sequence=position,
                type="file",
                created_at=ago(2),
            )
            FileUse.objects.create(file=file, event=event)

        asked = owner.post(PAGE, chats="1")

        assert going(asked) == [f"1 closed chat and 2 files in them of before {day(1)}"]
        acme.refresh_from_db()
        assert acme.retention == {}

    def test_counts_no_further_than_anybody_needs(
        self, owner: Visitor, acme: Organization, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(retention, "COUNTED_AT_MOST", 2)
        for _ in range(4):
            AuditEntry.objects.create(organization=acme, action="x", at=ago(50))

        asked = owner.post(PAGE, audit="30")

        assert going(asked) == [f"more than 2 entries of the audit log of before {day(30)}"]

    def test_carries_what_was_typed_to_the_answer(self, owner: Visitor, acme: Organization):
        AuditEntry.objects.create(organization=acme, action="x", at=ago(50))

        asked = owner.post(PAGE, audit="30", visits="9", ip_mask="on")

        assert asked.context["typed"] == [("audit", "30"), ("visits", "9"), ("ip_mask", "on")]

    def test_stores_what_was_agreed_to(self, owner: Visitor, acme: Organization):
        AuditEntry.objects.create(organization=acme, action="x", at=ago(50))

        means = owner.post(PAGE, audit="30").context["question"].means
        response = owner.post(PAGE, audit="30", agreed=means)

        assert response.status_code == 302
        acme.refresh_from_db()
        assert acme.retention == {"audit": 30}

    def test_asks_again_where_other_days_were_agreed_to(self, owner: Visitor, acme: Organization):
        for days in (20, 50):
            AuditEntry.objects.create(organization=acme, action="x", at=ago(days))
        means = owner.post(PAGE, audit="30").context["question"].means

        asked = owner.post(PAGE, audit="10", agreed=means)

        assert asked.status_code == 200
        assert going(asked) == [f"2 entries of the audit log of before {day(10)}"]
        acme.refresh_from_db()
        assert acme.retention == {}

    def test_does_not_ask_about_what_is_kept_longer(self, owner: Visitor, acme: Organization):
        Organization.objects.update(retention={"audit": 10})
        AuditEntry.objects.create(organization=acme, action="x", at=ago(50))

        assert owner.post(PAGE, audit="30").status_code == 302

    def test_masks_addresses_and_shows_them_again(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        with told() as events:
            owner.post(PAGE, ip_mask="on")
        acme.refresh_from_db()
        assert acme.properties == {"monitoring": {"ip_mask": MASK}}
        assert [type(event) for event in events] == [LicensePropertiesUpdated]

        owner.post(PAGE)

        acme.refresh_from_db()
        assert "ip_mask" not in acme.properties.get("monitoring", {})

    def test_a_mask_of_an_integrations_own_stays(self, owner: Visitor, acme: Organization):
        Organization.objects.update(properties={"monitoring": {"ip_mask": "192.0.2.1"}})

        owner.post(PAGE, ip_mask="on", chats="9")

        acme.refresh_from_db()
        assert acme.properties == {"monitoring": {"ip_mask": "192.0.2.1"}}

    @pytest.mark.parametrize("days", ["-1", "36501", "many"])
    def test_refuses_days_that_make_no_sense(self, days: str, owner: Visitor, acme: Organization):
        response = owner.post(PAGE, chats=days)

        assert list(errors(response)) == ["chats"]
        acme.refresh_from_db()
        assert acme.retention == {}

    def test_another_organisation_is_left_alone(self, owner: Visitor):
        other = make.organization("Globex")

        owner.post(PAGE, chats="5")

        other.refresh_from_db()
        assert other.retention == {}

    @pytest.mark.parametrize(("role", "status"), [("administrator", 200), ("normal", 302)])
    def test_is_for_keepers(
        self, role: str, status: int, acme: Organization, visitor: Callable[..., Visitor]
    ):
        assert visitor(acme, role).get(PAGE).status_code == status
