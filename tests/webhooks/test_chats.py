"""Webhooks about chats and who takes part in them: every body, in every version."""

from typing import Any

import pytest

from chatplatform import clock
from chatplatform.models import Customer, Event, Group, Organization, Thread
from tests import make
from tests.webhooks.hooks import Hooks, client_of, in_each_version
from tests.world import User, World

Ids = dict[str, str]


def customer_in_chat(carl: User, version: str, **more: Any) -> dict[str, Any]:
    """Return Carl as a user of the one chat he started."""
    row = Customer.objects.get(id=carl.id)
    assert row.last_visit is not None
    counts = {
        "chats_count": 1,
        "threads_count": 1,
        "visits_count": 1,
        "page_views_count": 0,
        "greetings_shown_count": 0,
        "greetings_accepted_count": 0,
        "greetings_converted_count": 0,
    }
    visit = {
        "id": row.last_visit.id,
        "started_at": clock.to_wire(row.last_visit.started_at),
        "referrer": "",
        "user_agent": "Tests",
        "geolocation": {},
        "last_pages": [],
        "ip": "127.0.0.1",
    }
    if version >= "3.6":
        seen_by_version = {"statistics": {**counts, "tickets_count": 0}, "visit": visit}
    else:
        seen_by_version = {"statistics": counts, "last_visit": visit}
    return {
        "id": carl.id,
        "type": "customer",
        "name": "Carl",
        "created_at": clock.to_wire(row.created_at),
        "session_fields": [],
        "email_verified": False,
        "present": True,
        **seen_by_version,
        **more,
    }


def agent_in_chat(agent: User, **more: Any) -> dict[str, Any]:
    return {
        "id": agent.id,
        "type": "agent",
        "name": agent.name.title(),
        "avatar": "",
        "email": agent.id,
        "present": True,
        "visibility": "all",
        **more,
    }


@in_each_version("incoming_chat")
def test_incoming_chat(hooks: Hooks, ann: User, carl: User, version: str) -> None:
    webhook = hooks.listen("incoming_chat", version)

    started = carl.call("start_chat", chat={"thread": {"events": [make.message("Help!")]}})

    thread = Thread.objects.get(id=started["thread_id"])
    moment = clock.to_wire(Event.objects.get(thread=thread).created_at)
    source = {"source": {"client_id": client_of(carl)}}
    flags = {"continuous": False, "unassigned": False}
    shown_thread = {
        "id": thread.id,
        "created_at": clock.to_wire(thread.created_at),
        "active": True,
        "user_ids": [carl.id, ann.id],
        "properties": {
            "routing": {**flags, "idle": False, "unreplied": True, "pinned": False},
            **source,
        },
        "access": {"group_ids": [0]},
        "tags": [],
        "events": [
            {
                "id": started["event_ids"][0],
                "type": "message",
                "text": "Help!",
                "author_id": carl.id,
                "created_at": moment,
                "visibility": "all",
                "properties": source,
            }
        ],
    }
    if version >= "3.6":
        shown_thread["customer_visit"] = {
            "ip": "127.0.0.1",
            "user_agent": "Tests",
            "geolocation": {},
        }
    spoke = {"customer_last_event_created_at": moment, "events_seen_up_to": moment}
    chat = {
        "id": started["chat_id"],
        "users": [customer_in_chat(carl, version, **spoke), agent_in_chat(ann)],
        "properties": {**source, "routing": flags},
        "access": {"group_ids": [0]},
        "thread": shown_thread,
    }
    assert hooks.body() == hooks.expected(
        webhook,
        {"chat": chat},
        additional_data={
            "chat_properties": {**source, "routing": flags},
            "chat_presence_user_ids": [carl.id, ann.id],
        },
    )


