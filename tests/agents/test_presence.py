"""Agent Chat API: logging in and out, routing statuses."""

from typing import Any

import pytest

from chatplatform.models import Agent, ConnectionLease, Organization
from tests import make
from tests.world import User, World

# --- login --------------------------------------------------------------------------------------


def test_an_agent_logs_in(world: World, acme: Organization) -> None:
    sales = make.group(acme)
    ann = world.agent(acme, "ann", groups=[sales])

    with world.capture_pushes() as pushes:
        answer = ann.login(application={"name": "Tests", "version": "1"}, timezone="Europe/Warsaw")

    assert answer == {
        "license": {
            "id": str(acme.license_id),
            "organization_id": str(acme.id),
            "plan": acme.plan,
            "creation_timestamp": int(acme.created_at.timestamp()),
            "expiration_timestamp": answer["license"]["expiration_timestamp"],
            "in_trial": False,
        },
        "my_profile": {
            "id": ann.id,
            "type": "agent",
            "name": "Ann",
            "email": ann.id,
            "avatar": "",
            "present": True,
            "routing_status": "accepting_chats",
            "permission": "normal",
        },
        "chats_info": [],
        "access": {"group_ids": [0, sales.number]},
        "properties": {},
    }
    assert pushes.names["ann"][-1] != ""
    assert ("routing_status_set", {"agent_id": ann.id, "status": "accepting_chats"}) in pushes.to(
        ann
    )
    assert (
        "incoming_customers",
        {"customer_monitoring_level": "my", "customers": []},
    ) in pushes.to(ann)
    assert Agent.objects.get(public_id=ann.id).timezone == "Europe/Warsaw"


