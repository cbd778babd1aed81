"""Access rules in the admin: an ordered list with conditions, by the API's own rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from chatplatform.domain_events.access_rules import AccessRulesChanged
from chatplatform.models import AccessRule, Group, Organization
from chatplatform.selectors import access_rules as selectors
from chatplatform.services import access_rules
from configuration.admin.access_rules import AccessRuleNoun
from tests import make
from tests.admin.conftest import Visitor, errors
from tests.conftest import Told

LIST = "chatplatform/accessrule/"
ADD = f"{LIST}add/"


def rows(name: str, *given: dict[str, Any]) -> dict[str, Any]:
    sent: dict[str, Any] = {f"{name}-TOTAL_FORMS": len(given), f"{name}-INITIAL_FORMS": 0}
    for number, row in enumerate(given):
        sent |= {f"{name}-{number}-{key}": value for key, value in row.items()}
    return sent


def rule(group: int, **more: Any) -> dict[str, Any]:
    return {
        "description": "Prices",
        "main_group": group,
        "url_mode": "values",
        "domain_mode": "values",
        **rows("url"),
        **rows("domain"),
        **rows("places"),
        **more,
    }


def page(row: AccessRule, name: str = "change") -> str:
    return f"{LIST}{row.pk}/{name}/"


def order(organization: Organization) -> list[str]:
    return [one.description for one in selectors.access_rules(organization.pk)]


class TestMaking:
    def test_a_rule_has_groups_pages_and_places(
        self, owner: Visitor, acme: Organization, sales: Group, support: Group, told: Told
    ):
        values = rule(
            sales.number,
            other_groups=[support.number, sales.number],
            **rows(
                "url", {"value": "/pricing"}, {"value": "https://a.example/", "exact_match": "on"}
            ),
            **rows("places", {"country_code": "PL"}),
        )

        with told() as events:
            response = owner.post(ADD, **values)

        assert response.status_code == 302
        made = AccessRule.objects.get(organization=acme)
        assert made.group_ids == [sales.number, support.number]
        assert made.conditions == {
            "url": {
                "values": [
                    {"value": "/pricing", "exact_match": False},
                    {"value": "https://a.example/", "exact_match": True},
                ]
            },
            "geolocation": {"values": [{"country_code": "PL"}]},
        }
        assert AccessRulesChanged in [type(event) for event in events]

    def test_pages_may_be_left_out_instead(self, owner: Visitor, acme: Organization, sales: Group):
        values = rule(sales.number, **rows("domain", {"value": "shop.example"}))

        owner.post(ADD, **{**values, "domain_mode": "exclude_values"})

        assert AccessRule.objects.get(organization=acme).conditions == {
            "domain": {"exclude_values": [{"value": "shop.example", "exact_match": False}]}
        }

    def test_a_rule_without_a_condition_is_refused(self, owner: Visitor, sales: Group, told: Told):
        with told() as events:
            response = owner.post(ADD, **rule(sales.number))

        assert errors(response) == {
            "__all__": ["A rule needs a condition: an address, a domain or a place."]
        }
        assert not AccessRule.objects.exists()
        assert events == []

    def test_another_organisations_group_is_refused(self, owner: Visitor, told: Told):
        number = make.group(make.organization("Globex")).number

        with told() as events:
            response = owner.post(ADD, **rule(number, **rows("url", {"value": "/x"})))

        assert list(errors(response)) == ["main_group"]
        assert not AccessRule.objects.exists()
        assert events == []


class TestChanging:
    def test_what_is_stored_is_shown_and_changed(
        self, owner: Visitor, acme: Organization, sales: Group, told: Told
    ):
        made = make.access_rule(acme, sales.number)

        form = owner.get(page(made)).context["adminform"].form
        with told() as events:
            owner.post(page(made), **rule(0, **rows("url", {"value": "/help"})))

        assert form.initial["main_group"] == sales.number
        assert form.initial["url"] == [{"value": "/sales", "exact_match": False}]
        made.refresh_from_db()
        assert made.group_ids == [0]
        assert made.conditions == {"url": {"values": [{"value": "/help", "exact_match": False}]}}
        assert AccessRulesChanged in [type(event) for event in events]

    def test_a_rule_is_deleted(self, owner: Visitor, acme: Organization, sales: Group, told: Told):
        made = make.access_rule(acme, sales.number)

        with told() as events:
            owner.post(page(made, "delete"), post="yes")

        assert not AccessRule.objects.exists()
        assert AccessRulesChanged in [type(event) for event in events]


class TestOrdering:
    @pytest.fixture
    def three(self, acme: Organization) -> list[AccessRule]:
        made = [make.access_rule(acme, 0) for _ in range(3)]
        for row, name in zip(made, "abc", strict=True):
            AccessRule.objects.filter(pk=row.pk).update(description=name)
        return made

    @pytest.mark.parametrize(
        ("at", "way", "after"),
        [
            (1, "up", "bac"),
            (2, "up", "acb"),
            (0, "up", "abc"),
            (0, "down", "bac"),
            (1, "down", "acb"),
            (2, "down", "abc"),
        ],
    )
    def test_a_rule_moves_by_one(
        self,
        at: int,
        way: str,
        after: str,
        owner: Visitor,
        acme: Organization,
        three: list[AccessRule],
    ):
        owner.post(page(three[at], way))

        assert "".join(order(acme)) == after

    def test_a_move_is_told_and_on_record_as_its_own(
        self,
        owner: Visitor,
        acme: Organization,
        three: list[AccessRule],
        told: Told,
        logged: Callable[[Organization], list[dict[str, Any]]],
    ):
        assert owner.agent is not None
        known = len(logged(acme))

        with told() as events:
            owner.post(page(three[1], "up"))

        a, b, c = (row.public_id for row in three)
        (event,) = [one for one in events if isinstance(one, AccessRulesChanged)]
        assert event.entries == [
            {"id": b, "next_id": a, "status": "updated"},
            {"id": a, "next_id": c, "status": "updated"},
        ]
        (entry,) = logged(acme)[known:]
        assert entry == {
            "action": "update_auto_access",
            "subject_type": "auto_access",
            "subject_id": b,
            "before": {"next_id": c},
            "after": {"next_id": a},
            "user_id": owner.agent.public_id,
            "door": "admin",
        }

    def test_a_rule_that_was_deleted_meanwhile_moves_nowhere(
        self,
        owner: Visitor,
        acme: Organization,
        three: list[AccessRule],
        told: Told,
        monkeypatch: pytest.MonkeyPatch,
    ):
        find = AccessRuleNoun.get_object

        def found_and_deleted(*args: Any) -> AccessRule | None:
            row: AccessRule | None = find(*args)
            access_rules.delete_access_rule(acme, three[1].public_id)
            return row

        monkeypatch.setattr(AccessRuleNoun, "get_object", found_and_deleted)
        with told() as events:
            answer = owner.post(page(three[1], "up"), follow=True)

        assert "Auto access not found" in answer.content.decode()
        assert "".join(order(acme)) == "ac"
        assert [type(one) for one in events].count(AccessRulesChanged) == len(["the deletion"])

    def test_who_may_only_look_moves_nothing(
        self,
        owner: Visitor,
        acme: Organization,
        three: list[AccessRule],
        told: Told,
        monkeypatch: pytest.MonkeyPatch,
    ):
        monkeypatch.setattr(AccessRuleNoun, "scopes_to_change", ("nobody:rw",))

        with told() as events:
            answer = owner.post(page(three[1], "up"))

        assert answer.status_code == 403
        assert "".join(order(acme)) == "abc"
        assert events == []

    def test_opening_the_address_moves_nothing(
        self, owner: Visitor, acme: Organization, three: list[AccessRule]
    ):
        assert owner.get(page(three[1], "up")).status_code == 302

        assert "".join(order(acme)) == "abc"


class TestOthers:
    def test_another_organisations_rules_are_not_there(self, owner: Visitor, told: Told):
        globex = make.organization("Globex")
        foreign, second = make.access_rule(globex, 0), make.access_rule(globex, 0)

        with told() as events:
            for name in ("change", "delete", "down"):
                answer = owner.post(
                    page(foreign, name), **rule(0, **rows("url", {"value": "/x"})), post="yes"
                )
                assert answer.status_code == 302

        assert [one.pk for one in selectors.access_rules(globex.pk)] == [foreign.pk, second.pk]
        assert b"/sales" not in owner.get(LIST).content
        assert events == []


def test_each_button_that_adds_a_row_says_what_it_adds(owner: Visitor):
    html = owner.get(ADD).content.decode()

    words = re.findall(r"data-rows-add hidden>([^<]+)<", html)
    assert words == ["Add address", "Add domain", "Add place"]
