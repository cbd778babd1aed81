"""Access rules: a linked list of conditions on pages and places (protocol.md 6.3)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chatplatform.access_conditions import Conditions
from chatplatform.domain_events.access_rules import AccessRuleChanged, AccessRulesChanged
from chatplatform.errors import GroupNotFound, LimitReached, NotFound, Validation
from chatplatform.models import AccessRule, Organization, Visit
from chatplatform.selectors import access_rules as selectors
from chatplatform.services import access_rules, groups
from tests import make
from tests.conftest import Told

PAGE = "https://shop.example/sales/new?x=1"
BERLIN = {"country": "Germany", "country_code": "DE", "region": "Berlin", "city": "Berlin"}


# --- conditions -------------------------------------------------------------------------------


def match(value: str, *, exact: bool = False) -> dict[str, Any]:
    return {"value": value, "exact_match": exact}


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({"url": {"values": [match("/sales")]}}, True),
        ({"url": {"values": [match("/SALES/")]}}, True),
        ({"url": {"values": [match("/other"), match("/sales")]}}, True),
        ({"url": {"values": [match("/other")]}}, False),
        ({"url": {"values": [match(PAGE, exact=True)]}}, True),
        ({"url": {"values": [match(f"{PAGE}#top", exact=True)]}}, True),
        ({"url": {"values": [match("https://shop.example/sales", exact=True)]}}, False),
        ({"url": {"exclude_values": [match("/other")]}}, True),
        ({"url": {"exclude_values": [match("/other"), match("/sales")]}}, False),
        ({"domain": {"values": [match("shop.example", exact=True)]}}, True),
        ({"domain": {"values": [match("https://shop.example", exact=True)]}}, True),
        ({"domain": {"values": [match("example", exact=True)]}}, False),
        ({"domain": {"values": [match("shop")]}}, True),
        ({"domain": {"values": [match("sales")]}}, False),
        ({"domain": {"exclude_values": [match("shop.example", exact=True)]}}, False),
        ({"domain": {"exclude_values": [match("other.example")]}}, True),
        ({"geolocation": {"values": [{"country_code": "de"}]}}, True),
        ({"geolocation": {"values": [{"city": "Paris"}, {"city": "Berlin"}]}}, True),
        ({"geolocation": {"values": [{"country": "Germany", "city": "Berlin"}]}}, True),
        ({"geolocation": {"values": [{"country": "Germany", "city": "Bonn"}]}}, False),
        ({"geolocation": {"values": [{"region": "Ber"}]}}, False),
        (
            {
                "url": {"values": [match("/sales")]},
                "geolocation": {"values": [{"city": "Bonn"}]},
            },
            False,
        ),
        (
            {
                "url": {"values": [match("/sales")]},
                "domain": {"exclude_values": [match("other")]},
                "geolocation": {"values": [{"city": "Berlin"}]},
            },
            True,
        ),
    ],
    ids=str,
)
def test_conditions_hold_together(conditions: dict[str, Any], holds: bool) -> None:
    assert Conditions.model_validate(conditions).hold(PAGE, BERLIN) is holds


@pytest.mark.parametrize(
    "url", ["https://shop.example/", "https://shop.example", "HTTPS://Shop.example/#top"]
)
@pytest.mark.parametrize("part", ["https://shop.example/", "shop.example/", "shop.example"])
def test_a_slash_at_the_end_makes_no_difference_to_parts(url: str, part: str) -> None:
    for of in ("url", "domain"):
        assert Conditions.model_validate({of: {"values": [match(part)]}}).hold(url, {})
        assert not Conditions.model_validate({of: {"exclude_values": [match(part)]}}).hold(url, {})


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    "domain", ["Bücher.example", "https://bücher.example", "xn--bcher-kva.example"]
)
def test_a_domain_is_written_as_people_or_as_browsers_do(domain: str, exact: bool) -> None:
    """Browsers name the page ``https://xn--bcher-kva.example/``, whatever was typed."""
    rule = Conditions.model_validate({"domain": {"values": [match(domain, exact=exact)]}})

    assert rule.hold("https://xn--bcher-kva.example/neu", {})
    assert not rule.hold("https://xn--bcher-kv.example/neu", {})


def test_no_page_holds_no_part() -> None:
    assert not Conditions.model_validate({"url": {"values": [match("/")]}}).hold("", {})


