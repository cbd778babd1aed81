"""Goals in the admin."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.models import Goal, Organization, ReachedGoal
from tests import make
from tests.admin.conftest import Visitor, errors

LIST = "chatplatform/goal/"
ADD = f"{LIST}add/"
THANKS = {"name": "Sale", "active": "on", "type": "url", "operator": "contains", "value": "/thanks"}


def change(goal: Goal) -> str:
    return f"chatplatform/goal/{goal.pk}/change/"


def test_a_goal_is_made(owner: Visitor, acme: Organization):
    response = owner.post(ADD, **THANKS)

    assert response.status_code == 302
    goal = Goal.objects.get(organization=acme)
    assert (goal.name, goal.active, goal.type, goal.operator, goal.key, goal.value) == (
        "Sale",
        True,
        "url",
        "contains",
        "",
        "/thanks",
    )


def test_one_that_lacks_what_its_type_needs_is_refused_in_words(owner: Visitor, db: None):
    response = owner.post(ADD, **{**THANKS, "value": ""})

    assert "Say how it is compared, and with what." in str(errors(response))
    assert not Goal.objects.exists()


def test_a_session_field_has_to_be_named(owner: Visitor, db: None):
    response = owner.post(ADD, **{**THANKS, "type": "session_field"})

    assert "Name the session field." in str(errors(response))
    assert not Goal.objects.exists()


def test_what_its_type_has_no_use_for_is_left_out(owner: Visitor, acme: Organization):
    owner.post(ADD, **{**THANKS, "key": "plan"})
    owner.post(ADD, **{**THANKS, "type": "api"})

    rows = Goal.objects.filter(organization=acme).order_by("id")
    assert [*rows.values_list("type", "key", "operator", "value")] == [
        ("url", "", "contains", "/thanks"),
        ("api", "", "", ""),
    ]


def test_a_goal_is_changed(owner: Visitor, acme: Organization):
    goal = make.goal(acme)

    owner.post(change(goal), **{**THANKS, "name": "Order", "active": ""})

    goal.refresh_from_db()
    assert (goal.name, goal.active) == ("Order", False)


def test_what_was_reached_lately_is_counted(owner: Visitor, acme: Organization):
    goal, never = make.goal(acme), make.goal(acme)
    for days in (0, 29, 31):
        at = clock.now() - timedelta(days=days)
        ReachedGoal.objects.create(goal=goal, customer=make.customer(acme), reached_at=at)

    page = owner.get(LIST)

    found = {row.pk: row.times for row in page.context["cl"].result_list}
    assert found == {goal.pk: 2, never.pk: 0}
    assert "Reached in 30 days" in page.text


def test_the_goals_of_a_page_are_counted_in_one_read(owner: Visitor, acme: Organization):
    def reads() -> list[str]:
        with CaptureQueriesContext(connection) as made:
            assert owner.get(LIST).status_code == 200
        return [one["sql"] for one in made if "chatplatform_reachedgoal" in one["sql"]]

    make.goal(acme)
    few = reads()
    for _ in range(3):
        make.goal(acme)

    assert len(few) == len(reads()) == 1
    assert "reached_at" in few[0]


def test_a_goal_is_forgotten(owner: Visitor, acme: Organization):
    goal = make.goal(acme)
    path = f"chatplatform/goal/{goal.pk}/delete/"

    assert b"It was reached" not in owner.get(path).content
    owner.post(path, post="yes")

    assert not Goal.objects.exists()


def test_another_organisations_goal_stays(owner: Visitor, db: None):
    foreign = make.goal(make.organization("Globex"))

    owner.post(change(foreign), **{**THANKS, "name": "Mine"})

    foreign.refresh_from_db()
    assert foreign.name == "Sale"
