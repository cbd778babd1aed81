"""Buttons of rich messages: who has pressed them, and who is told."""

from typing import Any

import pytest

from chatplatform.models import Agent, Organization
from tests import make
from tests.world import User, World


@pytest.fixture
def question(ann: User, bob: User, carl: User) -> dict[str, str]:
    """What names a question Ann asked Carl in a running chat; Bob follows it."""
    chat_id = carl.call("start_chat")["chat_id"]
    bob.call("follow_chat", id=chat_id)
    return ask(ann, chat_id)


def ask(user: User, chat_id: str, **more: Any) -> dict[str, str]:
    event = make.rich_message("Well?", "yes", "no", **more)
    event_id = user.call("send_event", chat_id=chat_id, event=event)["event_id"]
    return {
        "chat_id": chat_id,
        "thread_id": event_id.rpartition("_")[0],
        "event_id": event_id,
    }


def press(user: User, question: dict[str, str], name: str = "yes", toggled: bool = True) -> Any:
    return user.call(
        "send_rich_message_postback", **question, postback={"id": name, "toggled": toggled}
    )


def refusal(user: User, question: dict[str, str], **postback: Any) -> str:
    given = {"id": "yes", "toggled": True, **postback}
    return user.refused("send_rich_message_postback", **question, postback=given)


def pressed(user: User, question: dict[str, str]) -> dict[str, list[str]]:
    """Return who has pressed each button, as a user sees it."""
    chat = user.call("get_chat", chat_id=question["chat_id"], thread_id=question["thread_id"])
    (event,) = (one for one in chat["thread"]["events"] if one["id"] == question["event_id"])
    buttons = event["elements"][0]["buttons"]
    return {button["postback_id"]: button["user_ids"] for button in buttons}


def facing(agent: User) -> str:
    """Return the id under which customers know an agent."""
    return str(Agent.objects.get(public_id=agent.id).customer_facing_id)


def test_a_customer_presses_a_button(
    world: World, ann: User, carl: User, question: dict[str, str]
) -> None:
    with world.capture_pushes() as pushes:
        assert press(carl, question) == {}

    for user in (ann, carl):
        assert pressed(user, question) == {"yes": [carl.id], "no": []}
    assert pushes.names == {
        "ann": ["event_updated", "incoming_rich_message_postback"],
        "bob": ["event_updated", "incoming_rich_message_postback"],
        "carl": ["event_updated"],
    }
    assert pushes.payload(ann, "incoming_rich_message_postback") == {
        "user_id": carl.id,
        **question,
        "postback": {"id": "yes", "toggled": True},
    }
    updated = pushes.payload(carl, "event_updated")
    assert updated["event"]["elements"][0]["buttons"][0]["user_ids"] == [carl.id]
    assert (updated["chat_id"], updated["event"]["id"]) == (
        question["chat_id"],
        question["event_id"],
    )


def test_releasing_a_button_takes_one_off_it(
    ann: User, carl: User, question: dict[str, str]
) -> None:
    press(carl, question)
    press(ann, question)

    press(carl, question, toggled=False)

    assert pressed(ann, question) == {"yes": [ann.id], "no": []}


def test_what_changes_nothing_is_told_as_a_postback_only(
    world: World, carl: User, question: dict[str, str]
) -> None:
    press(carl, question)

    with world.capture_pushes() as pushes:
        press(carl, question)
        press(carl, question, "no", toggled=False)

    assert pushes.names == {
        "ann": ["incoming_rich_message_postback"] * 2,
        "bob": ["incoming_rich_message_postback"] * 2,
    }


def test_an_agents_postback_reaches_the_customer_under_the_id_customers_know(
    world: World, ann: User, bob: User, carl: User, question: dict[str, str]
) -> None:
    with world.capture_pushes() as pushes:
        press(ann, question)

    told = {**question, "postback": {"id": "yes", "toggled": True}}
    assert pushes.payload(carl, "incoming_rich_message_postback") == {
        "user_id": facing(ann),
        **told,
    }
    assert pushes.payload(bob, "incoming_rich_message_postback") == {"user_id": ann.id, **told}
    assert "incoming_rich_message_postback" not in pushes.names["ann"]
    assert pressed(carl, question) == {"yes": [facing(ann)], "no": []}
    assert pressed(bob, question) == {"yes": [ann.id], "no": []}
    assert ann.id not in str(pushes.to(carl))


def test_what_a_button_means_travels_along(
    world: World, ann: User, carl: User, question: dict[str, str]
) -> None:
    postback = {
        "id": "yes",
        "toggled": True,
        "button_type": "message",
        "button_value": "yes",
        "ecommerce": {"product_id": "12", "option_id": "red", "quantity": 2},
    }

    with world.capture_pushes() as pushes:
        carl.call("send_rich_message_postback", **question, postback=postback)

    assert pushes.payload(ann, "incoming_rich_message_postback")["postback"] == postback


