"""Routing and timers in the admin: the properties the router reads, set as the API sets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform.domain_events.properties import GroupPropertiesUpdated, LicensePropertiesUpdated
from chatplatform.models import Group, Organization
from chatplatform.selectors.routing_rules import RoutingRules, rules_of
from chatplatform.selectors.routing_settings import GROUP, LICENSE
from chatplatform.services.timers import minutes_of
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told

PAGE = "chats/routing/"
GROUP_PAGE = "chats/routing/group/"
INHERITED = {"manual_routing_override": "-1", "queue_enabled_override": "-1"}


def of_group(group: Group, **values: Any) -> dict[str, Any]:
    """Return what a group's form sends: nothing of its own, and ``values``."""
    return {**INHERITED, **values}


class TestDefaults:
    """What pages show as standard is what router and timers do."""

    def test_of_timers(self):
        minutes = minutes_of(Organization())

        assert LICENSE["chat_inactive_after_min"].default == minutes.idle
        assert LICENSE["transfer_chat_after_min"].default == minutes.reply
        assert LICENSE["archive_chat_after_min"].default == minutes.archive
        assert LICENSE["customer_timeout_after_min"].default == minutes.customer_timeout
        assert LICENSE["archive_offline_chat_after_min"].default == minutes.archive_waiting

    def test_of_the_router(self):
        rules = RoutingRules(license={}, groups={})

        assert LICENSE["queue.enabled"].default is rules.queues([0]) is True
        assert LICENSE["manual_routing"].default is rules.by_hand([0]) is False
        assert rules.chats_per_agent() is None
        assert GROUP["queue.routing_priority"].default == rules.priority([0])


class TestLicence:
    def test_what_is_set_is_stored_told_and_followed(
        self, owner: Visitor, acme: Organization, told: Told
    ):
        with told() as events:
            response = owner.post(
                PAGE,
                manual_routing="on",
                queue_enabled="off",
                queue_reopen_threshold="3",
                max_agent_active_chats="4",
                max_customer_chats_count="2",
                chat_inactive_after_min="25",
                archive_chat_after_min="0",
            )

        assert response.status_code == 302
        acme.refresh_from_db()
        assert acme.properties == {
            "chats": {
                "manual_routing": True,
                "queue.enabled": False,
                "queue.reopen_threshold": 3,
                "max_agent_active_chats": 4,
                "chat_inactive_after_min": 25,
                "archive_chat_after_min": 0,
            },
            "routing": {"max_customer_chats_count": 2},
        }
        assert [type(event) for event in events] == [LicensePropertiesUpdated]
        rules = rules_of(acme.pk)
        assert rules.by_hand([0])
        assert not rules.queues([0])
        assert rules.chats_per_agent() == 4
        assert minutes_of(acme).idle == 25

    def test_an_emptied_field_is_the_standard_again(self, owner: Visitor, acme: Organization):
        owner.post(PAGE, chat_inactive_after_min="25", queue_enabled="off")

        owner.post(PAGE, chat_inactive_after_min="", queue_enabled="")

        acme.refresh_from_db()
        assert acme.properties.get("chats", {}) == {}
        assert minutes_of(acme).idle == 10

    def test_what_stays_is_not_told(self, owner: Visitor, acme: Organization, told: Told):
        owner.post(PAGE, chat_inactive_after_min="25")

        with told() as events:
            owner.post(PAGE, chat_inactive_after_min="25")

        assert events == []

    def test_other_properties_stay(self, owner: Visitor, acme: Organization):
        Organization.objects.update(
            properties={"chats": {"auto_summary_enabled": True}, "monitoring": {"ip_mask": "x"}}
        )

        owner.post(PAGE, archive_chat_after_min="30")

        acme.refresh_from_db()
        assert acme.properties == {
            "chats": {"auto_summary_enabled": True, "archive_chat_after_min": 30},
            "monitoring": {"ip_mask": "x"},
        }

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("chat_inactive_after_min", "-1"),
            ("archive_chat_after_min", "43201"),
            ("max_customer_chats_count", "0"),
            ("max_agent_active_chats", "501"),
            ("queue_enabled", "perhaps"),
            ("transfer_chat_after_min", "soon"),
        ],
    )
    def test_what_makes_no_sense_is_refused_whole(
        self, field: str, value: str, owner: Visitor, acme: Organization
    ):
        response = owner.post(PAGE, **{"customer_timeout_after_min": "5", field: value})

        assert list(errors(response)) == [field]
        acme.refresh_from_db()
        assert acme.properties == {}

    def test_says_what_holds_now(self, owner: Visitor, acme: Organization):
        Organization.objects.update(
            properties={"chats": {"chat_inactive_after_min": 25, "archive_chat_after_min": 0}}
        )

        page = owner.get(PAGE).content.decode()

        assert "A chat in which nobody has spoken for 25 min becomes inactive." in page
        assert "Silence closes no chat." in page
        assert "A chat is closed 15 min after its customer left your pages." in page

    @pytest.mark.parametrize(
        ("set_to", "said"),
        [
            ({"queue.reopen_threshold": 0}, "only when nobody waits."),
            ({"queue.reopen_threshold": 3}, "when 3 wait, or fewer."),
            ({}, "as soon as a place is free."),
        ],
    )
    def test_says_when_a_full_queue_opens_again(
        self, set_to: dict[str, int], said: str, owner: Visitor, acme: Organization
    ):
        Organization.objects.update(properties={"chats": set_to})

        page = owner.get(PAGE).content.decode()

        assert f">A full queue takes customers again {said}<" in page

    def test_another_organisation_keeps_its_own(self, owner: Visitor):
        other = make.organization("Globex")

        owner.post(PAGE, archive_chat_after_min="30")

        other.refresh_from_db()
        assert other.properties == {}


