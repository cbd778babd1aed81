"""Webhooks about the configuration and about statuses: every body, in every version."""

from collections.abc import Callable
from typing import Any

import pytest

from chatplatform import clock
from chatplatform.models import Agent, Group, Tag
from tests import make
from tests.webhooks.hooks import Hooks, in_each_version, requester
from tests.world import User, World

WEEK = {
    "timezone": "Europe/Warsaw",
    "schedule": [
        {"day": "monday", "enabled": True, "start": "08:00", "end": "12:00"},
        {"day": "monday", "enabled": True, "start": "13:00", "end": "16:00"},
        {"day": "tuesday", "enabled": False, "start": "08:00", "end": "12:00"},
    ],
}
OLD_WEEK = {"monday": {"start": "08:00", "end": "16:00"}}


def week(version: str) -> dict[str, Any]:
    return WEEK if version >= "3.5" else OLD_WEEK


def who(user: User, version: str) -> dict[str, Any]:
    """Return the part of a body that says who changed the configuration."""
    return {"requester": requester(user)} if version >= "3.6" else {}


# --- agents ---------------------------------------------------------------------------------------


@in_each_version("agent_created")
def test_agent_created(hooks: Hooks, root: User, sales: Group, version: str) -> None:
    webhook = hooks.listen("agent_created", version)
    chosen = {
        "id": "new@example.com",
        "name": "New",
        "role": "administrator",
        "job_title": "Support",
        "mobile": "+48123456789",
        "max_chats_count": 5,
        "groups": [{"id": sales.number, "priority": "last"}],
        "notifications": ["new_visitor"],
        "email_subscriptions": ["weekly_summary"],
        "awaiting_approval": False,
    }

    root.configuration.call("create_agent", **chosen, work_scheduler=WEEK)

    payload = {**chosen, "avatar": "", "work_scheduler": week(version)}
    assert hooks.body() == hooks.expected(webhook, payload, **who(root, version))


@in_each_version("agent_updated")
def test_agent_updated(hooks: Hooks, root: User, bob: User, version: str) -> None:
    webhook = hooks.listen("agent_updated", version)

    root.configuration.call("update_agent", id=bob.id, job_title="Sales", work_scheduler=WEEK)

    payload = {"id": bob.id, "job_title": "Sales", "work_scheduler": week(version)}
    assert hooks.body() == hooks.expected(webhook, payload, **who(root, version))


def test_what_no_webhook_has_a_word_for_is_no_update(hooks: Hooks, root: User, bob: User) -> None:
    hooks.listen("agent_updated")

    root.configuration.call("update_agent", id=bob.id, login_status="accepting chats")

    assert Agent.objects.get(public_id=bob.id).login_status == "accepting_chats"
    assert hooks.bodies() == []


def suspended(user: User) -> None:
    Agent.objects.filter(public_id=user.id).update(suspended=True)


def waiting(user: User) -> None:
    Agent.objects.filter(public_id=user.id).update(awaiting_approval=True)


def as_they_are(user: User) -> None:
    pass


ABOUT_AGENTS: dict[str, tuple[str, Callable[[User], None]]] = {
    "agent_approved": ("approve_agent", waiting),
    "agent_suspended": ("suspend_agent", as_they_are),
    "agent_unsuspended": ("unsuspend_agent", suspended),
    "agent_deleted": ("delete_agent", as_they_are),
}
"""By webhook: the action that causes it, and how an agent must be before."""


@pytest.mark.parametrize("action", ABOUT_AGENTS)
@in_each_version("agent_deleted")
def test_what_becomes_of_agents(
    hooks: Hooks, root: User, bob: User, action: str, version: str
) -> None:
    cause, prepare = ABOUT_AGENTS[action]
    prepare(bob)
    webhook = hooks.listen(action, version)

    root.configuration.call(cause, id=bob.id)

    assert hooks.body() == hooks.expected(webhook, {"id": bob.id}, **who(root, version))


# --- bots -----------------------------------------------------------------------------------------


@in_each_version("bot_created")
def test_bot_created(hooks: Hooks, root: User, sales: Group, version: str) -> None:
    webhook = hooks.listen("bot_created", version)
    chosen = {
        "name": "Robot",
        "avatar": "https://example.com/bot.png",
        "job_title": "Assistant",
        "max_chats_count": 10,
        "default_group_priority": "first",
        "groups": [{"id": sales.number, "priority": "last"}],
    }

    made = root.configuration.call("create_bot", **chosen, work_scheduler=WEEK)

    payload = {
        **chosen,
        "id": made["id"],
        "owner_client_id": requester(root)["client_id"],
        "work_scheduler": week(version),
    }
    assert hooks.body() == hooks.expected(webhook, payload, **who(root, version))


@in_each_version("bot_updated")
def test_bot_updated(hooks: Hooks, root: User, version: str) -> None:
    bot = root.configuration.call("create_bot", name="Robot")["id"]
    webhook = hooks.listen("bot_updated", version)

    root.configuration.call("update_bot", id=bot, name="Robbie", work_scheduler=WEEK)

    payload = {"id": bot, "name": "Robbie", "work_scheduler": week(version)}
    assert hooks.body() == hooks.expected(webhook, payload, **who(root, version))


@in_each_version("bot_deleted")
def test_bot_deleted(hooks: Hooks, root: User, version: str) -> None:
    bot = root.configuration.call("create_bot", name="Robot")["id"]
    webhook = hooks.listen("bot_deleted", version)

    root.configuration.call("delete_bot", id=bot)

    assert hooks.body() == hooks.expected(webhook, {"id": bot}, **who(root, version))


# --- groups ---------------------------------------------------------------------------------------