@pytest.mark.parametrize("url", ["", "nonsense", "http://[broken", "//x"])
def test_any_url_can_be_looked_at(url: str) -> None:
    everything = {"url": {"exclude_values": [match("/sales")]}, "domain": {"values": [match("q")]}}

    assert Conditions.model_validate(everything).hold(url, {}) is False


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"page": {"values": [match("x")]}},
        {"url": {}},
        {"url": {"values": []}},
        {"url": {"values": [match("")]}},
        {"url": {"values": [match("x" * 2049)]}},
        {"url": {"values": [match("x")] * 101}},
        {"url": {"values": [match("x")], "exclude_values": [match("y")]}},
        {"geolocation": {"values": []}},
        {"geolocation": {"values": [{}]}},
        {"geolocation": {"values": [{"planet": "Mars"}]}},
        {"geolocation": {"exclude_values": [{"city": "Berlin"}]}},
    ],
    ids=lambda conditions: str(conditions)[:60],
)
def test_impossible_conditions_are_refused(acme: Organization, conditions: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        access_rules.add_access_rule(acme, group_ids=[0], conditions=conditions)

    assert not AccessRule.objects.exists()


# --- the list ---------------------------------------------------------------------------------


def order(organization: Organization) -> list[str]:
    """Return the ids in the order of the list, followed along ``next_id``."""
    records = {
        one["id"]: one for one in selectors.rule_records(selectors.access_rules(organization.id))
    }
    following = {one["next_id"] for one in records.values()}
    found = [key for key in records if key not in following]
    while found and records[found[-1]]["next_id"]:
        found.append(records[found[-1]]["next_id"])
    return found


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "move", "change", "delete"]),
        st.integers(0, 20),
        st.integers(0, 20),
    ),
    max_size=15,
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(STEPS)
def test_the_list_is_what_was_done_to_it(
    acme: Organization, told: Told, steps: list[tuple[str, int, int]]
) -> None:
    """Whatever is done: the order is right, and who replays what was told has the same list."""
    AccessRule.objects.all().delete()
    expected: list[str] = []
    replica: dict[str, dict[str, Any]] = {}
    for action, which, where in steps:
        with told() as events:
            STEP[action](acme, expected, which, where)
        for event in events:
            if isinstance(event, AccessRulesChanged):
                replay(replica, event.entries)

        assert order(acme) == expected
        records = selectors.rule_records(selectors.access_rules(acme.id))
        assert replica == {record["id"]: record for record in records}


