"""Greetings through the Configuration API (protocol.md 2.8 and 6.5)."""

from typing import Any

import pytest

from chatplatform.models import Greeting, Group, Organization
from chatplatform.services import greetings
from tests import make
from tests.world import Refused, User, World

SHOP = "https://shop.example/"


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """Return an administrator calling the Configuration API."""
    return world.agent(acme, "boss", role="administrator").configuration


def whole(**more: Any) -> dict[str, Any]:
    """Return a greeting in plain words, shown on every page."""
    return {
        "type": "normal",
        "active": True,
        "name": "Welcome",
        "group": 0,
        "rules": [make.rule()],
        "properties": {"greeting-message_text": "May we help?"},
        **more,
    }


def card(*buttons: dict[str, Any]) -> dict[str, Any]:
    """Return a rich message of one card."""
    element = {"title": "Tents", "subtitle": "for two", "buttons": list(buttons)}
    return {"template_id": "cards", "elements": [element]}


def button(name: str, **more: Any) -> dict[str, Any]:
    return {"text": name, "type": "message", "value": name, "postback_id": name, **more}


def button_ids(greeting: Any) -> list[str]:
    (element,) = greeting["rich_message"]["elements"]
    return [one["button_id"] for one in element["buttons"]]


def shown_to(customer: User) -> list[int]:
    """Return the ids of the greetings a customer was shown."""
    return [push.payload["id"] for push in customer.heard if push.action == "incoming_greeting"]


def let_time_pass(world: World) -> None:
    """Let the worker have its next look."""
    world.act(greetings.show_due)


# --- create_greeting --------------------------------------------------------------------------


def test_a_greeting_is_kept_whole(acme: Organization, sales: Group, boss: User) -> None:
    rules = [
        make.rule("visit_time_page", "greater_than", "900"),
        make.rule("url_funnel", "", urls=[{"url": SHOP, "operator": "equals"}], condition="or"),
        make.rule("custom_variable", "", session_field={"plan": "gold"}),
    ]
    given = whole(
        type="announcement",
        active_from="2024-01-01T01:00:00+01:00",
        active_until="2124-12-31T23:59:59Z",
        group=sales.number,
        rules=rules,
        properties={"addon": "news", "is_exit_intent": "true"},
        rich_message=card(button("More", button_id="own")),
    )

    made = boss.call("create_greeting", **given)

    assert made == {"id": Greeting.objects.get().pk}
    assert boss.call("get_greeting", id=made["id"]) == {
        **given,
        "id": made["id"],
        "active_from": "2024-01-01T00:00:00.000000Z",
        "active_until": "2124-12-31T23:59:59.000000Z",
    }


def test_a_button_without_an_id_gets_one(boss: User) -> None:
    rich = card(button("More"), button("Mine", button_id="own"))

    made = boss.call("create_greeting", **whole(properties={}, rich_message=rich))

    generated, own = button_ids(boss.call("get_greeting", id=made["id"]))
    assert len(generated) == 36
    assert own == "own"


def test_a_visitor_on_the_page_is_greeted_at_once(
    world: World, acme: Organization, ann: User, carl: User, boss: User
) -> None:
    carl.call("update_customer_page", url=SHOP)

    made = boss.call("create_greeting", **whole())
    let_time_pass(world)

    assert shown_to(carl) == [made["id"]]


def test_visitors_of_other_groups_pages_are_not(
    world: World, ann: User, carl: User, sales: Group, boss: User
) -> None:
    carl.call("update_customer_page", url=SHOP)

    boss.call("create_greeting", **whole(group=sales.number))
    let_time_pass(world)

    assert shown_to(carl) == []


def test_creating_tells_agents_nothing(world: World, ann: User, boss: User) -> None:
    with world.capture_pushes() as pushes:
        boss.call("create_greeting", **whole())

    assert pushes.names == {}