def test_login_lists_the_running_chats_an_agent_may_see(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    running = carl.call("start_chat")["chat_id"]
    dora = world.customer(acme, "dora")
    closed = dora.call("start_chat")["chat_id"]
    dora.call("deactivate_chat", id=closed)
    other = make.group(acme)
    ann.call("start_chat", chat={"access": {"group_ids": [other.number]}})

    answer = world.agent(acme, "bob").login()

    assert [chat["id"] for chat in answer["chats_info"]] == [running]
    assert (
        answer["chats_info"]
        == world.agent(acme, "eve").call("list_chats", limit=100)["chats_info"][1:]
    )


def test_login_without_the_scope_for_chats_lists_none(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    carl.call("start_chat")
    eve = world.agent(acme, "eve", scopes=["agents--all:ro"])

    with world.capture_pushes() as pushes:
        answer = eve.login()

    assert answer["chats_info"] == []
    assert "incoming_customers" not in pushes.names["eve"]


def test_login_tells_an_agent_who_their_customers_are(ann: User, carl: User) -> None:
    carl.call("start_chat")

    ann.login()

    told = ann.heard[-1]
    assert told.action == "incoming_customers"
    assert [customer["id"] for customer in told.payload["customers"]] == [carl.id]


@pytest.mark.parametrize(
    ("version", "chats"),
    [("3.4", "chats_summary"), ("3.6", "chats_summary"), ("3.7", "chats_info")],
)
def test_login_in_every_version(world: World, acme: Organization, version: str, chats: str) -> None:
    ann = world.agent(acme, "ann")

    assert chats in ann.login(version=version)


def test_pushes_are_chosen_at_login_by_version(
    world: World, acme: Organization, ann: User, carl: User
) -> None:
    bob = world.agent(acme, "bob", accepting=False)
    bob.login(pushes={"3.5": ["incoming_chat"], "3.7": ["all"], "3.4": []})

    carl.call("start_chat")

    told = [(push.action, push.version) for push in bob.heard]
    assert ("incoming_chat", "3.5") in told
    assert ("incoming_chat", "3.7") in told
    assert {version for _, version in told} == {"3.5", "3.7"}


@pytest.mark.parametrize(
    "payload",
    [
        {"pushes": {"2.0": ["all"]}},
        {"pushes": ["all"]},
        {"pushes": {"3.6": "all"}},
        {"timezone": "x" * 65},
        {"customer_monitoring_level": "everything"},
        {"reconnect": "yes"},
        {"away": 1},
    ],
    ids=str,
)
def test_a_wrong_login_is_refused(
    world: World, acme: Organization, payload: dict[str, Any]
) -> None:
    from tests.world import Refused

    ann = world.agent(acme, "ann")
    with world.nothing_changes(), pytest.raises(Refused) as refused:
        ann.login(**payload)

    assert refused.value.type == "validation"


def test_a_first_session_starts_with_the_configured_status(
    world: World, acme: Organization, ann: User
) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")
    ann.login()
    assert status(ann, ann) == "not_accepting_chats"

    world.lose(ann)
    answer = ann.login()

    assert answer["my_profile"]["routing_status"] == "accepting_chats"


def test_reconnecting_restores_the_last_status(world: World, ann: User) -> None:
    ann.call("set_routing_status", status="not_accepting_chats")
    world.lose(ann)

    answer = ann.login(reconnect=True)

    assert answer["my_profile"]["routing_status"] == "not_accepting_chats"


def status(asking: User, about: User) -> str:
    """Return the status others see."""
    found = {entry["agent_id"]: entry["status"] for entry in asking.call("list_routing_statuses")}
    shown: str = found[about.id]
    return shown


# --- logout -------------------------------------------------------------------------------------


def test_logging_out_ends_the_session(world: World, ann: User, bob: User) -> None:
    with world.capture_pushes() as pushes:
        assert ann.rtm("logout") == {}

    assert ann.connections == []
    assert status(bob, ann) == "offline"
    assert ("routing_status_set", {"agent_id": ann.id, "status": "offline"}) in pushes.to(bob)


def test_another_session_keeps_an_agent_here(world: World, ann: User, bob: User) -> None:
    ann.login()

    with world.capture_pushes() as pushes:
        ann.rtm("logout")

    assert status(bob, ann) == "accepting_chats"
    assert pushes.names == {}


def test_over_http_an_agent_ends_all_sessions(world: World, ann: User, bob: User) -> None:
    ann.login()
    listeners = list(ann.connections)

    assert ann.web("logout", version="3.6") == {}

    assert {listener.ended for listener in listeners} == {"agent_logged_out_remotely"}
    assert ConnectionLease.objects.filter(user_id=ann.id).count() == 0
    assert status(bob, ann) == "offline"


def test_an_administrator_logs_out_another_agent(
    world: World, acme: Organization, ann: User, bob: User
) -> None:
    assert bob.refused("logout", agent_id=ann.id) == "authorization"
    boss = world.agent(acme, "boss", role="administrator")

    assert boss.web("logout", {"agent_id": ann.id}) == {}

    assert ann.connections == []
    assert status(bob, ann) == "offline"
    assert boss.refused("logout", agent_id="nobody@example.com") == "not_found"


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_before_3_6_there_is_no_logout_over_http(ann: User, version: str) -> None:
    assert ann.http("logout", version=version).status_code == 404


# --- set_routing_status, list_routing_statuses --------------------------------------------------


def test_an_agent_chooses_a_status(world: World, ann: User, bob: User, carl: User) -> None:
    with world.capture_pushes() as pushes:
        assert ann.call("set_routing_status", status="not_accepting_chats") == {}

    assert status(bob, ann) == "not_accepting_chats"
    told = {"agent_id": ann.id, "status": "not_accepting_chats"}
    offline = {"groups": [{"id": 0, "status": "offline"}]}
    for agent in (ann, bob):
        assert pushes.to(agent) == [
            ("routing_status_set", told),
            ("groups_status_updated", offline),
        ]
    assert pushes.to(carl) == [("groups_status_updated", offline)]


def test_choosing_the_same_status_tells_nothing(world: World, ann: User) -> None:
    with world.nothing_changes():
        ann.call("set_routing_status", status="accepting_chats")


def test_an_administrator_chooses_for_others(world: World, acme: Organization, ann: User) -> None:
    boss = world.agent(acme, "boss", role="administrator", online=True, accepting=False)

    boss.call("set_routing_status", status="not_accepting_chats", agent_id=ann.id)

    assert status(boss, ann) == "not_accepting_chats"


def test_an_agent_does_not_choose_for_others(ann: User, bob: User) -> None:
    chosen = {"status": "accepting_chats", "agent_id": bob.id}

    assert ann.refused("set_routing_status", **chosen) == "authorization"


def test_the_scope_for_bots_does_not_choose_for_oneself(world: World, acme: Organization) -> None:
    boss = world.agent(
        acme, "boss", role="administrator", scopes=["agents-bot--all:rw"], online=True
    )

    assert boss.refused("set_routing_status", status="not_accepting_chats") == "authorization"


def test_only_bots_are_set_offline(ann: User) -> None:
    assert ann.refused("set_routing_status", status="offline") == "validation"


def test_a_status_needs_a_live_session(world: World, acme: Organization, ann: User) -> None:
    away = world.agent(acme, "away")
    boss = world.agent(acme, "boss", role="administrator")

    chosen = {"status": "accepting_chats"}
    assert away.refused("set_routing_status", **chosen) == "requester_already_offline"
    assert boss.refused("set_routing_status", **chosen, agent_id=away.id) == "agent_offline"
    assert boss.refused("set_routing_status", **chosen, agent_id="x@example.com") == "not_found"


@pytest.mark.parametrize("wrong", ["accepting chats", "busy", "", None, 1])
def test_a_status_is_one_of_three(ann: User, wrong: Any) -> None:
    assert ann.refused("set_routing_status", status=wrong) == "validation"


def test_statuses_of_agents(world: World, acme: Organization, ann: User, bob: User) -> None:
    away = world.agent(acme, "away")

    assert ann.call("list_routing_statuses") == sorted(
        [
            {"agent_id": ann.id, "status": "accepting_chats"},
            {"agent_id": bob.id, "status": "not_accepting_chats"},
            {"agent_id": away.id, "status": "offline"},
        ],
        key=lambda entry: entry["agent_id"],
    )


def test_statuses_of_a_groups_agents(world: World, acme: Organization, ann: User) -> None:
    mia = make.agent(acme)
    sales = make.group(acme, agents=[mia])

    def listed(*numbers: int) -> set[str]:
        filters = {"group_ids": list(numbers)}
        answer = ann.call("list_routing_statuses", filters=filters)
        return {entry["agent_id"] for entry in answer}

    assert listed(sales.number) == {mia.public_id}
    assert listed(0) == {ann.id, mia.public_id}
    assert listed(sales.number, 0) == {ann.id, mia.public_id}
    assert listed(99) == set()


def test_agents_chats_and_bots_scopes_are_both_needed_for_statuses(
    world: World, acme: Organization
) -> None:
    for scope in ("agents--all:ro", "agents-bot--all:ro"):
        half = world.agent(acme, "half", scopes=[scope])
        assert half.refused("list_routing_statuses") == "authorization"
    whole = world.agent(acme, "whole", scopes=["agents--all:ro", "agents-bot--all:ro"])
    assert whole.call("list_routing_statuses")
