"""Groups, and the rules that lead to them, change at once."""

import pytest

from chatplatform.models import AccessRule, Chat, Organization, Thread
from chatplatform.services import groups
from tests import make
from tests.concurrency.together import at_once
from tests.world import User, World

pytestmark = pytest.mark.django_db(transaction=True)


def test_groups_made_at_once_have_numbers_of_their_own(acme: Organization) -> None:
    numbers = at_once(*[lambda: groups.create_group(acme, "Sales").number] * 5)

    assert sorted(numbers) == [1, 2, 3, 4, 5]


def test_a_licence_gets_no_more_groups_than_it_may(acme: Organization, boss: User) -> None:
    acme.properties = {"limits": {"groups.base": 3}}
    acme.save()

    make_one = lambda: boss.web("create_group", {"name": "x", "agent_priorities": {}})  # noqa: E731
    answers = at_once(*[make_one] * 5)

    assert sorted(map(str, answers)) == ["limit_reached"] * 3 + ["{'id': 1}", "{'id': 2}"]


def test_nothing_stays_in_a_group_that_is_deleted_while_chats_begin_in_it(
    world: World, acme: Organization
) -> None:
    group = make.group(acme)
    customers = [world.customer(acme, f"c{number}") for number in range(5)]
    wanted = {"continuous": True, "chat": {"access": {"group_ids": [group.number]}}}

    answers = at_once(
        lambda: groups.delete_group(acme.id, group.number),
        *[lambda one=one: one.rtm("start_chat", wanted) for one in customers],
    )

    refused = answers[1:].count("group_not_found")
    assert list(Chat.objects.values_list("group_ids", flat=True)) == [[0]] * (5 - refused)
    assert all(thread.group_ids == [0] for thread in Thread.objects.all())


def test_access_rules_stay_in_line(acme: Organization) -> None:
    first = make.access_rule(acme, 0).public_id

    at_once(*[lambda: make.access_rule(acme, 0, next_id=first)] * 4)

    rules = AccessRule.objects.order_by("position")
    assert list(rules.values_list("position", flat=True)) == list(range(5))
    assert rules[4].public_id == first


def test_rules_added_at_once_are_one_list(acme: Organization, boss: User) -> None:
    last = make.access_rule(acme, 0).public_id
    rule = {
        "access": {"groups": [0]},
        "conditions": {"url": {"values": [{"value": "/"}]}},
        "next_id": last,
    }

    at_once(*[lambda: boss.web("add_auto_access", rule)] * 5)

    listed = boss.web("list_auto_accesses")
    assert [one["next_id"] for one in listed] == [*(one["id"] for one in listed[1:]), ""]
    assert (len(listed), listed[-1]["id"]) == (6, last)