def test_before_3_6_a_postback_is_bare(
    world: World, acme: Organization, carl: User, question: dict[str, str]
) -> None:
    old = world.agent(acme, "old", version="3.5")
    old.login(pushes={"3.5": ["all"]})
    old.call("follow_chat", id=question["chat_id"])
    postback = {"id": "yes", "toggled": True, "button_type": "message", "button_value": "yes"}
    bare = {"id": "yes", "toggled": True}

    with world.capture_pushes() as pushes:
        carl.call("send_rich_message_postback", **question, postback=postback)
        payload = {**question, "postback": {**postback, "button_type": 5}}
        carl.web("send_rich_message_postback", payload, version="3.5")

    told = [payload["postback"] for name, payload in pushes.to(old) if "postback" in name]
    assert told == [bare, bare]


def test_every_button_of_that_name_is_pressed(ann: User, carl: User) -> None:
    chat_id = carl.call("start_chat")["chat_id"]
    button = {"text": "Yes", "postback_id": "yes"}
    elements = [{"title": "A", "buttons": [button, button]}, {"title": "B", "buttons": [button]}]
    event = {"type": "rich_message", "template_id": "cards", "elements": elements}
    event_id = ann.call("send_event", chat_id=chat_id, event=event)["event_id"]
    thread_id = event_id.rpartition("_")[0]

    press(carl, {"chat_id": chat_id, "thread_id": thread_id, "event_id": event_id})

    stored = carl.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    assert [[b["user_ids"] for b in element["buttons"]] for element in stored["elements"]] == [
        [[carl.id], [carl.id]],
        [[carl.id]],
    ]


def test_in_a_closed_thread_buttons_remember_but_nobody_acts_on_them(
    world: World, ann: User, carl: User, question: dict[str, str]
) -> None:
    ann.call("deactivate_chat", id=question["chat_id"])

    with world.capture_pushes() as pushes:
        press(carl, question)

    assert pressed(ann, question)["yes"] == [carl.id]
    assert pushes.names == {name: ["event_updated"] for name in ("ann", "bob", "carl")}


def test_the_postback_of_an_earlier_thread_is_not_of_the_active_one(
    world: World, ann: User, carl: User, question: dict[str, str]
) -> None:
    ann.call("deactivate_chat", id=question["chat_id"])
    carl.call("resume_chat", chat={"id": question["chat_id"]})

    with world.capture_pushes() as pushes:
        press(carl, question)

    assert pushes.names == {name: ["event_updated"] for name in ("ann", "carl")}


def test_buttons_for_agents_are_out_of_customers_reach(
    world: World, ann: User, bob: User, carl: User, question: dict[str, str]
) -> None:
    aside = ask(ann, question["chat_id"], visibility="agents")

    assert refusal(carl, aside) == "not_found"

    with world.capture_pushes() as pushes:
        press(ann, aside)
    assert pushes.names == {
        "ann": ["event_updated"],
        "bob": ["event_updated", "incoming_rich_message_postback"],
    }


def test_who_whispers_presses_buttons_for_agents_only(
    world: World, ann: User, bob: User, carl: User, question: dict[str, str]
) -> None:
    chat_id = question["chat_id"]
    ann.call(
        "add_user_to_chat", chat_id=chat_id, user_id=bob.id, user_type="agent", visibility="agents"
    )
    aside = ask(ann, chat_id, visibility="agents")

    assert refusal(bob, question) == "not_allowed"
    press(bob, aside)
    assert pressed(ann, aside)["yes"] == [bob.id]


def test_customers_do_not_see_that_somebody_who_now_whispers_had_pressed(
    ann: User, bob: User, carl: User, question: dict[str, str]
) -> None:
    join = {"chat_id": question["chat_id"], "user_id": bob.id, "user_type": "agent"}
    ann.call("add_user_to_chat", **join, visibility="all")
    press(bob, question)
    ann.call("add_user_to_chat", **join, visibility="agents")

    assert pressed(ann, question)["yes"] == [bob.id]
    assert pressed(carl, question)["yes"] == []


def test_only_users_of_the_chat_press(bob: User, question: dict[str, str]) -> None:
    assert refusal(bob, question) == "not_allowed"


def test_a_button_must_be_there(ann: User, carl: User, question: dict[str, str]) -> None:
    message = ann.call("send_event", chat_id=question["chat_id"], event=make.message())

    assert refusal(carl, question, id="maybe") == "validation"
    assert refusal(carl, {**question, "event_id": message["event_id"]}) == "validation"


@pytest.mark.parametrize(
    "postback",
    [
        {"id": None},
        {"id": "x" * 256},
        {"toggled": "yes"},
        {"toggled": None},
        {"button_value": "x" * 4097},
        {"ecommerce": {}},
        {"ecommerce": {"product_id": "1", "quantity": "2"}},
        {"ecommerce": {"product_id": "1", "quantity": -1}},
    ],
)
def test_a_postback_that_breaks_a_rule_is_refused(
    carl: User, question: dict[str, str], postback: dict[str, Any]
) -> None:
    assert refusal(carl, question, **postback) == "validation"


@pytest.mark.parametrize("name", ["chat_id", "thread_id", "event_id"])
def test_what_is_not_there_is_not_found(
    ann: User, carl: User, question: dict[str, str], name: str
) -> None:
    for user in (ann, carl):
        assert refusal(user, {**question, name: "NOTHERE000"}) == "not_found"


def test_a_deleted_question_has_no_buttons(carl: User, question: dict[str, str]) -> None:
    own = ask(carl, question["chat_id"])
    carl.call("delete_event", **own)

    assert refusal(carl, own) == "not_found"
