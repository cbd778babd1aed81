"""Webhooks about properties: every body, in every version, and who is shown what of them."""

from typing import Any

import pytest

from chatplatform.api.versions import VERSIONS
from chatplatform.webhook_actions import ACTIONS
from tests import make
from tests.webhooks.hooks import Hooks, in_each_version
from tests.world import User

Ids = dict[str, str]

PLACES: dict[str, tuple[str, ...]] = {
    "chat": (),
    "thread": ("thread_id",),
    "event": ("thread_id", "event_id"),
}
"""What names an object of each kind, besides its chat."""


def named(kind: str, ids: Ids, *, called: bool = False) -> dict[str, str]:
    """Return what names an object: in a payload, or where an action is called."""
    chat = "id" if called and kind == "chat" else "chat_id"
    return {chat: ids["chat_id"], **{name: ids[name] for name in PLACES[kind]}}


@pytest.mark.parametrize("kind", PLACES)
@in_each_version("chat_properties_updated")
def test_properties_updated(
    hooks: Hooks, ann: User, ids: Ids, talking: dict[str, Any], kind: str, version: str
) -> None:
    webhook = hooks.listen(f"{kind}_properties_updated", version)
    given = {"test": {"string_property": "x"}}

    ann.call(f"update_{kind}_properties", **named(kind, ids, called=True), properties=given)

    if kind == "chat":
        talking["chat_properties"] |= given
    payload = {**named(kind, ids), "properties": given}
    assert hooks.body() == hooks.expected(webhook, payload, additional_data=talking)


@pytest.mark.parametrize("kind", PLACES)
@in_each_version("chat_properties_deleted")
def test_properties_deleted(
    hooks: Hooks, ann: User, ids: Ids, talking: dict[str, Any], kind: str, version: str
) -> None:
    place = named(kind, ids, called=True)
    given = {"test": {"string_property": "x"}}
    ann.call(f"update_{kind}_properties", **place, properties=given)
    webhook = hooks.listen(f"{kind}_properties_deleted", version)
    names = {"test": ["string_property"]}

    ann.call(f"delete_{kind}_properties", **place, properties=names)

    payload = {**named(kind, ids), "properties": names}
    assert hooks.body() == hooks.expected(webhook, payload, additional_data=talking)


# --- what an application keeps to itself ----------------------------------------------------------


@pytest.fixture
def theirs(hooks: Hooks) -> Hooks:
    """Another application on the licence."""
    return Hooks(hooks.organization)


def in_hand_of(hooks: Hooks, user: User) -> User:
    """Return the same agent, acting through the application of ``hooks``."""
    row = make.Agent.objects.get(public_id=user.id)
    return user.world.as_agent(row, application=hooks.application)


@pytest.mark.parametrize("kind", PLACES)
def test_private_properties_are_for_their_own_application(
    hooks: Hooks, theirs: Hooks, ann: User, ids: Ids, kind: str
) -> None:
    make.definition(hooks.application)
    private = {hooks.application.client_id: {"plan": "gold"}}
    place = named(kind, ids, called=True)
    for one in (hooks, theirs):
        one.listen(f"{kind}_properties_updated", additional_data=())

    mine = in_hand_of(hooks, ann)
    mine.call(f"update_{kind}_properties", **place, properties=private)
    mine.call(
        f"update_{kind}_properties",
        **place,
        properties={**private, "test": {"string_property": "x"}},
    )

    open_ones = {"test": {"string_property": "x"}}
    assert [payload["properties"] for payload in hooks.payloads()] == [
        private,
        {**private, **open_ones},
    ]
    assert [payload["properties"] for payload in theirs.payloads()] == [open_ones]


def test_private_properties_of_what_is_told_besides(
    hooks: Hooks, theirs: Hooks, ann: User, ids: Ids
) -> None:
    make.definition(hooks.application)
    mine = in_hand_of(hooks, ann)
    private = {hooks.application.client_id: {"plan": "gold"}}
    mine.call("update_chat_properties", id=ids["chat_id"], properties=private)
    for one in (hooks, theirs):
        one.listen("incoming_event", additional_data=("chat_properties",))

    said = make.message("Hi", properties=private)
    mine.call("send_event", chat_id=ids["chat_id"], event=said)

    told = hooks.body()
    assert told["additional_data"]["chat_properties"][hooks.application.client_id] == {
        "plan": "gold"
    }
    assert told["payload"]["event"]["properties"][hooks.application.client_id] == {"plan": "gold"}
    assert "gold" not in str(theirs.body())
    assert hooks.application.client_id not in theirs.body()["additional_data"]["chat_properties"]


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_private_is_in_whatever_others_are_told(
    hooks: Hooks, theirs: Hooks, ann: User, bob: User, carl: User, version: str
) -> None:
    make.definition(hooks.application)
    private = {hooks.application.client_id: {"plan": "gold"}}
    for action in ACTIONS.values():
        if action.exists(version):
            theirs.listen(action.name, version)
    mine = in_hand_of(hooks, ann)

    ids = carl.call("start_chat")
    said = make.message("Hi", properties=private)
    sent = mine.call("send_event", chat_id=ids["chat_id"], event=said)
    where = {"chat_id": ids["chat_id"], "thread_id": ids["thread_id"]}
    mine.call("update_chat_properties", id=ids["chat_id"], properties=private)
    mine.call("update_thread_properties", **where, properties=private)
    mine.call("update_event_properties", **where, event_id=sent["event_id"], properties=private)
    target = {"type": "agent", "ids": [bob.id]}
    mine.call("transfer_chat", id=ids["chat_id"], target=target, ignore_agents_availability=True)
    bob.call("deactivate_chat", id=ids["chat_id"])
    carl.call("resume_chat", chat={"id": ids["chat_id"]})

    told = theirs.bodies()
    assert [body["action"] for body in told].count("incoming_chat") == 3
    assert "gold" not in str(told)
    assert "_own" not in str(told)
    assert "'_" not in str(told)
