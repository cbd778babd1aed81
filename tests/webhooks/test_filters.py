"""What webhooks can be narrowed by: each filter by itself, and all together."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from chatplatform.models import Agent, Chat, Thread
from chatplatform.services import bots, thumbnails
from chatplatform.webhook_actions import Filters
from tests import make
from tests.webhooks.hooks import Hooks
from tests.world import User, World

Ids = dict[str, str]


def say(user: User, ids: Ids, text: str = "Hi") -> None:
    user.call("send_event", chat_id=ids["chat_id"], event=make.message(text))


def acting_through(hooks: Hooks, user: User) -> User:
    """Return the same agent, acting through the webhooks' own application."""
    row = Agent.objects.get(public_id=user.id)
    return user.world.as_agent(row, application=hooks.application)


def robot(owner: Hooks) -> str:
    """Make a bot of an application, and return its id."""
    return bots.create_bot(owner.application, "Robot").agent.public_id


def let_in(ann: User, ids: Ids, user_id: str, visibility: str = "all") -> None:
    ann.call(
        "add_user_to_chat",
        chat_id=ids["chat_id"],
        user_id=user_id,
        user_type="agent",
        visibility=visibility,
    )


def texts(hooks: Hooks) -> list[str]:
    return [payload["event"]["text"] for payload in hooks.payloads()]


# --- author_type ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author_type", "heard"), [("customer", ["from Carl"]), ("agent", ["from Ann"])]
)
def test_author_type(
    hooks: Hooks, ann: User, carl: User, ids: Ids, author_type: str, heard: list[str]
) -> None:
    hooks.listen("incoming_event", filters={"author_type": author_type})

    say(ann, ids, "from Ann")
    say(carl, ids, "from Carl")

    assert texts(hooks) == heard


@pytest.mark.parametrize("author_type", ["customer", "agent"])
def test_what_the_system_says_has_no_author(
    hooks: Hooks, ann: User, bob: User, ids: Ids, author_type: str
) -> None:
    hooks.listen("incoming_event", filters={"author_type": author_type})

    let_in(ann, ids, bob.id)

    assert Chat.objects.get(id=ids["chat_id"]).last_events["all"].keys() >= {"system_message"}
    assert hooks.bodies() == []


@pytest.mark.parametrize(("author_type", "heard"), [("customer", 0), ("agent", 1)])
def test_author_type_of_updates(
    hooks: Hooks, ann: User, carl: User, ids: Ids, author_type: str, heard: int
) -> None:
    asked = make.rich_message("Well?", "yes")
    event_id = ann.call("send_event", chat_id=ids["chat_id"], event=asked)["event_id"]
    hooks.listen("event_updated", filters={"author_type": author_type})

    carl.call(
        "send_rich_message_postback",
        **{**ids, "event_id": event_id},
        postback={"id": "yes", "toggled": True},
    )

    assert len(hooks.bodies()) == heard


# --- only_my_chats --------------------------------------------------------------------------------


def test_only_my_chats(hooks: Hooks, ann: User, ids: Ids) -> None:
    mine = acting_through(hooks, ann)
    my_chat = mine.call("start_chat", active=True)
    hooks.listen("incoming_event", filters={"only_my_chats": True})

    say(mine, ids, "in another chat")
    say(ann, {"chat_id": my_chat["chat_id"]}, "in mine")

    assert texts(hooks) == ["in mine"]


def test_a_switch_that_is_off_narrows_nothing(hooks: Hooks, ann: User, ids: Ids) -> None:
    off: Filters = {"only_my_chats": False, "chat_presence": {"my_bots": False}}
    hooks.listen("incoming_event", filters=off)

    say(ann, ids)

    assert texts(hooks) == ["Hi"]


def test_a_chat_that_is_gone_is_nobodys(hooks: Hooks, ann: User) -> None:
    mine = acting_through(hooks, ann)
    chat = mine.call("start_chat", active=True)
    hooks.listen("incoming_event", filters={"only_my_chats": True})
    say(mine, chat)

    Chat.objects.filter(id=chat["chat_id"]).delete()

    assert hooks.bodies() == []


