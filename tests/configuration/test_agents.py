"""Agents: who has a seat, how it is configured, and who may change it (protocol.md 6.1)."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatplatform import clock
from chatplatform.api import registry, versions
from chatplatform.api.call import WEB
from chatplatform.models import Account, Agent, Group, Organization, UnsuspensionRequest
from chatplatform.services import agents, bots, unsuspensions
from chatplatform.transports.openapi import request_schema, response_schema
from tests import make
from tests.world import Refused, User, World

EVERYTHING = [
    "work_scheduler",
    "groups",
    "email_subscriptions",
    "notifications",
    "job_title",
    "mobile",
    "max_chats_count",
    "suspended",
    "awaiting_approval",
    "last_logout",
]
WEEK: dict[str, Any] = {
    "timezone": "Europe/Warsaw",
    "schedule": [
        {"day": "monday", "enabled": True, "start": "08:00", "end": "12:30"},
        {"day": "monday", "enabled": True, "start": "13:30", "end": "16:00"},
        {"day": "friday", "enabled": False, "start": "08:00", "end": "16:00"},
    ],
}


@pytest.fixture
def oona(world: World, acme: Organization) -> User:
    """The owner."""
    return world.agent(acme, "oona", role="owner")


@pytest.fixture
def ann(world: World, acme: Organization) -> User:
    """An administrator, who is there to hear what is told."""
    return world.agent(acme, "ann", role="administrator", online=True)


@pytest.fixture
def bob(world: World, acme: Organization) -> User:
    """An agent of role normal."""
    return world.agent(acme, "bob")


def row(user: User) -> Agent:
    return Agent.objects.get(public_id=user.id)


def narrowed(user: User, *scopes: str) -> User:
    """Return the same agent with a token of these scopes."""
    return user.world.as_agent(row(user), scopes=scopes).configuration


def configured(reader: User, agent_id: str, *fields: str) -> dict[str, Any]:
    """Return what ``get_agent`` answers."""
    found: dict[str, Any] = reader.configuration.call("get_agent", id=agent_id, fields=list(fields))
    return found


# --- create_agent ---------------------------------------------------------------------------------


def test_a_new_agent_has_an_account_and_what_was_chosen(ann: User, sales: Group) -> None:
    answer = ann.configuration.call(
        "create_agent",
        id="Smith@Example.com",
        name="Agent Smith",
        role="administrator",
        login_status="accepting chats",
        job_title="Support",
        mobile="+48123456789",
        max_chats_count=20,
        groups=[{"id": sales.number, "priority": "last"}],
        notifications=["new_visitor", "new_goal"],
        email_subscriptions=["weekly_summary"],
        work_scheduler=WEEK,
    )

    assert answer == {"id": "smith@example.com"}
    account = Account.objects.get(email="smith@example.com")
    assert not account.has_usable_password()
    assert configured(ann, "smith@example.com", *EVERYTHING) == {
        "id": "smith@example.com",
        "account_id": str(account.pk),
        "name": "Agent Smith",
        "role": "administrator",
        "avatar": "",
        "login_status": "accepting chats",
        "job_title": "Support",
        "mobile": "+48123456789",
        "max_chats_count": 20,
        "groups": [{"id": sales.number, "priority": "last"}],
        "notifications": ["new_visitor", "new_goal"],
        "email_subscriptions": ["weekly_summary"],
        "work_scheduler": WEEK,
        "suspended": False,
        "awaiting_approval": False,
    }


def test_a_new_agent_is_told_whole(ann: User) -> None:
    with ann.world.capture_pushes() as pushes:
        ann.configuration.call("create_agent", id="smith@example.com", name="Smith")

    account = Account.objects.get(email="smith@example.com")
    assert pushes.to(ann) == [
        (
            "agent_created",
            {
                "id": "smith@example.com",
                "account_id": str(account.pk),
                "name": "Smith",
                "role": "normal",
                "avatar": "",
                "job_title": "",
                "mobile": "",
                "max_chats_count": 6,
                "login_status": "not accepting chats",
                "awaiting_approval": False,
                "suspended": False,
                "groups": [],
                "notifications": [],
                "email_subscriptions": [],
                "work_scheduler": {"timezone": "", "schedule": []},
            },
        )
    ]


def created(user: User, **values: Any) -> bool:
    """Make an agent; return whether they await approval."""
    made = user.call("create_agent", id="smith@example.com", name="Smith", **values)
    return Agent.objects.get(public_id=made["id"]).awaiting_approval


def test_whom_a_normal_agent_makes_awaits_approval(bob: User) -> None:
    assert created(bob.configuration) is True


@pytest.mark.parametrize("scope", ["accounts--all:rw", "subscription.lc:rw"])
def test_who_may_admit_makes_agents_who_need_no_approval(oona: User, scope: str) -> None:
    assert created(narrowed(oona, scope)) is False


def test_who_may_admit_can_let_an_agent_wait(ann: User) -> None:
    assert created(ann.configuration, awaiting_approval=True) is True


def test_who_may_not_admit_can_not_spare_an_agent_the_wait(bob: User) -> None:
    asked = {"id": "smith@example.com", "name": "Smith", "awaiting_approval": False}

    assert bob.configuration.refused("create_agent", **asked) == "authorization"


def test_a_waiting_agent_may_do_nothing(world: World, bob: User) -> None:
    created(bob.configuration)
    smith = world.as_agent(Agent.objects.get(public_id="smith@example.com"))

    assert smith.refused("list_chats") == "requester_awaiting_approval"


@pytest.mark.parametrize("role", ["viceowner", "administrator"])
def test_a_higher_role_needs_the_scope_for_roles(oona: User, role: str) -> None:
    asked = {"id": "smith@example.com", "name": "Smith", "role": role}

    narrow = narrowed(oona, "accounts--all:rw", "subscription.lc:rw")
    assert narrow.refused("create_agent", **asked) == "authorization"
    assert oona.configuration.call("create_agent", **asked) == {"id": "smith@example.com"}


def test_nobody_gives_a_role_above_their_own(ann: User) -> None:
    asked = {"id": "smith@example.com", "name": "Smith", "role": "viceowner"}

    assert ann.configuration.refused("create_agent", **asked) == "authorization"


def test_an_address_is_taken_once_anywhere(ann: User, bob: User, world: World) -> None:
    elsewhere = world.agent(make.organization("Other"), "zoe")

    for taken in (bob.id, bob.id.upper(), elsewhere.id):
        asked = {"id": taken, "name": "Again"}
        assert ann.configuration.refused("create_agent", **asked) == "already_exists"


def test_who_comes_back_has_a_fresh_seat(ann: User, bob: User) -> None:
    agents.update_agent(row(bob).organization_id, bob.id, {"job_title": "Former"})
    ann.configuration.call("delete_agent", id=bob.id)

    ann.configuration.call("create_agent", id=bob.id, name="Bob again")

    shown = configured(ann, bob.id, "job_title")
    assert (shown["name"], shown["job_title"]) == ("Bob again", "")


def test_a_licence_has_so_many_agents(acme: Organization, ann: User, bob: User) -> None:
    """Suspended ones and those who wait count as well; bots do not."""
    Agent.objects.filter(public_id=bob.id).update(suspended=True)
    Organization.objects.filter(pk=acme.pk).update(properties={"limits": {"agents.base": 2}})
    asked = {"id": "smith@example.com", "name": "Smith"}

    assert ann.configuration.refused("create_agent", **asked) == "limit_reached"
    ann.configuration.call("delete_agent", id=bob.id)
    assert ann.configuration.call("create_agent", **asked) == {"id": "smith@example.com"}


BAD_VALUES: list[dict[str, Any]] = [
    {"id": "no address"},
    {"id": ""},
    {"id": "a" * 250 + "@example.com"},
    {"name": ""},
    {"name": "x" * 181},
    {"role": "owner"},
    {"role": "chief"},
    {"login_status": "accepting_chats"},
    {"login_status": "offline"},
    {"max_chats_count": 0},
    {"max_chats_count": 21},
    {"max_chats_count": "5"},
    {"job_title": "x" * 181},
    {"mobile": "x" * 65},
    {"groups": [{"id": 0}]},
    {"groups": [{"id": 0, "priority": "best"}]},
    {"groups": [{"id": -1, "priority": "normal"}]},
    {"notifications": ["post"]},
    {"email_subscriptions": ["hourly_summary"]},
    {"work_scheduler": {"timezone": "Mars/Olympus", "schedule": []}},
    {
        "work_scheduler": {
            "schedule": [{"day": "funday", "enabled": True, "start": "1", "end": "2"}]
        }
    },
    {"work_scheduler": {"funday": {"start": "08:00", "end": "09:00"}}},
    {"work_scheduler": {"monday": {"start": "09:00", "end": "08:00"}}},
    {"work_scheduler": {"monday": {"start": "08:00"}}},
    {"work_scheduler": {"monday": None}},
    {"work_scheduler": 5},
]


@pytest.mark.parametrize("bad", BAD_VALUES, ids=str)
def test_bad_values_make_no_agent(ann: User, bad: dict[str, Any]) -> None:
    asked = {"id": "smith@example.com", "name": "Smith", **bad}

    assert ann.configuration.refused("create_agent", **asked) == "validation"


def test_a_time_zone_is_not_looked_for_on_the_disk_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would be while everybody waits for the organisation."""
    agents.checked_scheduler(WEEK)

    def no_more(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a file is opened")

    with monkeypatch.context() as patched:
        patched.setattr("builtins.open", no_more)
        assert agents.checked_scheduler(WEEK) == WEEK


def test_a_group_that_is_not_there_makes_no_agent(ann: User) -> None:
    asked = {"id": "a@example.com", "name": "A", "groups": [{"id": 77, "priority": "first"}]}

    assert ann.configuration.refused("create_agent", **asked) == "group_not_found"


# --- get_agent, list_agents -----------------------------------------------------------------------


def test_an_agent_is_shown_with_the_base_fields_alone(ann: User, bob: User) -> None:
    assert configured(ann, bob.id) == {
        "id": bob.id,
        "account_id": str(row(bob).account_id),
        "name": "Bob",
        "role": "normal",
        "avatar": "",
        "login_status": "accepting chats",
    }


@pytest.mark.parametrize("field", EVERYTHING[:-1])
def test_a_field_is_shown_where_it_is_asked_for(ann: User, bob: User, field: str) -> None:
    extra = configured(ann, bob.id, field, field).keys() - configured(ann, bob.id).keys()

    assert extra == {field}


def test_the_last_logout_is_shown_once_there_was_one(ann: User, bob: User) -> None:
    bob.login()
    assert "last_logout" not in configured(ann, bob.id, "last_logout")

    with time_machine.travel("2026-03-04T05:06:07Z", tick=False):
        bob.rtm("logout")

    assert configured(ann, bob.id, "last_logout")["last_logout"] == "2026-03-04T05:06:07.000000Z"


def test_lost_connections_are_a_logout_too(ann: User, bob: User) -> None:
    bob.login()

    bob.lose_connections()

    assert "last_logout" in configured(ann, bob.id, "last_logout")


def test_one_of_several_sessions_ending_is_no_logout(ann: User, bob: User) -> None:
    bob.login()
    bob.login()

    bob.rtm("logout")

    assert "last_logout" not in configured(ann, bob.id, "last_logout")


def test_agents_are_listed_by_their_ids_with_the_documented_names(ann: User, bob: User) -> None:
    agents.update_agent(
        row(bob).organization_id,
        bob.id,
        {"avatar": "https://example.com/b.png", "email_subscriptions": ["daily_summary"]},
    )

    listed = ann.configuration.call("list_agents", fields=["email_subscriptions"])

    assert [agent["id"] for agent in listed] == sorted([ann.id, bob.id])
    (found,) = (agent for agent in listed if agent["id"] == bob.id)
    assert found == {
        "id": bob.id,
        "account_id": str(row(bob).account_id),
        "name": "Bob",
        "role": "normal",
        "avatar": "https://example.com/b.png",
        "avatar_path": "https://example.com/b.png",
        "login_status": "accepting chats",
        "email_subscriptions": ["daily_summary"],
        "summaries": ["daily_summary"],
    }


def test_a_list_narrows_to_groups_and_to_the_suspended(
    world: World, acme: Organization, ann: User, sales: Group, support: Group
) -> None:
    bob = world.agent(acme, "bob", groups=[sales, support])
    eve = world.agent(acme, "eve", groups=[support])
    Agent.objects.filter(public_id=eve.id).update(suspended=True)

    def ids(**filters: Any) -> set[str]:
        return {one["id"] for one in ann.configuration.call("list_agents", filters=filters)}

    everybody = {ann.id, bob.id, eve.id}
    assert ids() == everybody
    assert ids(group_ids=[]) == everybody
    assert ids(group_ids=[sales.number]) == {bob.id}
    assert ids(group_ids=[sales.number, support.number]) == {bob.id, eve.id}
    assert ids(group_ids=[0, sales.number]) == everybody
    assert ids(group_ids=[77]) == set()
    assert ids(suspended=True) == {eve.id}
    assert ids(suspended=False) == {ann.id, bob.id}
    assert ids(group_ids=[support.number], suspended=False) == {bob.id}


def test_bots_the_deleted_and_strangers_are_no_agents(
    world: World, acme: Organization, ann: User, bob: User
) -> None:
    stranger = world.agent(make.organization("Other"), "zoe")
    bot = bots.create_bot(make.application(acme), "Robbie", secret="s").agent.public_id
    ann.configuration.call("delete_agent", id=bob.id)

    assert [one["id"] for one in ann.configuration.call("list_agents")] == [ann.id]
    for other in (bob.id, stranger.id, bot, "nobody@example.com"):
        assert ann.configuration.refused("get_agent", id=other) == "not_found"


def test_a_token_for_oneself_reads_oneself_alone(ann: User, bob: User) -> None:
    narrow = narrowed(bob, "agents--my:ro")

    assert narrow.call("get_agent", id=bob.id)["id"] == bob.id
    assert narrow.refused("get_agent", id=ann.id) == "authorization"
    assert narrow.refused("get_agent", id="nobody@example.com") == "authorization"


def test_unknown_fields_can_not_be_asked_for(ann: User) -> None:
    assert ann.configuration.refused("get_agent", id=ann.id, fields=["password"]) == "validation"
    assert ann.configuration.refused("list_agents", fields=["password"]) == "validation"


# --- update_agent ---------------------------------------------------------------------------------


def test_what_is_changed_is_told_and_nothing_else(ann: User, bob: User, sales: Group) -> None:
    with ann.world.capture_pushes() as pushes:
        answer = ann.configuration.call(
            "update_agent",
            id=bob.id,
            job_title="Lead",
            login_status="not accepting chats",
            max_chats_count=6,
            groups=[{"id": sales.number, "priority": "supervisor"}],
        )

    assert answer == {}
    changed = {
        "job_title": "Lead",
        "login_status": "not accepting chats",
        "groups": [{"id": sales.number, "priority": "supervisor"}],
    }
    assert pushes.to(ann) == [("agent_updated", {"id": bob.id, **changed})]
    shown = configured(ann, bob.id, *EVERYTHING)
    assert {name: shown[name] for name in changed} == changed


def test_changing_nothing_is_not_told(ann: User, bob: User) -> None:
    with ann.world.capture_pushes() as pushes:
        assert ann.configuration.call("update_agent", id=bob.id) == {}
        assert ann.configuration.call("update_agent", id=bob.id, job_title="") == {}

    assert pushes.names == {}


def test_groups_replace_all_there_were(
    world: World, acme: Organization, ann: User, sales: Group, support: Group
) -> None:
    bob = world.agent(acme, "bob", groups=[sales])

    place = {"id": support.number, "priority": "first"}
    ann.configuration.call("update_agent", id=bob.id, groups=[place])

    assert configured(ann, bob.id, "groups")["groups"] == [place]


def test_more_room_is_used_at_once(world: World, acme: Organization, ann: User) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")
    bob = world.agent(acme, "bob", limit=1, online=True)
    first, second = (world.customer(acme, name) for name in ("carl", "dora"))
    first.call("start_chat")
    waiting = second.call("start_chat")

    ann.configuration.call("update_agent", id=bob.id, max_chats_count=2)

    chat = bob.call("get_chat", chat_id=waiting["chat_id"])
    assert bob.id in chat["thread"]["user_ids"]


def test_another_role_ends_the_sessions_and_holds_at_once(ann: User, bob: User) -> None:
    bob.login()
    connection = bob.connections[-1]
    wide = narrowed(bob, "agents--all:rw")
    assert wide.refused("suspend_agent", id=bob.id) == "authorization"

    ann.configuration.call("update_agent", id=bob.id, role="administrator")

    assert connection.ended == "role_permissions_changed"
    assert wide.call("suspend_agent", id=bob.id) == {}


def test_working_hours_that_are_left_out_stay(ann: User, bob: User) -> None:
    ann.configuration.call("update_agent", id=bob.id, work_scheduler=WEEK)

    hours = {"day": "sunday", "enabled": True, "start": "10:00", "end": "24:00"}
    ann.configuration.call("update_agent", id=bob.id, work_scheduler={"schedule": [hours]})

    shown = configured(ann, bob.id, "work_scheduler")["work_scheduler"]
    assert shown == {"timezone": "Europe/Warsaw", "schedule": [hours]}


def test_working_hours_by_days_are_taken_as_newer_samples_show_them(ann: User, bob: User) -> None:
    week = {"monday": {"start": "08:30", "end": "12:30"}}

    ann.configuration.call("update_agent", id=bob.id, work_scheduler=week)

    hours = {"day": "monday", "enabled": True, "start": "08:30", "end": "12:30"}
    shown = configured(ann, bob.id, "work_scheduler")["work_scheduler"]
    assert shown == {"timezone": "", "schedule": [hours]}


def test_agents_change_themselves(bob: User) -> None:
    bob.configuration.call("update_agent", id=bob.id, mobile="+1", notifications=["ticket"])

    shown = configured(bob, bob.id, "mobile", "notifications")
    assert (shown["mobile"], shown["notifications"]) == ("+1", ["ticket"])


@pytest.mark.parametrize(
    "values", [{"role": "administrator"}, {"role": "normal"}, {"groups": []}], ids=str
)
def test_agents_decide_neither_their_role_nor_their_groups(
    bob: User, values: dict[str, Any]
) -> None:
    assert bob.configuration.refused("update_agent", id=bob.id, **values) == "authorization"


def test_agents_change_nobody_else(ann: User, bob: User) -> None:
    asked = {"id": ann.id, "job_title": "Nobody"}

    assert bob.configuration.refused("update_agent", **asked) == "authorization"
    assert narrowed(ann, "agents--my:rw").refused("update_agent", id=bob.id, mobile="1") == (
        "authorization"
    )


def test_a_token_for_roles_changes_roles_alone(ann: User, bob: User) -> None:
    narrow = narrowed(ann, "accounts.roles.lc--all:rw")

    assert narrow.call("update_agent", id=bob.id, role="administrator") == {}
    assert narrow.refused("update_agent", id=bob.id, role="normal", mobile="1") == "authorization"


def test_a_token_for_agents_changes_no_roles(ann: User, bob: User) -> None:
    narrow = narrowed(ann, "agents--all:rw")

    assert narrow.call("update_agent", id=bob.id, mobile="1") == {}
    assert narrow.refused("update_agent", id=bob.id, role="administrator") == "authorization"


def test_nobody_changes_who_stands_above_them(
    world: World, acme: Organization, ann: User, oona: User
) -> None:
    vice = world.agent(acme, "vic", role="viceowner")

    for above in (oona, vice):
        asked = {"id": above.id, "job_title": "Intern"}
        assert ann.configuration.refused("update_agent", **asked) == "authorization"
    assert vice.configuration.call("update_agent", id=ann.id, role="viceowner") == {}


def test_an_administrator_makes_nobody_more_than_that(ann: User, bob: User) -> None:
    asked = {"id": bob.id, "role": "viceowner"}

    assert ann.configuration.refused("update_agent", **asked) == "authorization"


def test_the_owners_role_goes_with_the_ownership(oona: User) -> None:
    asked = {"id": oona.id, "role": "administrator"}

    assert oona.configuration.refused("update_agent", **asked) == "ownership_transfer"


@pytest.mark.parametrize(
    "bad", [one for one in BAD_VALUES if "id" not in one and "name" not in one]
)
def test_bad_values_change_nothing(ann: User, bob: User, bad: dict[str, Any]) -> None:
    assert ann.configuration.refused("update_agent", **{"id": bob.id, **bad}) == "validation"


def test_a_group_that_is_not_there_changes_nothing(ann: User, bob: User) -> None:
    asked = {"id": bob.id, "mobile": "1", "groups": [{"id": 77, "priority": "first"}]}

    assert ann.configuration.refused("update_agent", **asked) == "group_not_found"


def test_many_groups_cost_as_little_as_one(acme: Organization, ann: User, bob: User) -> None:
    """Nobody gets a chat meanwhile."""
    numbers = [make.group(acme, f"Group {number}").number for number in range(25)]

    def place(priority: str, count: int) -> None:
        groups = [{"id": number, "priority": priority} for number in numbers[:count]]
        ann.configuration.call("update_agent", id=bob.id, groups=groups)

    with CaptureQueriesContext(connection) as one:
        place("first", 1)
    with CaptureQueriesContext(connection) as more:
        place("first", 25)
    with CaptureQueriesContext(connection) as others:
        place("last", 25)

    assert len(one) == len(more)
    assert len(others) <= len(one)
    places = [{"id": number, "priority": "last"} for number in numbers]
    assert configured(ann, bob.id, "groups")["groups"] == places


@pytest.mark.parametrize("nothing", [{}, {"name": "Rob"}, {"work_scheduler": None}], ids=str)
def test_changing_nothing_of_others_needs_the_scope_as_well(
    world: World, acme: Organization, bob: User, nothing: dict[str, Any]
) -> None:
    eve = world.agent(acme, "eve")
    narrow = narrowed(bob, "agents--my:rw")

    assert narrow.refused("update_agent", **{"id": eve.id, **nothing}) == "authorization"
    assert narrow.refused("update_agent", id="nobody@example.com") == "authorization"
    assert narrow.call("update_agent", **{"id": bob.id, **nothing}) == {}


# --- suspend_agent, unsuspend_agent, approve_agent, delete_agent ----------------------------------

ONE_AGENT = ["update_agent", "suspend_agent", "unsuspend_agent", "approve_agent", "delete_agent"]


@pytest.mark.parametrize("action", ONE_AGENT)
def test_an_agent_must_be_one_of_ones_own(
    world: World, acme: Organization, ann: User, action: str
) -> None:
    stranger = world.agent(make.organization("Other"), "zoe")
    bot = bots.create_bot(make.application(acme), "Robbie", secret="s").agent.public_id

    for other in (stranger.id, bot, "nobody@example.com"):
        assert ann.configuration.refused(action, id=other) == "not_found"


@pytest.mark.parametrize("action", ONE_AGENT)
def test_the_owner_is_touched_by_nobody_below(ann: User, oona: User, action: str) -> None:
    assert ann.configuration.refused(action, id=oona.id) == "authorization"


@pytest.mark.parametrize("action", ["suspend_agent", "delete_agent"])
def test_the_owner_can_not_go(oona: User, action: str) -> None:
    assert oona.configuration.refused(action, id=oona.id) == "ownership_transfer"


@pytest.mark.parametrize("action", ["suspend_agent", "unsuspend_agent", "approve_agent"])
def test_normal_agents_do_not_decide_who_works(
    world: World, acme: Organization, bob: User, action: str
) -> None:
    eve = world.agent(acme, "eve")

    assert bob.configuration.refused(action, id=eve.id) == "authorization"


GOING = [
    ("suspend_agent", "agent_suspended", "agent_disconnected_by_server"),
    ("delete_agent", "agent_deleted", "access_token_revoked"),
]


@pytest.mark.parametrize(("action", "push", "reason"), GOING)
def test_who_goes_leaves_chats_to_others_and_is_disconnected(
    world: World, acme: Organization, ann: User, action: str, push: str, reason: str
) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")
    bob = world.agent(acme, "bob", online=True)
    carl = world.customer(acme, "carl")
    chat_id = carl.call("start_chat")["chat_id"]
    eve = world.agent(acme, "eve", online=True)
    connection = bob.connections[-1]

    with world.capture_pushes() as pushes:
        assert ann.configuration.call(action, id=bob.id) == {}

    assert connection.ended == reason
    assert pushes.payload(ann, push) == {"id": bob.id}
    assert pushes.payload(ann, "routing_status_set") == {"agent_id": bob.id, "status": "offline"}
    users = eve.call("get_chat", chat_id=chat_id)["users"]
    assert {user["id"] for user in users if user["present"]} == {carl.id, eve.id}


def test_a_suspended_agent_may_do_nothing_until_that_ends(ann: User, bob: User) -> None:
    ann.configuration.call("suspend_agent", id=bob.id)
    assert bob.refused("list_chats") == "requester_suspended"

    with ann.world.capture_pushes() as pushes:
        assert ann.configuration.call("unsuspend_agent", id=bob.id) == {}

    assert pushes.to(ann) == [("agent_unsuspended", {"id": bob.id})]
    assert bob.call("list_chats")["chats_info"] == []


def test_a_waiting_agent_works_once_approved(ann: User, bob: User) -> None:
    Agent.objects.filter(public_id=bob.id).update(awaiting_approval=True)

    with ann.world.capture_pushes() as pushes:
        assert ann.configuration.call("approve_agent", id=bob.id) == {}

    assert pushes.to(ann) == [("agent_approved", {"id": bob.id})]
    assert bob.call("list_chats")["chats_info"] == []


@pytest.mark.parametrize("action", ["unsuspend_agent", "approve_agent"])
def test_what_holds_already_is_not_told_again(ann: User, bob: User, action: str) -> None:
    with ann.world.capture_pushes() as pushes:
        assert ann.configuration.call(action, id=bob.id) == {}

    assert pushes.names == {}


def test_suspending_twice_is_told_once(ann: User, bob: User) -> None:
    ann.configuration.call("suspend_agent", id=bob.id)

    with ann.world.capture_pushes() as pushes:
        assert ann.configuration.call("suspend_agent", id=bob.id) == {}

    assert pushes.names == {}


def test_a_deleted_agent_has_neither_account_nor_token(ann: User, bob: User) -> None:
    ann.configuration.call("delete_agent", id=bob.id)

    assert not Account.objects.filter(email=bob.id).exists()
    assert bob.refused("list_chats") == "authentication"
    assert ann.configuration.refused("delete_agent", id=bob.id) == "not_found"


@pytest.mark.parametrize("scope", ["agents--my:rw", "accounts--my:rw"])
def test_agents_delete_themselves_and_nobody_else(ann: User, bob: User, scope: str) -> None:
    narrow = narrowed(bob, scope)

    assert narrow.refused("delete_agent", id=ann.id) == "authorization"
    assert narrow.call("delete_agent", id=bob.id) == {}


# --- request_agent_unsuspension -------------------------------------------------------------------


@pytest.fixture
def idle(ann: User, bob: User) -> User:
    """Bob, suspended."""
    ann.configuration.call("suspend_agent", id=bob.id)
    return bob


def test_a_suspended_agents_wish_reaches_those_who_own_the_licence(
    world: World, acme: Organization, oona: User, ann: User, idle: User
) -> None:
    vice = world.agent(acme, "vic", role="viceowner")

    assert idle.configuration.call("request_agent_unsuspension") == {}
    assert mail.outbox == []
    unsuspensions.send_due()

    assert sorted(sent.to for sent in mail.outbox) == sorted([[oona.id], [vice.id]])
    for sent in mail.outbox:
        assert sent.subject == "Bob asks to work again with Acme"
        assert idle.id in sent.body
    unsuspensions.send_due()
    assert len(mail.outbox) == 2


def test_an_agent_asks_once_a_day(oona: User, idle: User) -> None:
    for _ in range(2):
        idle.configuration.call("request_agent_unsuspension")
        unsuspensions.send_due()
    assert len(mail.outbox) == 1

    UnsuspensionRequest.objects.update(asked_at=clock.now() - unsuspensions.PAUSE)
    idle.configuration.call("request_agent_unsuspension")
    unsuspensions.send_due()
    assert len(mail.outbox) == 2


def test_a_mail_that_fails_is_tried_again(
    oona: User, idle: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle.configuration.call("request_agent_unsuspension")
    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", _refuse)
        unsuspensions.send_due()
    assert mail.outbox == []

    UnsuspensionRequest.objects.update(due_at=clock.now())
    unsuspensions.send_due()

    assert len(mail.outbox) == 1


def test_a_mail_that_always_fails_is_given_up(
    oona: User, idle: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle.configuration.call("request_agent_unsuspension")
    monkeypatch.setattr("django.core.mail.EmailMessage.send", _refuse)

    for _ in range(unsuspensions.ATTEMPTS + 1):
        UnsuspensionRequest.objects.filter(due_at__isnull=False).update(due_at=clock.now())
        unsuspensions.send_due()

    assert UnsuspensionRequest.objects.get().due_at is None


def test_an_address_that_is_refused_is_noticed_and_keeps_nobody_else_from_knowing(
    world: World, acme: Organization, oona: User, idle: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    vice = world.agent(acme, "vic", role="viceowner")
    idle.configuration.call("request_agent_unsuspension")
    really = EmailMessage.send

    def picky(message: EmailMessage, fail_silently: bool = False) -> int:
        if message.to == [oona.id]:
            raise SMTPRecipientsRefused({oona.id: (550, b"no such user")})
        return int(really(message, fail_silently))

    monkeypatch.setattr(EmailMessage, "send", picky)

    unsuspensions.send_due()
    UnsuspensionRequest.objects.filter(due_at__isnull=False).update(due_at=clock.now())
    unsuspensions.send_due()

    assert [sent.to for sent in mail.outbox] == [[vice.id]]
    assert row(oona).email_disabled_at is not None
    assert row(vice).email_disabled_at is None


def test_a_server_that_is_away_is_asked_once_at_a_time(
    world: World, acme: Organization, oona: User, idle: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many own the licence: each wait may be long."""
    world.agent(acme, "vic", role="viceowner")
    idle.configuration.call("request_agent_unsuspension")
    asked = []

    def away(message: EmailMessage, fail_silently: bool = False) -> int:
        asked.append(message.to)
        raise OSError("the mail server is away")

    monkeypatch.setattr(EmailMessage, "send", away)

    unsuspensions.send_due()

    assert len(asked) == 1


def test_addresses_that_take_no_mail_are_left_out(
    world: World, acme: Organization, oona: User, idle: User
) -> None:
    vice = world.agent(acme, "vic", role="viceowner")
    Agent.objects.filter(public_id=vice.id).update(email_disabled_at=clock.now())
    idle.configuration.call("request_agent_unsuspension")

    unsuspensions.send_due()

    assert mail.outbox[0].to == [oona.id]


def _refuse(message: Any) -> None:
    raise OSError("the mail server is away")


def test_who_may_work_again_wishes_nothing_any_more(oona: User, ann: User, idle: User) -> None:
    idle.configuration.call("request_agent_unsuspension")

    ann.configuration.call("unsuspend_agent", id=idle.id)
    unsuspensions.send_due()

    assert mail.outbox == []


def test_who_is_not_suspended_has_nothing_to_ask(oona: User, bob: User) -> None:
    with bob.world.nothing_changes():
        assert bob.configuration.call("request_agent_unsuspension") == {}


def test_a_suspended_agent_is_let_do_nothing_but_ask(oona: User, idle: User) -> None:
    for action in ("get_agent", "update_agent"):
        assert idle.configuration.refused(action, id=idle.id) == "requester_suspended"


# --- versions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "most"), [("3.4", 100), ("3.5", 20), ("3.6", 20), ("3.7", 20)])
def test_how_many_chats_an_agent_may_have(ann: User, bob: User, version: str, most: int) -> None:
    asked = {"id": bob.id, "max_chats_count": most}
    assert ann.configuration.web("update_agent", asked, version=version) == {}

    more = {"id": bob.id, "max_chats_count": most + 1}
    with ann.world.nothing_changes(), pytest.raises(Refused, match="validation"):
        ann.configuration.web("update_agent", more, version=version)
    assert configured(ann, bob.id, "max_chats_count")["max_chats_count"] == most


@pytest.mark.parametrize(
    ("version", "taken"), [("3.4", True), ("3.5", True), ("3.6", False), ("3.7", False)]
)
def test_names_and_pictures_are_set_here_up_to_3_5(
    ann: User, bob: User, version: str, taken: bool
) -> None:
    picture = {"avatar": "https://example.com/a.png"}
    new = {"id": "smith@example.com", "name": "Smith", **picture}
    ann.configuration.web("create_agent", new, version=version)
    ann.configuration.web("update_agent", {"id": bob.id, "name": "Rob", **picture}, version=version)

    smith, rob = (configured(ann, one) for one in ("smith@example.com", bob.id))
    url = picture["avatar"] if taken else ""
    assert (smith["name"], smith["avatar"]) == ("Smith", url)
    assert (rob["name"], rob["avatar"]) == ("Rob" if taken else "Bob", url)


def test_up_to_3_4_hours_are_one_interval_a_day(ann: User, bob: User) -> None:
    week = {"monday": {"start": "08:30", "end": "12:30"}}
    asked = {"id": bob.id, "work_scheduler": week}
    ann.configuration.web("update_agent", asked, version="3.4")
    read = {"id": bob.id, "fields": ["work_scheduler"]}
    hours = {"day": "monday", "enabled": True, "start": "08:30", "end": "12:30"}

    older = ann.configuration.web("get_agent", read, version="3.4")
    newer = ann.configuration.web("get_agent", read, version="3.5")

    assert older["work_scheduler"] == week
    assert newer["work_scheduler"]["schedule"] == [hours]


def test_up_to_3_4_pauses_are_not_shown(ann: User, bob: User) -> None:
    ann.configuration.call("update_agent", id=bob.id, work_scheduler=WEEK)
    asked = {"fields": ["work_scheduler"]}

    listed = ann.configuration.web("list_agents", asked, version="3.4")

    (found,) = (agent for agent in listed if agent["id"] == bob.id)
    assert found["work_scheduler"] == {"monday": {"start": "08:00", "end": "16:00"}}


@pytest.mark.parametrize("version", ["3.4", "3.7"])
def test_hours_by_days_can_be_turned_off(ann: User, bob: User, version: str) -> None:
    hours = {"start": "08:30", "end": "12:30", "enabled": False}
    asked = {"id": bob.id, "work_scheduler": {"monday": hours}}

    ann.configuration.web("update_agent", asked, version=version)

    shown = configured(ann, bob.id, "work_scheduler")["work_scheduler"]
    assert shown["schedule"] == [{"day": "monday", **hours}]


def test_in_3_4_an_empty_week_has_no_hours(ann: User, bob: User) -> None:
    ann.configuration.call("update_agent", id=bob.id, work_scheduler=WEEK)

    ann.configuration.web("update_agent", {"id": bob.id, "work_scheduler": {}}, version="3.4")

    assert configured(ann, bob.id, "work_scheduler")["work_scheduler"]["schedule"] == []


def test_in_3_4_agents_have_neither_account_nor_last_logout(ann: User, bob: User) -> None:
    bob.login()
    bob.rtm("logout")
    fields = ["last_logout", "mobile"]

    one = ann.configuration.web("get_agent", {"id": bob.id, "fields": fields}, version="3.4")
    listed = ann.configuration.web("list_agents", {"fields": fields}, version="3.4")

    assert one.keys() == {"id", "name", "role", "avatar", "login_status", "mobile"}
    assert all(agent.keys() == {*one, "avatar_path"} for agent in listed)


def test_in_3_4_nobody_asks_for_the_suspended_alone(ann: User, bob: User) -> None:
    asked = {"filters": {"suspended": True}}

    assert len(ann.configuration.web("list_agents", asked, version="3.4")) == 2
    assert ann.configuration.web("list_agents", asked, version="3.5") == []


def described(kind: str, name: str, version: str) -> dict[str, Any]:
    """Return the published properties of an action's request or response in a version."""
    action = registry.find("configuration", name, WEB, "3.7")
    newest = request_schema(action) if kind == versions.REQUESTS else response_schema(action)
    schema = versions.downgrade_schema(action, kind, version, newest)
    properties: dict[str, Any] = schema.get("items", schema)["properties"]
    return properties


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_requests_are_described_as_their_version_takes_them(version: str) -> None:
    made = described(versions.REQUESTS, "create_agent", version)
    changed = described(versions.REQUESTS, "update_agent", version)
    fields = described(versions.REQUESTS, "list_agents", version)

    profiles = version <= "3.5"
    oldest = version == "3.4"
    assert ("avatar" in made, "name" in made) == (profiles, True)
    assert ("avatar" in changed, "name" in changed) == (profiles, profiles)
    assert made["max_chats_count"]["maximum"] == (100 if oldest else 20)
    assert ("monday" in made["work_scheduler"].get("properties", {})) is oldest
    assert ("last_logout" in fields["fields"]["items"]["enum"]) is not oldest
    assert ("suspended" in fields["filters"]["properties"]) is not oldest


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
@pytest.mark.parametrize("name", ["get_agent", "list_agents"])
def test_answers_are_described_as_their_version_shows_them(name: str, version: str) -> None:
    shown = described(versions.RESPONSES, name, version)

    oldest = version == "3.4"
    assert ("account_id" in shown) is not oldest
    assert ("last_logout" in shown) is not oldest
    assert ("monday" in shown["work_scheduler"]["properties"]) is oldest