NO_RULES: list[Any] = [
    [],
    [make.rule()] * 11,
    [{**make.rule(), "condition": "xor"}],
    [make.rule("mood")],
    [make.rule("-----------------------------")],
    [make.rule("visit_time_site", "greater_than", "901")],
    [make.rule("visit_time_page", "greater_than", "-1")],
    [make.rule("visit_time_page", "greater_than", "a while")],
    [make.rule("visit_time_page", "contains", "9")],
    [make.rule("pages_view_number", "contains", "2")],
    [make.rule("visits_number", "equals", "")],
    [make.rule("url_current", "lower_than", SHOP)],
    [make.rule("url_current", "resembles", SHOP)],
    [make.rule("url_current", "")],
    [{**make.rule("geolocation"), "value": None}],
    [make.rule("url_funnel", "")],
    [make.rule("url_funnel", "", urls=[])],
    [make.rule("url_funnel", "", urls=[{"url": SHOP, "operator": "equals"}] * 11)],
    [make.rule("url_funnel", "", urls=[{"url": SHOP}])],
    [make.rule("url_funnel", "", urls=[{"operator": "equals"}])],
    [make.rule("url_funnel", "", urls=[{"url": SHOP, "operator": "lower_than"}])],
    [make.rule("url_match_page_view_number", "greater_than", "2")],
    [make.rule("custom_variable", "")],
    [make.rule("custom_variable", "", session_field={})],
    [make.rule("custom_variable", "", session_field={"plan": "gold", "size": "xl"})],
    [make.rule("custom_variable", "", session_field={"plan": "x" * 256})],
    [make.rule("custom_variable", "", session_field={"x" * 256: "gold"})],
    [make.rule("ads_traffic", "", session_field={"google": "x" * 256})],
    [make.rule("ads_traffic", "", session_field={"altavista": "spring"})],
]


@pytest.mark.parametrize("rules", NO_RULES, ids=range(len(NO_RULES)))
def test_rules_have_what_their_type_needs(boss: User, rules: list[Any]) -> None:
    assert boss.refused("create_greeting", **whole(rules=rules)) == "validation"


@pytest.mark.parametrize(
    "values",
    [
        {"type": "shout"},
        {"active": "yes"},
        {"name": ""},
        {"name": "x" * 256},
        {"group": -1},
        {"group": 2**31},
        {"properties": {}},
        {"properties": {"greeting-message_text": "Hi", "colour": "red"}},
        {"properties": {"greeting-message_text": "Hi", "is_exit_intent": "maybe"}},
        {"properties": {"greeting-message_text": 1}},
        {"active_from": "soon"},
        {"active_from": "2024-01-01T00:00:00"},
        {"active_from": "2025-01-01T00:00:00Z", "active_until": "2024-01-01T00:00:00Z"},
        {"rich_message": {"template_id": "poem"}},
        {"rich_message": {"template_id": "cards", "elements": [{}] * 11}},
        {"rich_message": card(*[button("More")] * 14)},
        {"rich_message": card(button("More", value=None))},
        {"rich_message": card(button("More", role="lead"))},
    ],
    ids=str,
)
def test_what_is_no_greeting_is_refused(boss: User, values: dict[str, Any]) -> None:
    assert boss.refused("create_greeting", **whole(**values)) == "validation"


@pytest.mark.parametrize("name", ["type", "active", "name", "group", "rules"])
def test_what_is_required_must_be_given(boss: User, name: str) -> None:
    given = whole()
    del given[name]

    assert boss.refused("create_greeting", **given) == "validation"


def test_a_greeting_belongs_to_a_group_of_ones_own_organisation(boss: User) -> None:
    theirs = make.group(make.organization("Other"))

    assert boss.refused("create_greeting", **whole(group=theirs.number)) == "group_not_found"