@in_each_version("incoming_chat")
def test_a_transfer_brings_the_chat_again(
    hooks: Hooks, ann: User, bob: User, carl: User, ids: Ids, version: str
) -> None:
    hooks.listen("incoming_chat", version)

    ann.call("transfer_chat", id=ids["chat_id"], target={"type": "agent", "ids": [bob.id]})

    payload = hooks.body()["payload"]
    assert payload.keys() == {"chat", "transferred_from"}
    assert payload["transferred_from"] == {"group_ids": [0], "agent_ids": [ann.id]}
    assert payload["chat"]["id"] == ids["chat_id"]
    assert [(user["id"], user["present"]) for user in payload["chat"]["users"]] == [
        (carl.id, True),
        (ann.id, False),
        (bob.id, True),
    ]


def test_who_looks_into_a_chat_brings_none(
    hooks: Hooks, ann: User, bob: User, carl: User, ids: Ids
) -> None:
    hooks.listen("incoming_chat")

    bob.call("follow_chat", id=ids["chat_id"])
    ann.call(
        "add_user_to_chat",
        chat_id=ids["chat_id"],
        user_id=bob.id,
        user_type="agent",
        visibility="agents",
    )

    assert hooks.bodies() == []


@in_each_version("chat_deactivated")
def test_chat_deactivated(
    hooks: Hooks, carl: User, ids: Ids, talking: dict[str, Any], version: str
) -> None:
    webhook = hooks.listen("chat_deactivated", version)

    carl.call("deactivate_chat", id=ids["chat_id"])

    payload = {"chat_id": ids["chat_id"], "thread_id": ids["thread_id"], "user_id": carl.id}
    assert hooks.body() == hooks.expected(webhook, payload, additional_data=talking)


def test_a_chat_that_the_system_closes_names_nobody(
    world: World, acme: Organization, hooks: Hooks, ann: User, ids: Ids
) -> None:
    acme.properties = {"chats": {"queue.limit": 0}}
    acme.save()
    webhook = hooks.listen("chat_deactivated", additional_data=())

    world.lose(ann)

    payload = {"chat_id": ids["chat_id"], "thread_id": ids["thread_id"]}
    assert hooks.body() == hooks.expected(webhook, payload)


@in_each_version("chat_access_updated")
def test_chat_access_updated(
    hooks: Hooks, acme: Organization, ann: User, carl: User, ids: Ids, sales: Group, version: str
) -> None:
    webhook = hooks.listen("chat_access_updated", version)
    target = {"type": "group", "ids": [sales.number]}

    ann.call("transfer_chat", id=ids["chat_id"], target=target, ignore_agents_availability=True)

    payload = {"id": ids["chat_id"], "access": {"group_ids": [sales.number]}}
    assert hooks.body() == hooks.expected(
        webhook,
        payload,
        additional_data={
            "chat_properties": {
                "source": {"client_id": client_of(carl)},
                "routing": {"continuous": False, "unassigned": True},
            },
            "chat_presence_user_ids": [carl.id],
        },
    )


@in_each_version("chat_transferred")
def test_chat_transferred(
    hooks: Hooks, ann: User, bob: User, carl: User, ids: Ids, talking: Any, version: str
) -> None:
    webhook = hooks.listen("chat_transferred", version)

    ann.call("transfer_chat", id=ids["chat_id"], target={"type": "agent", "ids": [bob.id]})

    payload = {
        "chat_id": ids["chat_id"],
        "thread_id": ids["thread_id"],
        "requester_id": ann.id,
        "reason": "manual",
        "transferred_to": {"group_ids": [0], "agent_ids": [bob.id]},
    }
    here = {**talking, "chat_presence_user_ids": [carl.id, bob.id]}
    assert hooks.body() == hooks.expected(webhook, payload, additional_data=here)