def replay(replica: dict[str, dict[str, Any]], entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        news = {name: value for name, value in entry.items() if name != "status"}
        if entry["status"] == "deleted":
            del replica[entry["id"]]
        elif entry["status"] == "added":
            replica[entry["id"]] = news
        else:
            assert len(news) > 1
            replica[entry["id"]].update(news)


def add(acme: Organization, ids: list[str], which: int, where: int) -> None:
    place = where % (len(ids) + 1)
    made = make.access_rule(acme, 0, next_id=ids[place] if place < len(ids) else "")
    ids.insert(place, made.public_id)


def move(acme: Organization, ids: list[str], which: int, where: int) -> None:
    if ids:
        moved = ids[which % len(ids)]
        rest = [one for one in ids if one != moved]
        place = where % (len(rest) + 1)
        following = rest[place] if place < len(rest) else ""
        access_rules.update_access_rule(acme, moved, next_id=following)
        ids[:] = [*rest[:place], moved, *rest[place:]]


def change(acme: Organization, ids: list[str], which: int, where: int) -> None:
    if ids:
        access_rules.update_access_rule(acme, ids[which % len(ids)], description=str(where))


def delete(acme: Organization, ids: list[str], which: int, where: int) -> None:
    if ids:
        access_rules.delete_access_rule(acme, ids.pop(which % len(ids)))


STEP: dict[str, Callable[[Organization, list[str], int, int], None]] = {
    "add": add,
    "move": move,
    "change": change,
    "delete": delete,
}


def test_a_rule_before_itself_stays_where_it_is(acme: Organization) -> None:
    first, second = (make.access_rule(acme, 0).public_id for _ in range(2))

    access_rules.update_access_rule(acme, first, next_id=first)

    assert order(acme) == [first, second]


@pytest.mark.parametrize(
    ("steps", "after"), [(0, "abc"), (1, "acb"), (9, "acb"), (-1, "bac"), (-9, "bac")]
)
def test_a_rule_moves_by_steps_as_far_as_the_list_goes(
    acme: Organization, told: Told, steps: int, after: str
) -> None:
    made = {name: make.access_rule(acme, 0).public_id for name in "abc"}

    with told() as events:
        access_rules.move_access_rule(acme, made["b"], steps)

    assert order(acme) == [made[name] for name in after]
    assert bool(events) is (after != "abc")


def test_neighbours_are_told(acme: Organization, told: Told) -> None:
    first, third = (make.access_rule(acme, 0).public_id for _ in range(2))

    with told() as events:
        second = make.access_rule(acme, 0, next_id=third).public_id

    changed, *each = events
    assert isinstance(changed, AccessRulesChanged)
    assert changed.entries == [
        {"id": first, "next_id": second, "status": "updated"},
        {
            "id": second,
            "description": "",
            "access": {"groups": [0]},
            "conditions": {"url": {"values": [match("/sales")]}},
            "next_id": third,
            "status": "added",
        },
    ]
    assert [one.entry for one in each if isinstance(one, AccessRuleChanged)] == changed.entries


def test_an_update_that_changes_nothing_tells_nothing(acme: Organization, told: Told) -> None:
    rule = make.access_rule(acme, 0)

    with told() as events:
        access_rules.update_access_rule(acme, rule.public_id, description="", next_id="")

    assert events == []


def test_rules_of_others_are_out_of_reach(acme: Organization) -> None:
    theirs = make.access_rule(make.organization("Other"), 0).public_id

    for do in (
        lambda: access_rules.update_access_rule(acme, theirs, description="mine"),
        lambda: access_rules.move_access_rule(acme, theirs, 1),
        lambda: access_rules.delete_access_rule(acme, theirs),
        lambda: make.access_rule(acme, 0, next_id=theirs),
    ):
        with pytest.raises(NotFound):
            do()
    assert selectors.access_rules(acme.id) == []


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"group_ids": [7]}, GroupNotFound),
        ({"group_ids": []}, Validation),
        ({"group_ids": [0] * 201}, Validation),
        ({"description": "x" * 1025}, Validation),
        ({"next_id": "nowhere"}, NotFound),
    ],
    ids=lambda value: str(value)[:40],
)
def test_impossible_rules_are_refused(
    acme: Organization, values: dict[str, Any], error: type[Exception]
) -> None:
    known = {"group_ids": [0], "conditions": {"url": {"values": [match("x")]}}}

    with pytest.raises(error):
        access_rules.add_access_rule(acme, **{**known, **values})

    assert not AccessRule.objects.exists()


def test_there_is_a_most_of_rules(acme: Organization) -> None:
    acme.properties = {"limits": {"access_rules.base": 2}}
    acme.save()
    for _ in range(2):
        make.access_rule(acme, 0)

    with pytest.raises(LimitReached):
        make.access_rule(acme, 0)


# --- what they cost ----------------------------------------------------------------------------


@pytest.fixture
def long_list(acme: Organization) -> list[AccessRule]:
    """Rules that all fit, to groups of which only the last one is left."""
    numbers = [make.group(acme, f"Group {number}").number for number in range(4)]
    rules = [make.access_rule(acme, number) for number in numbers]
    for number in numbers[:-1]:
        groups.delete_group(acme.id, number)
    return rules


def test_rules_whose_groups_are_gone_cost_customers_nothing(
    acme: Organization, long_list: list[AccessRule], django_assert_num_queries: Any
) -> None:
    customer = make.customer(acme)
    visit = Visit(customer=customer, last_pages=[{"url": PAGE}])

    with django_assert_num_queries(2):
        own = access_rules.place(customer, visit)

    assert [own] == customer.access_group_ids == long_list[-1].group_ids


def test_a_long_list_moves_in_one_statement(
    acme: Organization, long_list: list[AccessRule]
) -> None:
    first, *_, last = long_list

    with CaptureQueriesContext(connection) as asked:
        access_rules.update_access_rule(acme, last.public_id, next_id=first.public_id)

    ordered = selectors.access_rules(acme.id)
    assert [rule.position for rule in ordered] == [0, 1, 2, 3]
    assert ordered == [last, *long_list[:-1]]
    changed = [query["sql"] for query in asked if query["sql"].startswith("UPDATE")]
    assert len(changed) == len(["the rule", "the places"])