# --- chat_presence --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "heard"), [("values", ["with Bob"]), ("exclude_values", ["without Bob"])]
)
def test_presence_of_users(
    hooks: Hooks, ann: User, bob: User, ids: Ids, condition: str, heard: list[str]
) -> None:
    presence: Any = {"user_ids": {condition: [bob.id, "nobody@example.com"]}}
    hooks.listen("incoming_event", filters={"chat_presence": presence, "author_type": "agent"})

    say(ann, ids, "without Bob")
    let_in(ann, ids, bob.id)
    say(ann, ids, "with Bob")

    assert texts(hooks) == heard


@pytest.mark.parametrize(("condition", "heard"), [("values", 1), ("exclude_values", 0)])
def test_a_customer_is_present_too(
    hooks: Hooks, ann: User, carl: User, ids: Ids, condition: str, heard: int
) -> None:
    presence: Any = {"user_ids": {condition: [carl.id]}}
    hooks.listen("incoming_event", filters={"chat_presence": presence})

    say(ann, ids)

    assert len(hooks.bodies()) == heard


def test_who_left_is_not_present(hooks: Hooks, ann: User, bob: User, ids: Ids) -> None:
    let_in(ann, ids, bob.id)
    hooks.listen("incoming_event", filters={"chat_presence": {"user_ids": {"values": [bob.id]}}})
    chosen = {"chat_id": ids["chat_id"], "user_id": bob.id, "user_type": "agent"}

    ann.call("remove_user_from_chat", **chosen)
    say(ann, ids, "Bob left")

    assert "Bob left" not in texts(hooks)


def test_who_leaves_hears_so(hooks: Hooks, ann: User, bob: User, carl: User, ids: Ids) -> None:
    let_in(ann, ids, bob.id)
    presence: Any = {"user_ids": {"values": [bob.id]}}
    hooks.listen("user_removed_from_chat", filters={"chat_presence": presence})

    ann.call("remove_user_from_chat", chat_id=ids["chat_id"], user_id=bob.id, user_type="agent")

    body = hooks.body()
    assert body["payload"]["user_id"] == bob.id
    assert body["additional_data"]["chat_presence_user_ids"] == [carl.id, ann.id]


def test_presence_of_my_bots(hooks: Hooks, ann: User, ids: Ids) -> None:
    others = Hooks(hooks.organization)
    mine, theirs = robot(hooks), robot(others)
    hooks.listen("incoming_event", filters={"chat_presence": {"my_bots": True}})

    let_in(ann, ids, theirs, "agents")
    say(ann, ids, "their bot is here")
    let_in(ann, ids, mine, "agents")
    say(ann, ids, "my bot whispers")

    assert "my bot whispers" in texts(hooks)
    assert "their bot is here" not in texts(hooks)


def test_session_fields_know_who_is_in_the_chat(
    hooks: Hooks, ann: User, bob: User, carl: User, ids: Ids
) -> None:
    for user in (ann, bob):
        presence: Any = {"user_ids": {"values": [user.id]}}
        hooks.listen("customer_session_fields_updated", filters={"chat_presence": presence})

    carl.call("set_customer_session_fields", session_fields=[{"plan": "gold"}])

    assert len(hooks.bodies()) == 1


# --- source_type ----------------------------------------------------------------------------------

SOURCES = ["my_client", "other_clients", "system"]


def sources_heard(hooks: Hooks, action: str, cause: Callable[[], None]) -> list[str]:
    """Return which source types hear of what ``cause`` does."""
    listening = {
        source: hooks.listen(action, filters={"source_type": [source]}, additional_data=())
        for source in SOURCES
    }
    cause()
    told = {body["webhook_id"] for body in hooks.bodies()}
    return [source for source, webhook in listening.items() if webhook.id in told]


def test_a_call_through_ones_own_client(hooks: Hooks, ann: User, ids: Ids) -> None:
    mine = acting_through(hooks, ann)

    assert sources_heard(hooks, "incoming_event", lambda: say(mine, ids)) == ["my_client"]