@in_each_version("group_created")
def test_group_created(hooks: Hooks, root: User, bob: User, version: str) -> None:
    webhook = hooks.listen("group_created", version)
    chosen = {"name": "Night", "language_code": "de", "agent_priorities": {bob.id: "normal"}}

    made = root.configuration.call("create_group", **chosen)

    payload = {"id": made["id"], **chosen}
    assert hooks.body() == hooks.expected(webhook, payload, **who(root, version))


@in_each_version("group_updated")
def test_group_updated(hooks: Hooks, root: User, bob: User, sales: Group, version: str) -> None:
    webhook = hooks.listen("group_updated", version)
    changed = {"name": "Night", "agent_priorities": {bob.id: "last"}}

    root.configuration.call("update_group", id=sales.number, **changed)

    payload = {"id": sales.number, **changed}
    assert hooks.body() == hooks.expected(webhook, payload, **who(root, version))


@in_each_version("group_deleted")
def test_group_deleted(hooks: Hooks, root: User, sales: Group, version: str) -> None:
    webhook = hooks.listen("group_deleted", version)

    root.configuration.call("delete_group", id=sales.number)

    assert hooks.body() == hooks.expected(webhook, {"id": sales.number}, **who(root, version))


# --- tags -----------------------------------------------------------------------------------------


@in_each_version("tag_created")
def test_tag_created(hooks: Hooks, root: User, version: str) -> None:
    webhook = hooks.listen("tag_created", version)

    root.configuration.call("create_tag", name="vip", group_ids=[0])

    payload = {
        "name": "vip",
        "group_ids": [0],
        "created_at": clock.to_wire(Tag.objects.get(name="vip").created_at),
        "author_id": root.id,
    }
    assert hooks.body() == hooks.expected(webhook, payload, **who(root, version))


@in_each_version("tag_updated")
def test_tag_updated(hooks: Hooks, root: User, sales: Group, version: str) -> None:
    make.tag(hooks.organization, "vip")
    webhook = hooks.listen("tag_updated", version)

    root.configuration.call("update_tag", name="vip", group_ids=[sales.number])

    payload = {"name": "vip", "group_ids": [sales.number]}
    assert hooks.body() == hooks.expected(webhook, payload, **who(root, version))


@in_each_version("tag_deleted")
def test_tag_deleted(hooks: Hooks, root: User, version: str) -> None:
    make.tag(hooks.organization, "vip")
    webhook = hooks.listen("tag_deleted", version)

    root.configuration.call("delete_tag", name="vip")

    assert hooks.body() == hooks.expected(webhook, {"name": "vip"}, **who(root, version))


# --- access rules ---------------------------------------------------------------------------------

PAGES = {"url": {"values": [{"value": "/sales", "exact_match": False}]}}


def add_rule(root: User, next_id: str = "") -> str:
    more = {"next_id": next_id} if next_id else {}
    made: dict[str, str] = root.configuration.call(
        "add_auto_access", access={"groups": [0]}, conditions=PAGES, description="Sales", **more
    )
    return made["id"]


def new_rule(rule_id: str, next_id: str = "") -> dict[str, Any]:
    return {
        "id": rule_id,
        "access": {"groups": [0]},
        "conditions": PAGES,
        "description": "Sales",
        "next_id": next_id,
    }


@in_each_version("auto_accesses_updated")
def test_auto_accesses_updated(hooks: Hooks, root: User, version: str) -> None:
    first = add_rule(root)
    webhook = hooks.listen("auto_accesses_updated", version)

    last = add_rule(root)
    root.configuration.call("update_auto_access", id=first, description="Shop")
    root.configuration.call("delete_auto_access", id=last)

    payloads: list[list[dict[str, Any]]] = [
        [
            {"id": first, "next_id": last, "status": "updated"},
            {**new_rule(last), "status": "added"},
        ],
        [{"id": first, "description": "Shop", "status": "updated"}],
        [
            {"id": first, "next_id": "", "status": "updated"},
            {"id": last, "status": "deleted"},
        ],
    ]
    assert hooks.bodies() == [
        hooks.expected(webhook, payload, **who(root, version)) for payload in payloads
    ]


def test_auto_access_one_by_one_up_to_3_4(hooks: Hooks, root: User) -> None:
    first = add_rule(root)
    added, updated, deleted = (
        hooks.listen(f"auto_access_{what}", "3.4") for what in ("added", "updated", "deleted")
    )

    last = add_rule(root)
    root.configuration.call("delete_auto_access", id=last)

    assert hooks.bodies() == [
        hooks.expected(updated, {"id": first, "next_id": last}),
        hooks.expected(added, new_rule(last)),
        hooks.expected(updated, {"id": first, "next_id": ""}),
        hooks.expected(deleted, {"id": last}),
    ]


# --- statuses -------------------------------------------------------------------------------------


@in_each_version("routing_status_set")
def test_routing_status_set(hooks: Hooks, ann: User, version: str) -> None:
    webhook = hooks.listen("routing_status_set", version)

    ann.call("set_routing_status", status="not_accepting_chats")
    ann.call("set_routing_status", status="accepting_chats")

    assert hooks.bodies() == [
        hooks.expected(webhook, {"agent_id": ann.id, "status": "not accepting chats"}),
        hooks.expected(webhook, {"agent_id": ann.id, "status": "accepting chats"}),
    ]


# --- whoever did it -------------------------------------------------------------------------------


def test_what_the_system_changes_has_no_requester(world: World, hooks: Hooks) -> None:
    webhook = hooks.listen("group_created")

    made = world.act(lambda: make.group(hooks.organization, "Night"))

    payload = {
        "id": made.number,
        "name": "Night",
        "language_code": "en",
        "agent_priorities": {},
    }
    assert hooks.body() == hooks.expected(webhook, payload)
