"""Bots: how they come, change and go, what their tokens open, and how they get chats."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from chatplatform import clock
from chatplatform.errors import (
    AlreadyExists,
    Authentication,
    GroupNotFound,
    NotFound,
    ProtocolError,
    Validation,
)
from chatplatform.models import Agent, Application, Bot, BotToken, Organization
from chatplatform.selectors import organizations
from chatplatform.services import agents, authentication, bot_tokens, bots, tokens
from chatplatform.services.bots import NewBot
from tests import make
from tests.world import Refused, User, World

pytestmark = pytest.mark.django_db

ID = "5c9871d5372c824cbf22d860a707a578"


@pytest.fixture
def owner(acme: Organization) -> Application:
    """Return the application the bots belong to."""
    return make.application(acme)


@pytest.fixture
def robin(owner: Application) -> NewBot:
    """Return a bot that comes before everybody else."""
    return bots.create_bot(owner, "Robin", default_group_priority="first")


def as_bot(world: World, bot: NewBot, *, version: str = "3.7", online: bool = False) -> User:
    """Return a bot as a user with a token of its own."""
    issued = bot_tokens.issue_bot_token(Bot.objects.get(agent=bot.agent))
    credentials = f"Bearer {issued.token}"
    user = User(
        world, "agent", credentials, bot.agent.organization_id, version=version, name="robin"
    )
    user.id = bot.agent.public_id
    if online:
        user.login()
    return user


# --- create, update, delete ----------------------------------------------------------------------


def test_colleagues_are_told_of_a_new_bot_in_full(
    world: World, acme: Organization, owner: Application, boss: User
) -> None:
    sales = make.group(acme)
    places: list[dict[str, Any]] = [{"id": sales.number, "priority": "last"}, {"id": 0}]

    with world.capture_pushes() as pushes:
        made = world.act(lambda: bots.create_bot(owner, "Robin", groups=places))

    assert len(made.agent.public_id) == 32
    assert int(made.agent.public_id, 16)
    assert pushes.payload(boss, "bot_created") == {
        "id": made.agent.public_id,
        "name": "Robin",
        "avatar": "",
        "type": "chatbot",
        "job_title": "",
        "max_chats_count": 6,
        "default_group_priority": "normal",
        "groups": [{"id": 0, "priority": "normal"}, {"id": sales.number, "priority": "last"}],
        "owner_client_id": owner.client_id,
        "work_scheduler": {"timezone": "", "schedule": []},
    }


def test_its_secret_is_shown_once_and_kept_as_a_checksum(robin: NewBot) -> None:
    bot = Bot.objects.get(agent=robin.agent)

    assert robin.secret not in bot.secret_checksum
    assert bot.secret_checksum == tokens.checksum(robin.secret)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"name": ""}, Validation),
        ({"bot_id": "robin"}, Validation),
        ({"bot_id": ID.upper()}, Validation),
        ({"max_chats_count": 501}, Validation),
        ({"max_chats_count": 0}, Validation),
        ({"default_group_priority": "sometimes"}, Validation),
        ({"type": ""}, Validation),
        ({"type": "x" * 65}, Validation),
        ({"job_title": "a\nb"}, Validation),
        ({"groups": [{"id": 0, "priority": "sometimes"}]}, Validation),
        ({"groups": [{"id": 99}]}, GroupNotFound),
        ({"avatar": "x" * 501}, Validation),
        ({"job_title": "x" * 181}, Validation),
        ({"work_scheduler": {"timezone": "Nowhere"}}, Validation),
    ],
    ids=str,
)
def test_a_malformed_bot_is_refused(
    world: World, owner: Application, values: dict[str, Any], error: type[ProtocolError]
) -> None:
    with world.nothing_changes(), pytest.raises(error):
        world.act(lambda: bots.create_bot(owner, **{"name": "Robin", **values}))


def test_a_bot_may_have_500_chats(owner: Application) -> None:
    assert bots.create_bot(owner, "Robin", max_chats_count=500).agent.max_chats_count == 500


def test_an_id_is_given_once_even_after_the_bot_is_gone(
    acme: Organization, owner: Application
) -> None:
    bots.create_bot(owner, "Robin", bot_id=ID)
    bots.delete_bot(acme.id, ID)

    with pytest.raises(AlreadyExists):
        bots.create_bot(owner, "Robin", bot_id=ID)


def test_only_what_changed_of_a_bot_is_told(
    world: World, acme: Organization, boss: User, robin: NewBot
) -> None:
    bot_id = robin.agent.public_id

    with world.capture_pushes() as pushes:
        world.act(lambda: bots.update_bot(acme.id, bot_id, {"name": "Batman", "type": "chatbot"}))
        world.act(
            lambda: bots.update_bot(
                acme.id, bot_id, {"groups": [{"id": 0}], "default_group_priority": "last"}
            )
        )
        world.act(lambda: bots.update_bot(acme.id, bot_id, {"name": "Batman"}))

    assert pushes.to(boss) == [
        ("bot_updated", {"id": bot_id, "name": "Batman"}),
        (
            "bot_updated",
            {
                "id": bot_id,
                "default_group_priority": "last",
                "groups": [{"id": 0, "priority": "last"}],
            },
        ),
    ]


def test_without_the_scope_one_is_told_nothing_of_bots(
    world: World, acme: Organization, owner: Application
) -> None:
    bob = world.agent(acme, "bob", scopes=["agents--all:ro", "chats--all:ro"], online=True)

    with world.capture_pushes() as pushes:
        made = world.act(lambda: bots.create_bot(owner, "Robin"))
        world.act(lambda: bots.update_bot(acme.id, made.agent.public_id, {"name": "Batman"}))
        world.act(lambda: bots.delete_bot(acme.id, made.agent.public_id))

    assert pushes.to(bob) == []


def test_a_deleted_bots_tokens_and_sessions_end_and_others_get_its_chats(
    world: World, acme: Organization, boss: User, robin: NewBot
) -> None:
    user = as_bot(world, robin, online=True)
    boss.call("set_routing_status", status="accepting_chats", agent_id=user.id)
    chat_id = world.customer(acme).call("start_chat")["chat_id"]
    ann = world.agent(acme, "ann", online=True)
    (listener,) = user.connections

    with world.capture_pushes() as pushes:
        world.act(lambda: bots.delete_bot(acme.id, user.id))

    assert listener.ended == "access_token_revoked"
    assert user.refused("list_chats") == "authentication"
    assert pushes.payload(boss, "bot_deleted") == {"id": user.id}
    users = ann.call("get_chat", chat_id=chat_id)["users"]
    present = {one["name"]: one["present"] for one in users if one["type"] == "agent"}
    assert present == {"Robin": False, "Ann": True}


def test_another_organisations_bot_does_not_exist(world: World, robin: NewBot) -> None:
    other = make.organization("Other")
    bot_id = robin.agent.public_id

    with world.nothing_changes():
        with pytest.raises(NotFound):
            bots.update_bot(other.id, bot_id, {"name": "Mine"})
        with pytest.raises(NotFound):
            bots.delete_bot(other.id, bot_id)
        with pytest.raises(NotFound):
            bots.reset_secret(other.id, bot_id)


def test_a_bot_is_no_agent_to_be_changed_as_one(
    world: World, acme: Organization, robin: NewBot
) -> None:
    with world.nothing_changes():
        for change in (agents.suspend_agent, agents.delete_agent):
            with pytest.raises(NotFound):
                change(acme.id, robin.agent.public_id)


# --- tokens -------------------------------------------------------------------------------------


def test_whoever_knows_the_secret_gets_a_token_for_a_day(
    acme: Organization, owner: Application, robin: NewBot
) -> None:
    bot_id = robin.agent.public_id

    issued = bots.issue_token(acme.id, bot_id, owner.client_id, robin.secret)

    requester = authentication.authenticate_agent(f"Bearer {issued.token}")
    assert issued.expires_in == 24 * 3600
    assert (requester.public_id, requester.client_id) == (bot_id, owner.client_id)
    assert requester.account_id is None
    assert requester.scopes == {
        "agents-bot--my:ro",
        "agents-bot--my:rw",
        "chats--access:ro",
        "chats--access:rw",
        "chats--my:ro",
        "chats--my:rw",
        "customers:ro",
        "customers:rw",
    }


def test_nobody_else_gets_one(acme: Organization, owner: Application, robin: NewBot) -> None:
    other = make.application(make.organization("Other"))
    bot_id, secret = robin.agent.public_id, robin.secret

    for organization_id, bot, client_id, known in (
        (acme.id, bot_id, owner.client_id, "guess"),
        (acme.id, bot_id, other.client_id, secret),
        (acme.id, ID, owner.client_id, secret),
        (other.organization_id, bot_id, owner.client_id, secret),
    ):
        with pytest.raises(Authentication):
            bots.issue_token(organization_id, bot, client_id, known)

    assert not BotToken.objects.exists()


def test_a_reset_secret_gets_no_more_tokens_but_the_old_ones_live_on(
    acme: Organization, owner: Application, robin: NewBot
) -> None:
    bot_id = robin.agent.public_id
    issued = bots.issue_token(acme.id, bot_id, owner.client_id, robin.secret)

    fresh = bots.reset_secret(acme.id, bot_id)

    with pytest.raises(Authentication):
        bots.issue_token(acme.id, bot_id, owner.client_id, robin.secret)
    bots.issue_token(acme.id, bot_id, owner.client_id, fresh)
    authentication.authenticate_agent(f"Bearer dal:{issued.token}")


def test_a_token_ends_after_its_day_and_is_forgotten(world: World, robin: NewBot) -> None:
    user = as_bot(world, robin)

    with time_machine.travel(clock.now() + timedelta(hours=24, seconds=1)):
        assert user.refused("list_chats") == "authentication"
        assert tokens.forget_expired() == 1

    assert not BotToken.objects.exists()


def test_the_oldest_of_too_many_tokens_goes_with_its_sessions(world: World, robin: NewBot) -> None:
    user = as_bot(world, robin, online=True)
    (listener,) = user.connections

    for _ in range(25):
        world.act(lambda: bot_tokens.issue_bot_token(Bot.objects.get(agent=robin.agent)))

    assert listener.ended == "access_token_revoked"
    assert BotToken.objects.count() == 25


# --- in chats -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.4", "3.5", "3.6", "3.7"])
def test_a_bot_logs_in_and_answers(
    world: World, acme: Organization, boss: User, robin: NewBot, version: str
) -> None:
    user = as_bot(world, robin, version=version)
    profile = user.login()["my_profile"]
    boss.call("set_routing_status", status="accepting_chats", agent_id=user.id)
    carl = world.customer(acme)
    chat_id = carl.call("start_chat")["chat_id"]

    with world.capture_pushes() as pushes:
        user.call("send_event", chat_id=chat_id, event=make.message("Beep"))

    assert (profile["id"], profile["type"], "email" in profile) == (user.id, "agent", False)
    said = pushes.payload(carl, "incoming_event")["event"]
    assert (said["text"], said["author_id"]) == ("Beep", robin.agent.customer_facing_id)


def test_a_new_bot_is_offline_and_logging_in_does_not_change_that(
    world: World, acme: Organization, boss: User, robin: NewBot
) -> None:
    user = as_bot(world, robin, online=True)

    statuses = {one["agent_id"]: one["status"] for one in boss.call("list_routing_statuses")}
    assert statuses[user.id] == "offline"
    assert world.customer(acme).refused("start_chat") == "groups_offline"


def test_a_bot_chooses_its_own_status_and_no_others(
    world: World, acme: Organization, boss: User, owner: Application, robin: NewBot
) -> None:
    user = as_bot(world, robin)
    sibling = bots.create_bot(owner, "Sibling").agent.public_id
    stranger = bots.create_bot(make.application(acme), "Stranger").agent.public_id

    with world.capture_pushes() as pushes:
        user.call("set_routing_status", status="accepting_chats")
        user.call("set_routing_status", status="offline", agent_id=sibling)
        user.call("set_routing_status", status="offline")

    told = [status["status"] for name, status in pushes.to(boss) if name == "routing_status_set"]
    assert told == ["accepting_chats", "offline"]
    chosen = {"status": "accepting_chats"}
    assert user.refused("set_routing_status", **chosen, agent_id=stranger) == "authorization"
    assert user.refused("set_routing_status", **chosen, agent_id=boss.id) == "authorization"


def test_an_ai_agents_status_is_its_owners_alone(
    world: World, acme: Organization, boss: User, owner: Application
) -> None:
    made = bots.create_bot(owner, "Ada", type="ai_agent")
    chosen = {"status": "accepting_chats", "agent_id": made.agent.public_id}
    stranger = make.access_token(
        Agent.objects.get(public_id=boss.id), application=make.application(acme)
    )
    foreign = User(world, "agent", f"Bearer {stranger}", acme.id)

    assert foreign.refused("set_routing_status", **chosen) == "authorization"
    assert as_bot(world, made).call("set_routing_status", **chosen) == {}


def test_a_bot_with_priority_comes_before_people(
    world: World, acme: Organization, boss: User, ann: User, robin: NewBot
) -> None:
    bot_id = robin.agent.public_id
    boss.call("set_routing_status", status="accepting_chats", agent_id=bot_id)

    started = world.customer(acme).call("start_chat")

    chat = boss.call("get_chat", chat_id=started["chat_id"])
    assert chat["thread"]["user_ids"][-1] == bot_id


def test_a_priority_of_its_own_in_a_group_wins_over_the_default(
    world: World, acme: Organization, boss: User, ann: User, robin: NewBot
) -> None:
    bot_id = robin.agent.public_id
    world.act(lambda: bots.update_bot(acme.id, bot_id, {"groups": [{"id": 0, "priority": "last"}]}))
    boss.call("set_routing_status", status="accepting_chats", agent_id=bot_id)

    started = world.customer(acme).call("start_chat")

    chat = boss.call("get_chat", chat_id=started["chat_id"])
    assert chat["thread"]["user_ids"][-1] == ann.id


def test_customers_are_not_told_who_is_a_bot(
    world: World, acme: Organization, boss: User, robin: NewBot
) -> None:
    bot_id = robin.agent.public_id
    boss.call("set_routing_status", status="accepting_chats", agent_id=bot_id)
    carl = world.customer(acme)

    chat = carl.call("get_chat", chat_id=carl.call("start_chat")["chat_id"])

    (shown,) = (user for user in chat["users"] if user["type"] == "agent")
    assert shown["name"] == "Robin"
    assert "is_bot" not in shown
    assert bot_id not in str(chat)


# --- acting as a bot ----------------------------------------------------------------------------


@pytest.fixture
def integration(world: World, acme: Organization, owner: Application) -> User:
    """Return an agent who calls through the application that owns the bots."""
    row = make.agent(acme, name="Integration")
    token = make.access_token(row, application=owner)
    user = User(world, "agent", f"Bearer {token}", acme.id, version="3.5", name="integration")
    user.id = row.public_id
    return user


@pytest.fixture
def chat_id(world: World, acme: Organization, boss: User) -> str:
    """Return a running chat of a group the integration does not belong to."""
    group = make.group(acme)
    started = boss.call("start_chat", chat={"access": {"group_ids": [group.number]}})
    found: str = started["chat_id"]
    return found


def join(user: User, chat_id: str, bot_id: str, version: str) -> Any:
    """Act as the bot from now on, and let it join."""
    user.author_id = bot_id
    payload = {
        "chat_id": chat_id,
        "user_id": bot_id,
        "user_type": "agent",
        "visibility": "all",
        "ignore_requester_presence": True,
    }
    return user.web("add_user_to_chat", payload, version=version)


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_up_to_3_5_the_owner_acts_as_the_bot_outside_its_groups_too(
    world: World, boss: User, integration: User, robin: NewBot, chat_id: str, version: str
) -> None:
    bot_id = robin.agent.public_id
    join(integration, chat_id, bot_id, version)
    event = {"chat_id": chat_id, "event": make.message("Beep")}

    with world.capture_pushes() as pushes:
        integration.web("send_event", event, version=version)
        integration.rtm("send_event", event, version=version)

    told = [push["event"] for name, push in pushes.to(boss) if name == "incoming_event"]
    assert [event["author_id"] for event in told] == [bot_id, bot_id]


@pytest.mark.parametrize("version", ["3.4", "3.5"])
def test_a_frame_may_name_the_bot_as_well(
    boss: User, integration: User, robin: NewBot, chat_id: str, version: str
) -> None:
    integration.login()
    integration.author_id = bot_id = robin.agent.public_id
    joins = {"chat_id": chat_id, "user_id": bot_id, "user_type": "agent", "visibility": "all"}

    integration.rtm(
        "add_user_to_chat", {**joins, "ignore_requester_presence": True}, version=version
    )
    integration.rtm("send_event", {"chat_id": chat_id, "event": make.message()}, version=version)

    thread = boss.call("get_chat", chat_id=chat_id)["thread"]
    assert thread["user_ids"][-1] == bot_id
    assert thread["events"][-1]["author_id"] == bot_id


@pytest.mark.parametrize("version", ["3.6", "3.7"])
def test_from_3_6_on_an_author_is_not_looked_at(
    integration: User, robin: NewBot, chat_id: str, version: str
) -> None:
    with pytest.raises(Refused) as refused:
        join(integration, chat_id, robin.agent.public_id, version)

    assert refused.value.type == "authorization"


def test_an_administrators_personal_access_token_may_act_as_any_bot(
    world: World, acme: Organization, robin: NewBot, chat_id: str
) -> None:
    row = make.agent(acme, "administrator")
    credentials = make.basic(row, make.pat(row))

    assert join(User(world, "agent", credentials), chat_id, robin.agent.public_id, "3.5") == {}


def test_a_personal_access_token_that_can_not_change_bots_does_not_act_as_one(
    world: World, acme: Organization, robin: NewBot, chat_id: str
) -> None:
    row = make.agent(acme)
    user = User(world, "agent", make.basic(row, make.pat(row)))

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        join(user, chat_id, robin.agent.public_id, "3.5")

    assert refused.value.type == "authorization"


def test_a_personal_access_token_for_own_bots_acts_as_those_made_in_person(
    world: World, acme: Organization, owner: Application, robin: NewBot, chat_id: str
) -> None:
    own = bots.create_bot(owner, "Ada", by_person=True).agent.public_id
    row = make.agent(acme, "administrator")
    token = make.pat(row, ["agents-bot--my:rw", "chats--all:rw"])
    user = User(world, "agent", make.basic(row, token))

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        join(user, chat_id, robin.agent.public_id, "3.5")

    assert refused.value.type == "authorization"
    assert join(user, chat_id, own, "3.5") == {}


def test_whoever_is_named_an_ai_agents_status_is_its_owners_alone(
    world: World, acme: Organization, owner: Application, integration: User
) -> None:
    bot_id = bots.create_bot(owner, "Ada", type="ai_agent").agent.public_id
    row = make.agent(acme, "administrator")
    person = User(world, "agent", make.basic(row, make.pat(row)))
    person.author_id = bot_id

    for status in ({"status": "accepting_chats"}, {"status": "offline", "agent_id": bot_id}):
        with world.nothing_changes(), pytest.raises(Refused) as refused:
            person.web("set_routing_status", status, version="3.5")
        assert refused.value.type == "authorization"


def test_the_workspaces_token_makes_no_bot_of_an_agent(
    world: World, acme: Organization, chat_id: str
) -> None:
    """Every agent has one: whose bots they are would open all chats to all agents."""
    workspace = organizations.workspace_application(acme)
    bot_id = bots.create_bot(workspace, "Robin").agent.public_id
    bob = world.as_agent(make.agent(acme), application=workspace)
    chief = world.as_agent(make.agent(acme, "administrator"), application=workspace)

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        join(bob, chat_id, bot_id, "3.5")

    assert refused.value.type == "authorization"
    assert join(chief, chat_id, bot_id, "3.5") == {}


def test_nobody_acts_as_somebody_elses_bot(
    world: World, acme: Organization, integration: User, robin: NewBot, chat_id: str
) -> None:
    foreign = bots.create_bot(make.application(acme), "Foreign").agent.public_id
    human = make.agent(acme).public_id

    for author in (foreign, human, "nobody", "\x00"):
        with world.nothing_changes(), pytest.raises(Refused) as refused:
            join(integration, chat_id, author, "3.5")
        assert refused.value.type in ("authorization", "validation")


def test_another_organisations_token_does_not_act_as_a_bot(
    world: World, robin: NewBot, chat_id: str
) -> None:
    row = make.agent(make.organization("Other"), "administrator")
    stranger = User(world, "agent", make.basic(row, make.pat(row)))

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        join(stranger, chat_id, robin.agent.public_id, "3.5")

    assert refused.value.type == "authorization"


def test_a_connection_stays_its_owners_whoever_is_named(
    world: World, acme: Organization, integration: User, robin: NewBot
) -> None:
    integration.login()

    integration.author_id = robin.agent.public_id
    integration.rtm("logout")

    assert integration.connections == []