def test_a_group_has_so_many_greetings(
    acme: Organization, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(greetings, "MAX_GREETINGS", 1)
    make.greeting(acme)

    assert boss.refused("create_greeting", **whole()) == "limit_reached"


def cards_of(characters: int) -> dict[str, Any]:
    """Return a rich message of ten cards that say so much."""
    element = {"title": "x" * 4_000, "subtitle": "x" * (characters // 10 - 4_000)}
    return {"template_id": "cards", "elements": [element] * 10}


def test_a_greeting_says_so_much(boss: User) -> None:
    most, too_much = cards_of(60_000), cards_of(70_000)
    made = boss.call("create_greeting", **whole(rich_message=most))["id"]

    assert boss.refused("create_greeting", **whole(rich_message=too_much)) == "limit_reached"
    assert boss.refused("update_greeting", id=made, rich_message=too_much) == "limit_reached"
    assert boss.call("get_greeting", id=made)["rich_message"] == most
    assert boss.call("list_greetings")["found_greetings"] == 1


def test_a_greeting_that_says_too_much_is_switched_off(acme: Organization, boss: User) -> None:
    old = make.greeting(acme)
    Greeting.objects.filter(pk=old.pk).update(rich_message=cards_of(70_000))

    boss.call("update_greeting", id=old.pk, active=False)

    assert boss.call("get_greeting", id=old.pk)["active"] is False


def test_the_greetings_of_a_group_say_so_much(acme: Organization, boss: User) -> None:
    large = cards_of(60_000)
    made = [boss.call("create_greeting", **whole(rich_message=large))["id"] for _ in range(17)]
    small = boss.call("create_greeting", **whole())["id"]

    assert boss.refused("create_greeting", **whole(rich_message=large)) == "limit_reached"
    assert boss.refused("update_greeting", id=small, rich_message=large) == "limit_reached"
    assert [one["id"] for one in boss.call("list_greetings")["greetings"]] == [*made, small]
    assert "rich_message" not in boss.call("get_greeting", id=small)
    boss.call("create_greeting", **whole(rich_message=large, group=make.group(acme).number))
    boss.call("update_greeting", id=made[0], rich_message=None)
    boss.call("update_greeting", id=small, rich_message=large)


# --- update_greeting --------------------------------------------------------------------------


def test_an_update_changes_what_is_given_and_nothing_else(acme: Organization, boss: User) -> None:
    made = boss.call("create_greeting", **whole(active_until="2124-01-01T00:00:00Z"))
    before = boss.call("get_greeting", **made)
    changes = {"type": "announcement", "name": "New", "rules": [make.rule(value="/cart")]}

    assert boss.call("update_greeting", **made, **changes) == {}

    assert boss.call("get_greeting", **made) == {**before, **changes}


def test_null_takes_times_and_cards_away(boss: User) -> None:
    given = whole(active_from="2024-01-01T00:00:00Z", active_until="2124-01-01T00:00:00Z")
    made = boss.call("create_greeting", **given, rich_message=card())
    away = {"active_from": None, "active_until": None, "rich_message": None}

    boss.call("update_greeting", **made, **away, name=None)

    assert boss.call("get_greeting", **made) == {**whole(), **made}


def test_buttons_keep_their_ids_when_a_greeting_is_updated(boss: User) -> None:
    made = boss.call("create_greeting", **whole(rich_message=card(button("One"), button("Two"))))
    first, second = button_ids(boss.call("get_greeting", **made))

    renamed = card(button("Uno"), button("Two", button_id="own"), button("Three"))
    boss.call("update_greeting", **made, rich_message=renamed)

    kept, own, new = button_ids(boss.call("get_greeting", **made))
    assert (kept, own) == (first, "own")
    assert new not in (first, second)


def test_a_greeting_that_is_switched_on_greets_at_once(
    world: World, ann: User, carl: User, boss: User
) -> None:
    made = boss.call("create_greeting", **whole(active=False))
    carl.call("update_customer_page", url=SHOP)

    boss.call("update_greeting", **made, active=True)
    let_time_pass(world)

    assert shown_to(carl) == [made["id"]]


def test_a_greeting_that_is_switched_off_greets_nobody(ann: User, carl: User, boss: User) -> None:
    made = boss.call("create_greeting", **whole())

    boss.call("update_greeting", **made, active=False)
    carl.call("update_customer_page", url=SHOP)

    assert shown_to(carl) == []


def test_what_an_update_leaves_must_be_a_greeting(boss: User) -> None:
    made = boss.call("create_greeting", **whole(active_until="2024-01-01T00:00:00Z"))

    for values in (
        {"properties": {}},
        {"active_from": "2025-01-01T00:00:00Z"},
        {"rules": []},
        {"type": "shout"},
    ):
        assert boss.refused("update_greeting", **made, **values) == "validation"


# --- delete_greeting --------------------------------------------------------------------------


def test_a_deleted_greeting_greets_nobody(ann: User, carl: User, boss: User) -> None:
    made = boss.call("create_greeting", **whole())

    assert boss.call("delete_greeting", **made) == {}
    carl.call("update_customer_page", url=SHOP)

    assert shown_to(carl) == []
    assert boss.refused("get_greeting", **made) == "greeting_not_found"


# --- list_greetings ---------------------------------------------------------------------------


def test_greetings_are_listed_oldest_first_in_pages(acme: Organization, boss: User) -> None:
    made = [make.greeting(acme, text=f"Greeting {number}").pk for number in range(3)]

    first = boss.call("list_greetings", limit=2)
    second = boss.call("list_greetings", page_id=first.pop("next_page_id"))

    assert [greeting["id"] for greeting in first.pop("greetings")] == made[:2]
    assert second.pop("greetings") == [boss.call("get_greeting", id=made[2])]
    assert first == second == {"found_greetings": 3}


def test_a_list_can_be_of_some_groups_and_its_pages_stay_so(
    acme: Organization, sales: Group, boss: User
) -> None:
    make.greeting(acme)
    made = [make.greeting(acme, group=sales.number).pk for _ in range(2)]

    first = boss.call("list_greetings", groups=[sales.number], limit=1)
    second = boss.call("list_greetings", page_id=first["next_page_id"])

    assert [one["id"] for page in (first, second) for one in page["greetings"]] == made
    assert first["found_greetings"] == second["found_greetings"] == 2


@pytest.mark.parametrize("beside", [{"groups": [0]}, {"limit": 1}], ids=str)
def test_a_page_id_stands_alone(acme: Organization, boss: User, beside: dict[str, Any]) -> None:
    for _ in range(2):
        make.greeting(acme)
    page_id = boss.call("list_greetings", limit=1)["next_page_id"]

    assert boss.refused("list_greetings", page_id=page_id, **beside) == "validation"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"limit": 0}, "validation"),
        ({"limit": 101}, "validation"),
        ({"groups": [7]}, "group_not_found"),
        ({"groups": ["0"]}, "validation"),
        ({"page_id": "forged"}, "validation"),
    ],
    ids=str,
)
def test_a_list_that_can_not_be_is_refused(boss: User, asked: dict[str, Any], error: str) -> None:
    assert boss.refused("list_greetings", **asked) == error


