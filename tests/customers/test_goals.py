"""Goals: reached by pages, session fields, and what integrations report (protocol.md 2.8)."""

from typing import Any

import pytest
from pydantic import ValidationError

from chatplatform.errors import LimitReached, NotAllowed, NotFound
from chatplatform.models import Customer, Goal, Organization, ReachedGoal
from chatplatform.selectors import goals as selectors
from chatplatform.services import goals
from tests import make
from tests.world import Refused, User, World

THANKS = "https://shop.example/thanks"
FIELD: dict[str, Any] = {
    "type": "session_field",
    "key": "plan",
    "operator": "equals",
    "value": "gold",
}


def reached() -> list[int]:
    return list(ReachedGoal.objects.order_by("id").values_list("goal_id", flat=True))


def check(user: User, url: str = THANKS, fields: tuple[dict[str, str], ...] = ()) -> Any:
    return user.call("check_goals", page_url=url, group_id=0, session_fields=list(fields))


@pytest.fixture
def offline(world: World, acme: Organization) -> User:
    return world.customer(acme, "olaf", online=False)


# --- customers on the pages -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "value", "hit"),
    [
        ("contains", "/thanks", True),
        ("contains", "/cart", False),
        ("equals", f"{THANKS}/", True),
        ("equals", "https://shop.example", False),
        ("doesnt_contain", "/cart", True),
        ("doesnt_equal", THANKS, False),
    ],
)
def test_a_page_reaches_a_goal(
    acme: Organization, carl: User, operator: str, value: str, hit: bool
) -> None:
    goal = make.goal(acme, operator=operator, value=value)

    carl.call("update_customer_page", url=THANKS)

    assert reached() == [goal.pk] * hit


def test_a_login_reaches_goals(acme: Organization, carl: User) -> None:
    goal = make.goal(acme)

    carl.login(customer_page={"url": THANKS, "title": ""})

    assert reached() == [goal.pk]


def test_session_fields_reach_goals(acme: Organization, carl: User) -> None:
    goal = make.goal(acme, **FIELD)

    carl.call("set_customer_session_fields", session_fields=[{"plan": "silver"}])
    assert reached() == []
    carl.call("set_customer_session_fields", session_fields=[{"plan": "GOLD"}])

    assert reached() == [goal.pk]


def test_a_goal_is_reached_once_a_visit(acme: Organization, carl: User) -> None:
    goal = make.goal(acme)

    for number in range(3):
        carl.call("update_customer_page", url=f"{THANKS}/{number}")
    assert reached() == [goal.pk]
    carl.lose_connections()
    carl.login(customer_page={"url": THANKS, "title": ""})

    assert reached() == [goal.pk, goal.pk]


def test_a_goal_that_is_switched_off_or_anothers_is_not_reached(
    acme: Organization, carl: User
) -> None:
    make.goal(acme, active=False)
    make.goal(make.organization("Other"))

    carl.call("update_customer_page", url=THANKS)

    assert reached() == []


def test_the_conversation_that_led_there_is_noted(
    acme: Organization, ann: User, carl: User
) -> None:
    before, during, after = (
        make.goal(acme, name=where, value=f"/{where}") for where in ("before", "during", "after")
    )
    carl.call("update_customer_page", url="https://shop.example/before")
    started = carl.call("start_chat")
    carl.call("update_customer_page", url="https://shop.example/during")
    carl.call("deactivate_chat", id=started["chat_id"])
    carl.call("update_customer_page", url="https://shop.example/after")

    assert reached() == [before.pk, during.pk, after.pk]
    with_it = ReachedGoal.objects.filter(thread_id=started["thread_id"]).order_by("id")
    assert list(with_it.values_list("goal_id", flat=True)) == [during.pk, after.pk]


# --- customers who are not connected ----------------------------------------------------------


def test_who_is_not_connected_has_goals_checked(acme: Organization, offline: User) -> None:
    page, field = make.goal(acme), make.goal(acme, **FIELD)

    assert check(offline, fields=({"plan": "gold"},)) == {}
    assert check(offline, fields=({"plan": "gold"},)) == {}

    assert sorted(reached()) == [page.pk, field.pk]
    assert Customer.objects.get(id=offline.id).session_fields == []


def test_nobody_hears_of_it(world: World, acme: Organization, ann: User, offline: User) -> None:
    make.goal(acme)

    with world.capture_pushes() as pushes:
        check(offline)

    assert pushes.names == {}


def test_of_who_is_connected_all_is_known_already(
    world: World, acme: Organization, carl: User
) -> None:
    make.goal(acme)

    with world.nothing_changes():
        assert check(carl) == {}


def test_what_is_checked_has_bounds(offline: User) -> None:
    fields = [{str(number): "x"} for number in range(101)]
    known = {"page_url": THANKS, "group_id": 0, "session_fields": []}

    assert offline.refused("check_goals", **{**known, "group_id": 7}) == "group_not_found"
    assert offline.refused("check_goals", **{**known, "session_fields": fields}) == "limit_reached"
    assert offline.refused("check_goals", **{**known, "session_fields": [{}]}) == "validation"
    assert offline.refused("check_goals", **{**known, "page_url": "x" * 8193}) == "validation"


def test_goals_are_checked_on_the_web_only(carl: User) -> None:
    with pytest.raises(Refused, match="unknown action"):
        carl.rtm("check_goals")


# --- what integrations report -----------------------------------------------------------------


def test_an_integration_reports_a_goal(acme: Organization, offline: User) -> None:
    goal = make.goal(acme, type="api", operator="", value="")
    customer = Customer.objects.get(id=offline.id)

    for _ in range(2):
        goals.reach(acme.id, customer.id, goal.pk)

    assert reached() == [goal.pk]


def test_only_goals_of_integrations_are_reported(acme: Organization, offline: User) -> None:
    customer = Customer.objects.get(id=offline.id)
    theirs = make.goal(make.organization("Other"), type="api", operator="", value="")

    with pytest.raises(NotAllowed):
        goals.reach(acme.id, customer.id, make.goal(acme).pk)
    with pytest.raises(NotFound):
        goals.reach(acme.id, customer.id, theirs.pk)
    with pytest.raises(NotFound):
        goals.reach(theirs.organization_id, customer.id, theirs.pk)
    assert reached() == []


# --- kept -------------------------------------------------------------------------------------


def test_a_goal_is_kept_and_changed(acme: Organization) -> None:
    goal = make.goal(acme)

    goals.update_goal(acme, goal.pk, {"name": "Order", "active": False})

    assert selectors.goal_record(Goal.objects.get()) == {
        "id": goal.pk,
        "name": "Order",
        "type": "url",
        "active": False,
        "operator": "contains",
        "value": "/thanks",
    }
    goals.delete_goal(acme, goal.pk)
    assert not Goal.objects.exists()
    with pytest.raises(NotFound):
        goals.delete_goal(acme, goal.pk)


@pytest.mark.parametrize(
    "values",
    [
        {"name": ""},
        {"type": "moon"},
        {"value": ""},
        {"operator": "lower_than"},
        {"key": "plan"},
        {**FIELD, "key": ""},
        {"value": "x" * 2049},
    ],
    ids=lambda values: str(values)[:40],
)
def test_impossible_goals_are_refused(acme: Organization, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make.goal(acme, **values)


def test_there_is_a_most_of_goals(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goals, "MAX_GOALS", 1)
    make.goal(acme)

    with pytest.raises(LimitReached):
        make.goal(acme)