def test_a_call_through_another_client(hooks: Hooks, carl: User, ids: Ids) -> None:
    assert sources_heard(hooks, "incoming_event", lambda: say(carl, ids)) == ["other_clients"]


def test_a_call_with_a_personal_access_token(
    world: World, hooks: Hooks, ann: User, ids: Ids
) -> None:
    row = Agent.objects.get(public_id=ann.id)
    person = User(world, "agent", make.basic(row, make.pat(row)), hooks.organization.id)

    assert sources_heard(hooks, "incoming_event", lambda: say(person, ids)) == ["other_clients"]


def test_several_sources(hooks: Hooks, ann: User, carl: User, ids: Ids) -> None:
    hooks.listen("incoming_event", filters={"source_type": ["my_client", "other_clients"]})

    say(acting_through(hooks, ann), ids, "mine")
    say(carl, ids, "another's")

    assert texts(hooks) == ["mine", "another's"]


def test_a_timer_is_the_system(world: World, hooks: Hooks, ann: User, ids: Ids) -> None:
    assert sources_heard(hooks, "user_removed_from_chat", lambda: world.lose(ann)) == ["system"]


def test_the_worker_is_the_system(world: World, hooks: Hooks, carl: User, ids: Ids) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (1200, 800)).save(picture, "PNG")
    url = carl.upload("photo.png", picture.getvalue(), "image/png")
    carl.call("send_event", chat_id=ids["chat_id"], event={"type": "file", "url": url})

    def make_thumbnails() -> None:
        world.act(thumbnails.make_due)

    assert sources_heard(hooks, "event_updated", make_thumbnails) == ["system"]


def test_the_router_is_the_system_whoever_gave_occasion(
    hooks: Hooks, world: World, ann: User, ids: Ids
) -> None:
    Agent.objects.filter(public_id=ann.id).update(max_chats_count=1)
    dora = world.customer(hooks.organization, "dora")
    dora.call("start_chat")
    mine = acting_through(hooks, ann)

    def free_a_place() -> None:
        mine.call("deactivate_chat", id=ids["chat_id"])

    assert sources_heard(hooks, "chat_transferred", free_a_place) == ["system"]
    assert Thread.objects.get(chat__customer=dora.id).queued_at is None


def test_who_is_gone_by_a_call_is_replaced_by_the_system(
    hooks: Hooks, root: User, ann: User, ids: Ids
) -> None:
    def suspend() -> None:
        root.configuration.call("suspend_agent", id=ann.id)

    assert sources_heard(hooks, "user_removed_from_chat", suspend) == ["system"]


def test_what_the_router_notes_is_the_systems(hooks: Hooks, ann: User, ids: Ids) -> None:
    def reply() -> None:
        say(acting_through(hooks, ann), ids)

    assert sources_heard(hooks, "thread_properties_updated", reply) == ["system"]
    assert [payload["properties"] for payload in hooks.payloads()] == [
        {"routing": {"unreplied": False}}
    ]


# --- agent_ids ------------------------------------------------------------------------------------


def test_agent_ids(hooks: Hooks, ann: User, bob: User) -> None:
    hooks.listen("routing_status_set", filters={"agent_ids": [bob.id]})

    ann.call("set_routing_status", status="not_accepting_chats")
    bob.call("set_routing_status", status="accepting_chats")

    assert hooks.payloads() == [{"agent_id": bob.id, "status": "accepting chats"}]


# --- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author_type", "source", "heard"),
    [
        ("customer", "other_clients", ["Hi"]),
        ("agent", "other_clients", []),
        ("customer", "my_client", []),
    ],
)
def test_all_filters_must_hold(
    hooks: Hooks, carl: User, ids: Ids, author_type: str, source: str, heard: list[str]
) -> None:
    presence: Any = {"user_ids": {"values": [carl.id]}}
    hooks.listen(
        "incoming_event",
        filters={
            "author_type": author_type,
            "source_type": [source],
            "chat_presence": presence,
            "only_my_chats": False,
        },
    )

    say(carl, ids)

    assert texts(hooks) == heard