# --- who may ----------------------------------------------------------------------------------


def test_agents_may_read_and_administrators_write(acme: Organization, ann: User) -> None:
    made = {"id": make.greeting(acme).pk}
    agent = ann.configuration

    assert agent.call("get_greeting", **made)["id"] == made["id"]
    assert agent.call("list_greetings")["found_greetings"] == 1
    assert agent.refused("create_greeting", **whole()) == "authorization"
    assert agent.refused("update_greeting", **made, name="Mine") == "authorization"
    assert agent.refused("delete_greeting", **made) == "authorization"


@pytest.mark.parametrize("action", ["get_greeting", "update_greeting", "delete_greeting"])
def test_there_are_no_greetings_but_ones_own(boss: User, action: str) -> None:
    theirs = make.greeting(make.organization("Other"))

    assert boss.refused(action, id=theirs.pk) == "greeting_not_found"
    assert boss.refused(action, id=2**62) == "greeting_not_found"
    assert boss.refused(action, id=0) == "validation"
    assert boss.refused(action, id=2**63) == "validation"
    assert boss.refused(action) == "validation"


# --- versions ---------------------------------------------------------------------------------

COUNTED = make.rule(
    "url_match_page_view_number", "greater_than", "2", urls=[{"url": SHOP, "operator": "equals"}]
)


@pytest.mark.parametrize("version", ["3.4", "3.5"])
@pytest.mark.parametrize("action", ["get_greeting", "list_greetings", "create_greeting"])
def test_before_3_6_there_were_no_greetings(boss: User, action: str, version: str) -> None:
    with pytest.raises(Refused, match="unknown action"):
        boss.web(action, {}, version=version)


def test_3_7_counts_the_views_of_certain_pages(boss: User) -> None:
    made = boss.call("create_greeting", **whole(rules=[COUNTED]))

    assert boss.call("get_greeting", **made)["rules"] == [COUNTED]


def test_in_3_6_no_rule_counts_the_views_of_certain_pages(boss: User) -> None:
    made = boss.call("create_greeting", **whole())
    boss.version = "3.6"

    assert boss.refused("create_greeting", **whole(rules=[COUNTED])) == "validation"
    assert boss.refused("update_greeting", **made, rules=[COUNTED]) == "validation"


def test_in_3_6_such_rules_are_not_shown(boss: User) -> None:
    other = make.rule("pages_view_number", "greater_than", "2")
    made = boss.call("create_greeting", **whole(rules=[COUNTED, other]))
    boss.version = "3.6"

    (listed,) = boss.call("list_greetings")["greetings"]
    assert listed == boss.call("get_greeting", **made) == {**whole(rules=[other]), **made}
