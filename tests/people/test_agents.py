"""Agents: how they come, change and go, and who is told (protocol.md 6.1)."""

from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher, make_password
from pytest_django.fixtures import Settings

from chatplatform import clock
from chatplatform import settings as project_settings
from chatplatform.errors import (
    AlreadyExists,
    Authorization,
    GroupNotFound,
    NotFound,
    OwnershipTransfer,
    ProtocolError,
    Validation,
)
from chatplatform.models import Account, Agent, ConnectionLease, Organization
from chatplatform.models.people import AgentRole
from chatplatform.requester import AgentRequester
from chatplatform.services import agents, authentication
from tests import make
from tests.world import Refused, User, World

pytestmark = pytest.mark.django_db

MORNING = {"day": "monday", "enabled": True, "start": "08:30", "end": "12:30"}
AFTERNOON = {"day": "monday", "enabled": True, "start": "13:30", "end": "16:30"}
FRIDAY_OFF = {"day": "friday", "enabled": False, "start": "08:00", "end": "16:00"}


def asks(row: Agent) -> AgentRequester:
    """Return an agent as services know who asks."""
    return authentication.authenticate_agent(f"Bearer {make.access_token(row)}")


# --- create -------------------------------------------------------------------------------------


def test_an_agent_gets_an_account_and_a_seat_known_by_the_address(acme: Organization) -> None:
    agent = agents.create_agent(
        acme, " Ann@Example.com ", "Ann Agent", "correct horse battery", job_title="Ace"
    )

    account = make.account(agent)
    assert agent.public_id == account.email == "ann@example.com"
    assert agent.organization == account.organization == acme
    assert (agent.name, agent.role, agent.job_title) == ("Ann Agent", "normal", "Ace")
    assert account.check_password("correct horse battery")


def test_nobody_signs_in_with_a_password_that_was_never_set(acme: Organization) -> None:
    assert not make.account(make.agent(acme)).has_usable_password()


def test_an_address_is_taken_once_whatever_its_case_and_organisation(acme: Organization) -> None:
    make.agent(acme, email="ann@example.com")
    second = make.organization("Second")

    with pytest.raises(AlreadyExists, match="taken"):
        agents.create_agent(second, "ANN@example.com", "Ann")

    assert Account.objects.count() == Agent.objects.count() == 1


def test_an_organisation_has_one_owner(acme: Organization) -> None:
    make.agent(acme, AgentRole.OWNER)

    with pytest.raises(Validation, match="owner"):
        make.agent(acme, AgentRole.OWNER)

    assert Agent.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "values"),
    [
        ("not an address", {}),
        ("ann@example.com\x00", {}),
        (245 * "a" + "@example.com", {}),
        ("ann@example.com", {"name": ""}),
        ("ann@example.com", {"password": "short"}),
        ("ann@example.com", {"password": "password"}),
        ("ann@example.com", {"role": "emperor"}),
        ("ann@example.com", {"login_status": "offline"}),
        ("ann@example.com", {"max_chats_count": 0}),
        ("ann@example.com", {"max_chats_count": 21}),
        ("ann@example.com", {"mobile": "1" * 65}),
        ("ann@example.com", {"notifications": ["new_year"]}),
        ("ann@example.com", {"email_subscriptions": ["hourly_summary"]}),
        ("ann@example.com", {"groups": [{"id": 0, "priority": "sometimes"}]}),
        ("ann@example.com", {"work_scheduler": {"timezone": "Europe/Atlantis"}}),
        ("ann@example.com", {"work_scheduler": {"schedule": [{**MORNING, "day": "someday"}]}}),
        ("ann@example.com", {"work_scheduler": {"schedule": [{**MORNING, "end": "08:30"}]}}),
        ("ann@example.com", {"work_scheduler": {"schedule": [{**MORNING, "end": "25:00"}]}}),
        ("ann@example.com", {"work_scheduler": {"schedule": [MORNING] * 71}}),
    ],
    ids=str,
)
def test_anything_malformed_is_refused(
    acme: Organization, email: str, values: dict[str, Any]
) -> None:
    with pytest.raises(Validation):
        agents.create_agent(acme, email, **{"name": "Ann", **values})

    assert not Account.objects.exists()


