"""How customers are greeted, and what they do with it (protocol.md 2.8)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from pydantic import ValidationError

from chatplatform import clock
from chatplatform.errors import GreetingNotFound, GroupNotFound, LimitReached
from chatplatform.models import Customer, Greeting, Organization, ShownGreeting, Thread, Visit
from chatplatform.selectors import greetings as selectors
from chatplatform.services import greetings
from tests import make
from tests.world import Refused, User, World

SHOP = "https://shop.example/"
CARD = {
    "template_id": "cards",
    "elements": [
        {"title": "Hello", "buttons": [{"text": "More", "postback_id": "more"}]},
        {"buttons": [{"text": "Mine", "postback_id": "mine", "button_id": "own"}]},
    ],
}


@pytest.fixture
def carl(world: World, acme: Organization, ann: User) -> User:
    return world.customer(acme, "carl")


def greet(carl: User, organization: Organization, **more: Any) -> dict[str, Any]:
    """Show a greeting to Carl and return it as he got it."""
    make.greeting(organization, **more)
    carl.call("update_customer_page", url=SHOP)
    return dict(greeting_of(carl))


def greeting_of(carl: User) -> dict[str, Any]:
    """Return the greeting Carl was shown last."""
    *_, last = (push.payload for push in carl.heard if push.action == "incoming_greeting")
    return dict(last)


def names(carl: User) -> list[str]:
    return [push.action for push in carl.heard]


def counts(user: User) -> tuple[int, int, int]:
    row = Customer.objects.get(id=user.id)
    return (
        row.greetings_shown_count,
        row.greetings_accepted_count,
        row.greetings_converted_count,
    )


# --- shown ------------------------------------------------------------------------------------


def test_a_greeting_is_shown_on_the_page_it_is_for(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    dora = world.customer(acme, "dora")
    greeting = make.greeting(acme, make.rule(value="/cart"), text="Any questions?")

    carl.call("update_customer_page", url="https://shop.example/")
    assert names(carl) == []
    with world.capture_pushes() as pushes:
        carl.call("update_customer_page", url="https://shop.example/cart")

    (shown,) = [body for name, body in pushes.to(carl) if name == "incoming_greeting"]
    row = ShownGreeting.objects.get()
    speaker = shown["event"]["author_id"]
    assert shown == {
        "id": greeting.pk,
        "unique_id": row.unique_id,
        "displayed_first_time": True,
        "is_exit_intent": False,
        "event": {
            "id": f"{row.unique_id}_1",
            "type": "message",
            "created_at": row.content["event"]["created_at"],
            "author_id": speaker,
            "text": "Any questions?",
            "recipients": "all",
        },
        "agent": {
            "id": speaker,
            "type": "agent",
            "name": "Ann",
            "avatar": "",
            "job_title": "",
            "is_bot": False,
        },
    }
    assert speaker != ann.id
    assert pushes.to(dora) == []
    assert counts(carl) == (1, 0, 0)


def test_agents_who_watch_hear_of_the_count(world: World, acme: Organization, carl: User) -> None:
    eve = world.agent(acme, "eve")
    eve.login(customer_monitoring_level="online")
    make.greeting(acme)

    with world.capture_pushes() as pushes:
        carl.call("update_customer_page", url=SHOP)

    statistics = pushes.payload(eve, "customer_statistics_updated")["statistics"]
    assert statistics["greetings_shown_count"] == 1


def test_a_greeting_says_what_else_it_is(acme: Organization, carl: User) -> None:
    shown = greet(
        carl,
        acme,
        type="announcement",
        properties={"addon": "email", "is_exit_intent": "true"},
        rich_message=CARD,
    )

    assert (shown["addon"], shown["subtype"], shown["is_exit_intent"]) == (
        "email",
        "announcement",
        True,
    )
    assert shown["event"]["type"] == "rich_message"
    first, second = shown["event"]["elements"]
    assert first["buttons"][0]["button_id"]
    assert second["buttons"][0]["button_id"] == "own"


def test_a_greeting_is_shown_at_login(acme: Organization, carl: User) -> None:
    make.greeting(acme)

    answer = carl.login(customer_page={"url": SHOP, "title": "Shop"})

    assert "greeting" not in answer
    assert names(carl)[-1] == "incoming_greeting"


def test_a_greeting_is_shown_when_session_fields_make_it_due(
    acme: Organization, carl: User
) -> None:
    gold = {"condition": "and", "type": "custom_variable", "session_field": {"plan": "gold"}}
    make.greeting(acme, gold)

    carl.call("set_customer_session_fields", session_fields=[{"plan": "silver"}])
    assert "incoming_greeting" not in names(carl)
    carl.call("set_customer_session_fields", session_fields=[{"plan": "gold"}])

    assert names(carl).count("incoming_greeting") == 1


def test_a_greeting_is_shown_once_a_visit(acme: Organization, carl: User) -> None:
    greet(carl, acme)

    for number in range(3):
        carl.call("update_customer_page", url=f"{SHOP}{number}")
        carl.login()

    assert counts(carl) == (1, 0, 0)


def test_in_the_next_visit_it_is_not_displayed_for_the_first_time(
    acme: Organization, carl: User
) -> None:
    first = greet(carl, acme)
    carl.lose_connections()

    answer = carl.login(customer_page={"url": SHOP, "title": ""})

    second = greeting_of(carl)
    assert "greeting" not in answer
    assert second["unique_id"] != first["unique_id"]
    assert (first["displayed_first_time"], second["displayed_first_time"]) == (True, False)


def test_every_connection_of_the_customer_is_shown_it(acme: Organization, carl: User) -> None:
    carl.login()
    make.greeting(acme)

    carl.call("update_customer_page", url=SHOP)

    for connection in carl.connections:
        assert [push.action for push in connection.heard][-1] == "incoming_greeting"


def test_a_newer_greeting_cancels_the_older(acme: Organization, carl: User) -> None:
    first = greet(carl, acme)
    make.greeting(acme, make.rule(value="/cart"))

    carl.call("update_customer_page", url=f"{SHOP}cart")

    pushed = [(push.action, push.payload.get("unique_id")) for push in carl.heard[-2:]]
    second = greeting_of(carl)
    assert pushed == [
        ("greeting_canceled", first["unique_id"]),
        ("incoming_greeting", second["unique_id"]),
    ]
    assert ShownGreeting.objects.filter(current=True).count() == 1


@pytest.mark.parametrize(
    "more",
    [
        {"active": False},
        {"active_from": clock.now() + timedelta(hours=1)},
        {"active_until": clock.now() - timedelta(hours=1)},
    ],
    ids=["switched off", "yet to come", "over"],
)
def test_a_greeting_out_of_its_time_is_not_shown(
    acme: Organization, carl: User, more: dict[str, Any]
) -> None:
    make.greeting(acme, **more)

    carl.call("update_customer_page", url=SHOP)

    assert names(carl) == []


def test_a_greeting_of_another_group_is_not_shown(acme: Organization, carl: User) -> None:
    sales = make.group(acme)
    make.greeting(acme, group=sales.number)

    carl.call("update_customer_page", url=SHOP)

    assert names(carl) == []


def test_nobody_is_greeted_in_a_chat(acme: Organization, carl: User) -> None:
    chat_id = carl.call("start_chat")["chat_id"]
    make.greeting(acme)

    carl.call("update_customer_page", url=SHOP)
    assert "incoming_greeting" not in names(carl)
    carl.call("deactivate_chat", id=chat_id)
    carl.call("update_customer_page", url=f"{SHOP}cart")

    assert "incoming_greeting" in names(carl)


def test_an_invitation_needs_somebody_who_accepts_chats(
    acme: Organization, ann: User, carl: User
) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")
    make.greeting(acme)

    carl.call("update_customer_page", url=SHOP)
    assert names(carl).count("incoming_greeting") == 0
    ann.call("set_routing_status", status="accepting_chats")
    carl.call("update_customer_page", url=f"{SHOP}cart")

    assert names(carl).count("incoming_greeting") == 1


def test_an_invitation_nobody_can_speak_stands_in_no_announcements_way(
    acme: Organization, ann: User, carl: User
) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")
    make.greeting(acme)

    shown = greet(carl, acme, type="announcement", text="New!")

    assert shown["event"]["text"] == "New!"


def test_of_several_greetings_the_oldest_comes_first(acme: Organization, carl: User) -> None:
    for text in ("one", "two"):
        make.greeting(acme, text=text)

    texts = []
    for number in range(3):
        carl.call("update_customer_page", url=f"{SHOP}{number}")
        texts.append(greeting_of(carl)["event"]["text"])

    assert texts == ["one", "two", "two"]


def test_an_announcement_needs_nobody_who_accepts_chats(
    acme: Organization, ann: User, carl: User
) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")

    shown = greet(carl, acme, type="announcement")

    assert shown["agent"]["name"] == "Ann"


def test_versions_before_3_5_know_no_exit_intent(world: World, acme: Organization) -> None:
    world.agent(acme, "ann", online=True)
    old = world.customer(acme, "old", version="3.4")

    assert "is_exit_intent" not in greet(old, acme)


# --- time -------------------------------------------------------------------------------------


def pass_seconds(world: World, seconds: int) -> None:
    """Let every visit be older by so much, and the platform look at the clock."""
    ago = timedelta(seconds=seconds)
    for visit in Visit.objects.all():
        visit.started_at -= ago
        visit.last_pages = [
            {**page, "opened_at": clock.to_wire(clock.from_wire(page["opened_at"]) - ago)}
            for page in visit.last_pages
        ]
        if visit.greetings_due_at:
            visit.greetings_due_at -= ago
        visit.save()
    world.act(greetings.show_due)


TIMED = make.rule("visit_time_page", "greater_or_equal", "30")


def test_time_brings_a_greeting(world: World, acme: Organization, carl: User) -> None:
    make.greeting(acme, TIMED)
    carl.call("update_customer_page", url=SHOP)

    pass_seconds(world, 29)
    assert names(carl) == []
    pass_seconds(world, 1)

    assert names(carl)[-1] == "incoming_greeting"
    assert Visit.objects.get().greetings_due_at is None


def test_a_failure_with_one_customer_keeps_no_other_waiting(
    world: World, acme: Organization, carl: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.greeting(acme, TIMED)
    dora = world.customer(acme, "dora")
    for one in (carl, dora):
        one.call("update_customer_page", url=SHOP)
    consider = greetings.consider

    def fail_for_carl(customer: Customer, *more: Any) -> None:
        if str(customer.id) == carl.id:
            raise OperationalError("canceling statement due to lock timeout")
        consider(customer, *more)

    with monkeypatch.context() as patched:
        patched.setattr(greetings, "consider", fail_for_carl)
        pass_seconds(world, 30)
    assert names(carl) == []
    assert names(dora)[-1] == "incoming_greeting"

    world.act(greetings.show_due)

    assert names(carl)[-1] == "incoming_greeting"


def test_another_page_begins_anew(world: World, acme: Organization, carl: User) -> None:
    make.greeting(acme, TIMED)
    carl.call("update_customer_page", url=SHOP)
    pass_seconds(world, 29)

    carl.call("update_customer_page", url=f"{SHOP}cart")
    pass_seconds(world, 29)

    assert names(carl) == []


def test_a_greeting_yet_to_come_is_shown_when_it_has_come(
    world: World, acme: Organization, carl: User
) -> None:
    soon = clock.now() + timedelta(seconds=30)
    greeting = make.greeting(acme, active_from=soon)
    carl.call("update_customer_page", url=SHOP)
    assert Visit.objects.get().greetings_due_at == soon

    Greeting.objects.filter(pk=greeting.pk).update(active_from=soon - timedelta(seconds=60))
    pass_seconds(world, 60)

    assert names(carl)[-1] == "incoming_greeting"


def test_time_greets_nobody_who_has_gone(world: World, acme: Organization, carl: User) -> None:
    make.greeting(acme, TIMED)
    carl.call("update_customer_page", url=SHOP)
    carl.lose_connections()

    pass_seconds(world, 60)

    assert not ShownGreeting.objects.exists()
    assert Visit.objects.get().greetings_due_at is None


def test_who_is_not_due_costs_nothing(
    acme: Organization, carl: User, django_assert_num_queries: Any
) -> None:
    make.greeting(acme, TIMED)
    carl.call("update_customer_page", url=SHOP)

    with django_assert_num_queries(1):
        greetings.show_due()


def test_a_page_costs_one_read_where_nothing_greets(
    acme: Organization, carl: User, django_assert_num_queries: Any
) -> None:
    customer = Customer.objects.select_related("last_visit").get(id=carl.id)
    assert customer.last_visit is not None

    with django_assert_num_queries(1):
        greetings.consider(customer, customer.last_visit)


# --- what customers do ------------------------------------------------------------------------


def test_a_customer_has_seen_a_greeting(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    shown = greet(carl, acme)
    dora = world.customer(acme, "dora")

    with world.capture_pushes() as pushes:
        answer = carl.call("accept_greeting", greeting_id=shown["id"], unique_id=shown["unique_id"])

    assert answer == {}
    assert pushes.payload(carl, "greeting_accepted") == {"unique_id": shown["unique_id"]}
    assert pushes.to(dora) == []
    assert counts(carl) == (1, 1, 0)


def test_seeing_it_again_changes_nothing(world: World, acme: Organization, carl: User) -> None:
    shown = greet(carl, acme)
    seen = {"greeting_id": shown["id"], "unique_id": shown["unique_id"]}
    carl.call("accept_greeting", **seen)

    with world.nothing_changes():
        assert carl.call("accept_greeting", **seen) == {}


def test_a_login_shows_the_greeting_again_and_whether_it_was_seen(
    acme: Organization, carl: User
) -> None:
    shown = greet(carl, acme)

    assert carl.login()["greeting"] == {**shown, "accepted": False}
    carl.call("accept_greeting", greeting_id=shown["id"], unique_id=shown["unique_id"])
    assert carl.login()["greeting"] == {**shown, "accepted": True}
    carl.call("cancel_greeting", unique_id=shown["unique_id"])
    assert "greeting" not in carl.login()


def test_a_customer_closes_a_greeting(world: World, acme: Organization, carl: User) -> None:
    shown = greet(carl, acme)
    carl.login()

    with world.capture_pushes() as pushes:
        answer = carl.call("cancel_greeting", unique_id=shown["unique_id"])

    assert answer == {}
    closed = ("greeting_canceled", {"unique_id": shown["unique_id"]})
    assert pushes.to(carl) == [closed, closed]
    with world.nothing_changes():
        carl.call("cancel_greeting", unique_id=shown["unique_id"])


def test_a_closed_greeting_can_not_be_seen(acme: Organization, carl: User) -> None:
    shown = greet(carl, acme)
    carl.call("cancel_greeting", unique_id=shown["unique_id"])

    refused = carl.refused("accept_greeting", greeting_id=shown["id"], unique_id=shown["unique_id"])

    assert refused == "greeting_not_found"


def test_nobody_has_anything_to_do_with_others_greetings(
    world: World, acme: Organization, carl: User
) -> None:
    shown = greet(carl, acme, rich_message=CARD)
    dora = world.customer(acme, "dora")
    unique_id = shown["unique_id"]

    assert dora.refused("cancel_greeting", unique_id=unique_id) == "greeting_not_found"
    assert (
        dora.refused("accept_greeting", greeting_id=shown["id"], unique_id=unique_id)
        == "greeting_not_found"
    )
    assert (
        dora.refused("send_greeting_button_clicked", greeting_unique_id=unique_id, button_id="own")
        == "greeting_not_found"
    )
    assert (
        carl.refused("accept_greeting", greeting_id=shown["id"] + 1, unique_id=unique_id)
        == "greeting_not_found"
    )


def test_clicks_are_noted_once(acme: Organization, carl: User) -> None:
    shown = greet(carl, acme, rich_message=CARD)
    click = {"greeting_unique_id": shown["unique_id"], "button_id": "own"}

    for _ in range(2):
        assert carl.call("send_greeting_button_clicked", **click) == {}

    assert ShownGreeting.objects.get().clicked_buttons == ["own"]


def test_a_greeting_without_the_button_was_not_clicked(acme: Organization, carl: User) -> None:
    shown = greet(carl, acme, rich_message=CARD)

    refused = carl.refused(
        "send_greeting_button_clicked", greeting_unique_id=shown["unique_id"], button_id="none"
    )

    assert refused == "not_found"


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_versions_before_3_6_click_no_buttons(acme: Organization, carl: User, version: str) -> None:
    with pytest.raises(Refused, match="unknown action"):
        carl.web("send_greeting_button_clicked", {}, version=version)


# --- chats started from a greeting ------------------------------------------------------------


def start_from(carl: User, unique_id: str) -> Any:
    thread = {"properties": {"lc2": {"greeting_unique_id": unique_id}}}
    return carl.call("start_chat", chat={"thread": thread})


def test_a_chat_is_started_from_a_greeting(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    shown = greet(carl, acme)

    with world.capture_pushes() as pushes:
        started = start_from(carl, shown["unique_id"])

    row = ShownGreeting.objects.get()
    assert (row.thread_id, row.current) == (started["thread_id"], False)
    assert counts(carl) == (1, 1, 1)
    assert "event_ids" not in started
    thread = pushes.payload(ann, "incoming_chat")["chat"]["thread"]
    link = {"greeting_id": shown["id"], "greeting_unique_id": shown["unique_id"]}
    assert thread["properties"]["lc2"] == link
    (said,) = thread["events"]
    assert (said["author_id"], said["text"]) == (ann.id, "May we help?")
    assert said["properties"]["lc2"] == link
    (told,) = pushes.payload(carl, "incoming_chat")["chat"]["thread"]["events"]
    assert (told["text"], told["author_id"]) == ("May we help?", shown["agent"]["id"])


def test_what_an_absent_agent_greeted_with_is_said_by_the_system(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    shown = greet(carl, acme)
    ann.call("set_routing_status", status="not_accepting_chats")
    bob = world.agent(acme, "bob", online=True)

    chat_id = start_from(carl, shown["unique_id"])["chat_id"]

    (said,) = bob.call("get_chat", chat_id=chat_id)["thread"]["events"]
    assert said["text"] == "May we help?"
    assert "author_id" not in said


def test_a_chat_started_otherwise_takes_the_greeting_away(
    world: World, acme: Organization, carl: User
) -> None:
    shown = greet(carl, acme)

    with world.capture_pushes() as pushes:
        carl.call("start_chat")

    assert pushes.payload(carl, "greeting_canceled") == {"unique_id": shown["unique_id"]}
    assert counts(carl) == (1, 0, 0)
    assert not Thread.objects.get().properties.get("lc2")


def test_a_chat_started_from_an_earlier_greeting_takes_the_newer_one_away(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    for name in ("first", "second"):
        make.greeting(acme, make.rule(value=f"/{name}"), text=name)
    carl.call("update_customer_page", url="https://shop.example/first")
    carl.call("update_customer_page", url="https://shop.example/second")
    first, second = (
        push.payload["unique_id"] for push in carl.heard if push.action == "incoming_greeting"
    )

    with world.capture_pushes() as pushes:
        start_from(carl, first)

    assert pushes.payload(carl, "greeting_accepted") == {"unique_id": first}
    assert pushes.payload(carl, "greeting_canceled") == {"unique_id": second}
    assert not ShownGreeting.objects.filter(current=True).exists()


def test_a_greeting_converts_once(acme: Organization, carl: User) -> None:
    shown = greet(carl, acme)
    first = start_from(carl, shown["unique_id"])
    carl.call("deactivate_chat", id=first["chat_id"])

    thread = {"properties": {"lc2": {"greeting_unique_id": shown["unique_id"]}}}
    carl.call("resume_chat", chat={"id": first["chat_id"], "thread": thread})

    assert counts(carl) == (1, 1, 1)
    assert ShownGreeting.objects.get().thread_id == first["thread_id"]


def test_no_chat_is_started_from_a_greeting_one_was_not_shown(
    world: World, acme: Organization, carl: User
) -> None:
    shown = greet(carl, acme)
    dora = world.customer(acme, "dora")
    thread = {"properties": {"lc2": {"greeting_unique_id": shown["unique_id"]}}}

    assert dora.refused("start_chat", chat={"thread": thread}) == "greeting_not_found"


# --- kept -------------------------------------------------------------------------------------


def test_a_greeting_is_kept(acme: Organization) -> None:
    until = clock.now() + timedelta(days=1)
    made = make.greeting(acme, TIMED, text="Hi", active_until=until)

    ((row,), _) = selectors.list_greetings(acme.id)
    record = selectors.greeting_record(row)

    assert record == {
        "id": made.pk,
        "type": "normal",
        "active": True,
        "active_until": clock.to_wire(until),
        "name": "Hi",
        "group": 0,
        "rules": [TIMED],
        "properties": {"greeting-message_text": "Hi"},
    }
    assert selectors.list_greetings(acme.id, [1]) == ([], 0)


def test_an_update_changes_what_is_given(acme: Organization) -> None:
    made = make.greeting(acme, rich_message=CARD)
    before = selectors.greeting_record(made)

    changed = greetings.update_greeting(acme, made.pk, {"name": "New", "active": False})

    assert selectors.greeting_record(changed) == {**before, "name": "New", "active": False}


def test_buttons_keep_their_ids(acme: Organization) -> None:
    made = make.greeting(acme, rich_message=CARD)
    ids = [element["buttons"][0]["button_id"] for element in made.rich_message["elements"]]

    changed = greetings.update_greeting(acme, made.pk, {"rich_message": CARD})

    assert [
        element["buttons"][0]["button_id"] for element in changed.rich_message["elements"]
    ] == ids
    assert ids[1] == "own"


def test_what_was_shown_outlives_the_greeting(acme: Organization, carl: User) -> None:
    shown = greet(carl, acme)

    greetings.delete_greeting(acme, shown["id"])

    assert carl.login()["greeting"] == {**shown, "accepted": False}
    carl.call("accept_greeting", greeting_id=shown["id"], unique_id=shown["unique_id"])


def test_greetings_of_others_are_out_of_reach(acme: Organization) -> None:
    made = make.greeting(acme)
    other = make.organization("Other")

    with pytest.raises(GreetingNotFound):
        greetings.update_greeting(other, made.pk, {"name": "Mine"})
    with pytest.raises(GreetingNotFound):
        greetings.delete_greeting(other, made.pk)
    assert selectors.list_greetings(other.id) == ([], 0)


def test_a_greeting_belongs_to_a_group(acme: Organization) -> None:
    with pytest.raises(GroupNotFound):
        make.greeting(acme, group=7)


@pytest.mark.parametrize(
    "values",
    [
        {"rules": []},
        {"rules": [make.rule()] * 11},
        {"type": "shout"},
        {"name": ""},
        {"name": "x" * 256},
        {"properties": {}},
        {"properties": {"greeting-message_text": "Hi", "color": "red"}},
        {"properties": {"greeting-message_text": "Hi", "is_exit_intent": "perhaps"}},
        {"rich_message": {"template_id": "poem"}},
        {"rich_message": {"template_id": "cards", "elements": [{}] * 11}},
        {"rich_message": {"template_id": "cards", "elements": [{"buttons": [{"text": "x"}]}]}},
        {"active_from": clock.now(), "active_until": clock.now() - timedelta(days=1)},
        {"active_from": clock.now().replace(tzinfo=None)},
    ],
    ids=[
        "no rules",
        "too many rules",
        "unknown type",
        "no name",
        "long name",
        "nothing said",
        "unknown property",
        "unclear property",
        "unknown template",
        "too many elements",
        "half a button",
        "over before it begins",
        "no time zone",
    ],
)
def test_impossible_greetings_are_refused(acme: Organization, values: dict[str, Any]) -> None:
    known = {
        "type": "normal",
        "active": True,
        "name": "x",
        "rules": [make.rule()],
        "properties": {"greeting-message_text": "x"},
    }

    with pytest.raises(ValidationError):
        greetings.create_greeting(acme, 0, {**known, **values})

    assert not Greeting.objects.exists()


def test_there_is_a_most_of_greetings(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greetings, "MAX_GREETINGS", 1)
    make.greeting(acme)

    with pytest.raises(LimitReached):
        make.greeting(acme)
