"""Several owners put the access rules in order at once."""

from __future__ import annotations

import pytest

from chatplatform.models import AccessRule, Organization
from chatplatform.models.people import AgentRole
from chatplatform.selectors import access_rules as selectors
from tests import make
from tests.admin.conftest import Visitor
from tests.concurrency.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "chatplatform/accessrule/"


@pytest.fixture
def rules(acme: Organization) -> list[AccessRule]:
    """Six rules, in their order."""
    return [make.access_rule(acme, 0) for _ in range(6)]


def owner(organization: Organization) -> Visitor:
    seat = make.agent(organization, AgentRole.VICEOWNER)
    return Visitor(make.account(seat), seat)


def order(organization: Organization) -> list[AccessRule]:
    found: list[AccessRule] = selectors.access_rules(organization.pk)
    assert [rule.position for rule in found] == list(range(len(found)))
    return found


def test_each_move_counts_from_where_the_rule_is_by_then(
    acme: Organization, rules: list[AccessRule]
) -> None:
    *others, last = rules
    owners = [owner(acme) for _ in range(5)]

    at_once(*[lambda one=one: one.post(f"{LIST}{last.pk}/up/") for one in owners])

    assert order(acme) == [last, *others]


def test_no_rule_is_lost_while_one_is_moved_and_another_deleted(
    acme: Organization, rules: list[AccessRule]
) -> None:
    first, second, third, *others = rules
    one, another, third_owner = owner(acme), owner(acme), owner(acme)

    moved, also_moved, _deleted = at_once(
        lambda: one.post(f"{LIST}{first.pk}/down/").status_code,
        lambda: another.post(f"{LIST}{second.pk}/up/").status_code,
        lambda: third_owner.post(f"{LIST}{third.pk}/delete/", post="yes").status_code,
    )

    assert (moved, also_moved) == (302, 302)
    assert sorted(rule.pk for rule in order(acme)) == sorted(
        rule.pk for rule in (first, second, *others)
    )