def test_passwords_are_hashed_with_argon2(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = project_settings.PASSWORD_HASHERS

    assert identify_hasher(make_password("correct horse battery")).algorithm == "argon2"


def full(organization: Organization) -> Agent:
    """Make an agent of whom everything is said."""
    sales = make.group(organization)
    return agents.create_agent(
        organization,
        "smith@example.com",
        "Smith",
        awaiting_approval=True,
        groups=[{"id": sales.number, "priority": "first"}, {"id": 0, "priority": "last"}],
        notifications=["new_goal", "new_visitor", "new_goal"],
        email_subscriptions=["weekly_summary"],
        work_scheduler={
            "timezone": "Europe/Warsaw",
            "schedule": [MORNING, AFTERNOON, FRIDAY_OFF],
        },
    )


def test_colleagues_are_told_of_a_new_agent_in_full(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    with world.capture_pushes() as pushes:
        made = world.act(lambda: full(acme))

    told = pushes.payload(ann, "agent_created")
    assert told == {
        "id": "smith@example.com",
        "account_id": str(made.account_id),
        "name": "Smith",
        "role": "normal",
        "avatar": "",
        "job_title": "",
        "mobile": "",
        "max_chats_count": 6,
        "login_status": "not accepting chats",
        "awaiting_approval": True,
        "suspended": False,
        "groups": [{"id": 0, "priority": "last"}, {"id": 1, "priority": "first"}],
        "notifications": ["new_goal", "new_visitor"],
        "email_subscriptions": ["weekly_summary"],
        "work_scheduler": {
            "timezone": "Europe/Warsaw",
            "schedule": [MORNING, AFTERNOON, FRIDAY_OFF],
        },
    }
    assert pushes.payload(boss, "agent_created") == told


def test_up_to_3_4_working_hours_are_one_interval_a_day(
    world: World, acme: Organization, boss: User
) -> None:
    for version in ("3.4", "3.5"):
        boss.login(version=version)
    new, old = boss.connections[-1], boss.connections[-2]

    world.act(lambda: full(acme))

    (newer,) = (push for push in new.heard if push.action == "agent_created")
    (older,) = (push for push in old.heard if push.action == "agent_created")
    assert newer.payload["work_scheduler"]["schedule"] == [MORNING, AFTERNOON, FRIDAY_OFF]
    assert older.payload["work_scheduler"] == {"monday": {"start": "08:30", "end": "16:30"}}


def test_without_the_scope_one_is_told_nothing_of_agents(
    world: World, acme: Organization, boss: User
) -> None:
    bob = world.agent(acme, "bob", scopes=["agents-bot--all:ro", "chats--all:ro"], online=True)

    with world.capture_pushes() as pushes:
        world.act(lambda: full(acme))

    assert pushes.to(bob) == []
    assert "agent_created" in pushes.names["boss"]


def test_customers_and_other_organisations_are_told_nothing(
    world: World, acme: Organization
) -> None:
    carl = world.customer(acme)
    stranger = world.agent(make.organization("Other"), "stranger", online=True)

    with world.capture_pushes() as pushes:
        world.act(lambda: full(acme))

    assert pushes.to(carl) == pushes.to(stranger) == []


# --- update -------------------------------------------------------------------------------------


def test_only_what_changed_is_told(world: World, acme: Organization, boss: User, ann: User) -> None:
    with world.capture_pushes() as pushes:
        world.act(
            lambda: agents.update_agent(
                acme.id, ann.id, {"name": "Anna", "job_title": "", "max_chats_count": 3}
            )
        )

    row = Agent.objects.get(public_id=ann.id)
    assert (row.name, row.max_chats_count, make.account(row).name) == ("Anna", 3, "Anna")
    assert pushes.payload(boss, "agent_updated") == {
        "id": ann.id,
        "name": "Anna",
        "max_chats_count": 3,
    }


def test_a_change_that_changes_nothing_is_not_told(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    with world.nothing_changes():
        world.act(lambda: agents.update_agent(acme.id, ann.id, {"name": "Ann"}))


def test_groups_are_replaced_and_live_connections_follow(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    sales, support = make.group(acme, "Sales"), make.group(acme, "Support")
    world.act(
        lambda: agents.update_agent(
            acme.id, ann.id, {"groups": [{"id": sales.number, "priority": "normal"}]}
        )
    )
    seen = {"groups": [{"id": support.number, "priority": "first"}]}

    with world.capture_pushes() as pushes:
        world.act(lambda: agents.update_agent(acme.id, ann.id, seen))  # type: ignore[arg-type]
        for group in (sales, support):
            boss.call("start_chat", chat={"access": {"group_ids": [group.number]}})

    assert pushes.payload(boss, "agent_updated") == {"id": ann.id, **seen}
    opened = [chat["chat"]["access"] for name, chat in pushes.to(ann) if name == "incoming_chat"]
    assert opened == [{"group_ids": [support.number]}]


@pytest.mark.parametrize(
    ("agent_id", "values", "error"),
    [
        ("nobody@example.com", {"name": "X"}, NotFound),
        ("", {"role": "emperor"}, Validation),
        ("", {"role": "owner"}, OwnershipTransfer),
        ("", {"groups": [{"id": 99, "priority": "normal"}]}, GroupNotFound),
        ("", {"groups": [{"id": 0}]}, Validation),
    ],
    ids=str,
)
def test_a_wrong_change_changes_nothing(
    world: World,
    acme: Organization,
    ann: User,
    agent_id: str,
    values: Any,
    error: type[ProtocolError],
) -> None:
    with world.nothing_changes(), pytest.raises(error):
        world.act(lambda: agents.update_agent(acme.id, agent_id or ann.id, values))


def test_another_organisations_agent_does_not_exist(world: World, ann: User) -> None:
    other = make.organization("Other")

    with world.nothing_changes():
        for change in (agents.suspend_agent, agents.delete_agent, agents.approve_agent):
            with pytest.raises(NotFound):
                change(other.id, ann.id)


def test_another_role_ends_the_sessions_and_counts_at_once(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    listeners = list(ann.connections)
    boss_ended = list(boss.connections)

    world.act(lambda: agents.update_agent(acme.id, ann.id, {"role": "administrator"}))

    assert {listener.ended for listener in listeners} == {"role_permissions_changed"}
    assert {listener.ended for listener in boss_ended} == {""}
    assert ann.login(reconnect=True)["my_profile"]["permission"] == "administrator"
    assert ann.login(reconnect=True)["my_profile"]["routing_status"] == "accepting_chats"


def test_nobody_changes_who_stands_above_them(world: World, acme: Organization) -> None:
    admin = asks(make.agent(acme, AgentRole.ADMINISTRATOR))
    viceowner, normal = make.agent(acme, AgentRole.VICEOWNER), make.agent(acme)

    with world.nothing_changes():
        for change in (
            lambda: agents.update_agent(acme.id, viceowner.public_id, {"name": "X"}, by=admin),
            lambda: agents.update_agent(acme.id, normal.public_id, {"role": "viceowner"}, by=admin),
            lambda: agents.suspend_agent(acme.id, viceowner.public_id, by=admin),
            lambda: agents.delete_agent(acme.id, viceowner.public_id, by=admin),
            lambda: agents.create_agent(acme, "x@example.com", "X", role="viceowner", by=admin),
        ):
            with pytest.raises(Authorization):
                change()


def test_the_owner_stays_and_stays_the_owner(world: World, acme: Organization) -> None:
    owner = make.agent(acme, AgentRole.OWNER).public_id

    with world.nothing_changes():
        for change in (
            lambda: agents.update_agent(acme.id, owner, {"role": "normal"}),
            lambda: agents.suspend_agent(acme.id, owner),
            lambda: agents.delete_agent(acme.id, owner),
        ):
            with pytest.raises(OwnershipTransfer):
                change()


# --- suspend, unsuspend, approve -----------------------------------------------------------------


def login_refused(user: User) -> str:
    """Log in, which must be refused; return the error's type."""
    with pytest.raises(Refused) as refused:
        user.login()
    return refused.value.type


def test_a_suspended_agents_sessions_end_and_their_chats_go_to_others(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    carl = world.customer(acme)
    chat_id = carl.call("start_chat")["chat_id"]
    bob = world.agent(acme, "bob", online=True)
    listeners = list(ann.connections)

    with world.capture_pushes() as pushes:
        world.act(lambda: agents.suspend_agent(acme.id, ann.id))

    assert {listener.ended for listener in listeners} == {"agent_disconnected_by_server"}
    assert not ConnectionLease.objects.filter(user_id=ann.id).exists()
    chat = boss.call("get_chat", chat_id=chat_id)
    assert {user["id"]: user["present"] for user in chat["users"] if user["type"] == "agent"} == {
        ann.id: False,
        bob.id: True,
    }
    (said,) = chat["thread"]["events"]
    assert said["system_message_type"] == "routing.assigned_deleted"
    assert pushes.payload(carl, "user_removed_from_chat")["reason"] == "deleted"
    assert pushes.payload(boss, "agent_suspended") == {"id": ann.id}
    assert ("routing_status_set", {"agent_id": ann.id, "status": "offline"}) in pushes.to(boss)
    assert ann.refused("list_chats") == "requester_suspended"
    assert login_refused(ann) == "requester_suspended"


def test_suspending_twice_tells_once(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    world.act(lambda: agents.suspend_agent(acme.id, ann.id))

    with world.nothing_changes():
        world.act(lambda: agents.suspend_agent(acme.id, ann.id))


def test_an_agent_works_again_once_unsuspended(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    world.act(lambda: agents.suspend_agent(acme.id, ann.id))

    with world.capture_pushes() as pushes:
        world.act(lambda: agents.unsuspend_agent(acme.id, ann.id))
        world.act(lambda: agents.unsuspend_agent(acme.id, ann.id))

    assert pushes.to(boss) == [("agent_unsuspended", {"id": ann.id})]
    assert ann.login()["my_profile"]["id"] == ann.id


def test_an_agent_works_once_approved(world: World, acme: Organization, boss: User) -> None:
    waiting = world.as_agent(full(acme))
    assert login_refused(waiting) == "requester_awaiting_approval"

    with world.capture_pushes() as pushes:
        world.act(lambda: agents.approve_agent(acme.id, waiting.id))
        world.act(lambda: agents.approve_agent(acme.id, waiting.id))

    assert pushes.to(boss) == [("agent_approved", {"id": waiting.id})]
    assert waiting.login()["my_profile"]["id"] == waiting.id


# --- delete -------------------------------------------------------------------------------------


def test_a_deleted_agent_is_gone_and_their_chats_go_to_others(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    carl = world.customer(acme)
    chat_id = carl.call("start_chat")["chat_id"]
    listeners = list(ann.connections)

    with world.capture_pushes() as pushes:
        world.act(lambda: agents.delete_agent(acme.id, ann.id))

    assert {listener.ended for listener in listeners} == {"access_token_revoked"}
    assert pushes.payload(boss, "agent_deleted") == {"id": ann.id}
    assert ann.refused("list_chats") == login_refused(ann) == "authentication"
    assert not Account.objects.filter(email=ann.id).exists()
    statuses = boss.call("list_routing_statuses")
    assert ann.id not in {entry["agent_id"] for entry in statuses}
    chat = boss.call("get_chat", chat_id=chat_id)
    (said,) = chat["thread"]["events"]
    assert said["system_message_type"] == "routing.unassigned_deleted"


def test_old_chats_still_know_a_deleted_agents_name(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    carl = world.customer(acme)
    chat_id = carl.call("start_chat")["chat_id"]

    world.act(lambda: agents.delete_agent(acme.id, ann.id))

    for reader in (boss, carl):
        users = reader.call("get_chat", chat_id=chat_id)["users"]
        assert "Ann" in {user["name"] for user in users}


def test_who_comes_back_is_known_to_customers_under_the_same_id(
    world: World, acme: Organization, boss: User, ann: User
) -> None:
    known = Agent.objects.get(public_id=ann.id)
    group = make.group(acme, agents=[known])
    world.act(lambda: agents.delete_agent(acme.id, ann.id))

    again = agents.create_agent(acme, ann.id, "Ann Again")

    assert again.customer_facing_id == known.customer_facing_id
    assert (again.name, again.suspended, again.deleted_at) == ("Ann Again", False, None)
    assert not group.members.exists()
    assert ann.refused("list_chats") == "authentication"


def test_a_call_that_comes_too_late_is_refused_as_nobodys(
    world: World, acme: Organization, ann: User
) -> None:
    """A live connection may still ask in the moment between the deletion and its own end."""
    row = Agent.objects.get(public_id=ann.id)
    Agent.objects.filter(pk=row.pk).update(deleted_at=clock.now())
    statement = {"status": "not_accepting_chats"}

    for action, payload in (("start_chat", {}), ("logout", {}), ("set_routing_status", statement)):
        with world.nothing_changes(), pytest.raises(Refused) as refused:
            ann.rtm(action, payload)
        assert refused.value.type in ("authentication", "not_found")