@in_each_version("chat_transferred")
def test_a_transfer_into_the_queue(
    hooks: Hooks, ann: User, ids: Ids, sales: Group, version: str
) -> None:
    webhook = hooks.listen("chat_transferred", version, additional_data=())
    target = {"type": "group", "ids": [sales.number]}

    ann.call("transfer_chat", id=ids["chat_id"], target=target, ignore_agents_availability=True)

    queued_at = Thread.objects.get(id=ids["thread_id"]).queued_at
    assert queued_at is not None
    since = "queued_at" if version >= "3.6" else "queued_at_us"
    payload = {
        "chat_id": ids["chat_id"],
        "thread_id": ids["thread_id"],
        "requester_id": ann.id,
        "reason": "manual",
        "transferred_to": {"group_ids": [sales.number], "agent_ids": []},
        "queue": {"position": 1, "wait_time": 0, since: clock.to_wire(queued_at)},
    }
    assert hooks.body() == hooks.expected(webhook, payload)


@in_each_version("user_added_to_chat")
def test_user_added_to_chat(
    hooks: Hooks, ann: User, bob: User, carl: User, ids: Ids, talking: Any, version: str
) -> None:
    webhook = hooks.listen("user_added_to_chat", version)

    ann.call(
        "add_user_to_chat",
        chat_id=ids["chat_id"],
        user_id=bob.id,
        user_type="agent",
        visibility="agents",
    )

    payload = {
        "chat_id": ids["chat_id"],
        "thread_id": ids["thread_id"],
        "user": agent_in_chat(bob, visibility="agents"),
        "reason": "manual",
        "requester_id": ann.id,
    }
    here = {**talking, "chat_presence_user_ids": [carl.id, ann.id, bob.id]}
    assert hooks.body() == hooks.expected(webhook, payload, additional_data=here)


@in_each_version("user_added_to_chat")
def test_a_customer_is_added(hooks: Hooks, ann: User, carl: User, version: str) -> None:
    started = ann.call("start_chat", active=True)
    webhook = hooks.listen("user_added_to_chat", version, additional_data=())

    ann.call(
        "add_user_to_chat",
        chat_id=started["chat_id"],
        user_id=carl.id,
        user_type="customer",
        visibility="all",
    )

    (payload,) = hooks.payloads()
    counts = payload["user"]["statistics"]
    assert hooks.body() == hooks.expected(
        webhook,
        {
            "chat_id": started["chat_id"],
            "thread_id": started["thread_id"],
            "user": customer_in_chat(carl, version, statistics=counts),
            "reason": "manual",
            "requester_id": ann.id,
        },
    )
    assert ("tickets_count" in counts) is (version >= "3.6")


@in_each_version("user_removed_from_chat")
def test_user_removed_from_chat(
    hooks: Hooks, ann: User, bob: User, carl: User, ids: Ids, talking: Any, version: str
) -> None:
    chosen = {"chat_id": ids["chat_id"], "user_type": "agent"}
    ann.call("add_user_to_chat", **chosen, user_id=bob.id, visibility="all")
    webhook = hooks.listen("user_removed_from_chat", version)

    ann.call("remove_user_from_chat", **chosen, user_id=bob.id)

    payload = {
        "chat_id": ids["chat_id"],
        "thread_id": ids["thread_id"],
        "user_id": bob.id,
        "reason": "manual",
        "requester_id": ann.id,
    }
    assert hooks.body() == hooks.expected(webhook, payload, additional_data=talking)


@pytest.mark.parametrize("action", ["user_added_to_chat", "user_removed_from_chat"])
def test_nobody_is_named_empty(
    world: World, hooks: Hooks, ann: User, bob: User, ids: Ids, action: str
) -> None:
    bob.call("set_routing_status", status="accepting_chats")
    webhook = hooks.listen(action, additional_data=())

    world.lose(ann)

    (payload,) = hooks.payloads()
    who = {"user": agent_in_chat(bob)} if "added" in action else {"user_id": ann.id}
    reason = "assigned" if "added" in action else payload["reason"]
    assert hooks.body() == hooks.expected(
        webhook,
        {
            "chat_id": ids["chat_id"],
            "thread_id": ids["thread_id"],
            **who,
            "reason": reason,
            "requester_id": "",
        },
    )