class TestGroups:
    def test_a_groups_own_is_stored_told_and_followed(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        values = of_group(
            sales,
            manual_routing_override="1",
            queue_enabled_override="0",
            queue_routing_priority="7",
        )

        with told() as events:
            response = owner.post(f"{GROUP_PAGE}?group={sales.number}", **values)

        assert response.status_code == 302
        sales.refresh_from_db()
        assert sales.properties == {
            "chats": {
                "manual_routing.override": 1,
                "queue.enabled.override": 0,
                "queue.routing_priority": 7,
            }
        }
        assert [type(event) for event in events] == [GroupPropertiesUpdated]
        rules = rules_of(acme.pk)
        assert rules.by_hand([sales.number])
        assert not rules.by_hand([0])
        assert not rules.queues([sales.number])
        assert rules.priority([sales.number]) == 7
        page = owner.get(PAGE).content.decode()
        assert "agents pick chats, without a queue, priority 7" in page

    def test_as_the_licence_is_nothing_of_its_own(self, owner: Visitor, sales: Group):
        path = f"{GROUP_PAGE}?group={sales.number}"
        owner.post(
            path, **of_group(sales, queue_enabled_override="0", queue_reopen_threshold_override="2")
        )

        owner.post(path, **of_group(sales))

        sales.refresh_from_db()
        assert sales.properties.get("chats", {}) == {}

    def test_a_refused_value_changes_nothing(self, owner: Visitor, sales: Group):
        response = owner.post(
            f"{GROUP_PAGE}?group={sales.number}",
            **of_group(sales, manual_routing_override="1", queue_routing_priority="101"),
        )

        assert list(errors(response)) == ["queue_routing_priority"]
        sales.refresh_from_db()
        assert sales.properties == {}

    def test_another_organisations_group_is_not_there(self, owner: Visitor):
        other = make.organization("Globex")
        foreign = make.group(other, "Secret")
        path = f"{GROUP_PAGE}?group={foreign.number}"

        assert owner.get(path).status_code == 404
        assert owner.post(path, **of_group(foreign, queue_routing_priority="7")).status_code == 404

        foreign.refresh_from_db()
        assert foreign.properties == {}

    @pytest.mark.parametrize("query", ["", "?group=x", "?group=99", f"?group={10**30}"])
    def test_a_group_that_is_none_is_not_there(self, query: str, owner: Visitor):
        assert owner.get(f"{GROUP_PAGE}{query}").status_code == 404


@pytest.mark.parametrize(("role", "status"), [("administrator", 200), ("normal", 302)])
@pytest.mark.parametrize("path", [PAGE, f"{GROUP_PAGE}?group=0", "website/install/"])
def test_pages_are_for_keepers(
    path: str, role: str, status: int, acme: Organization, visitor: Callable[..., Visitor]
):
    assert visitor(acme, role).get(path).status_code == status
