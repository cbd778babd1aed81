"""Live sessions: limits, other tokens, other groups, and how they end (protocol.md 3.5)."""

import asyncio
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from chatplatform import clock
from chatplatform.api import dispatch, versions
from chatplatform.api.call import Call
from chatplatform.domain_events.groups import GroupDeleted
from chatplatform.domain_events.sessions import SessionsEnded, SessionsRegrouped
from chatplatform.errors import Authentication
from chatplatform.selectors import people
from chatplatform.transports.connection import Connection
from chatplatform.transports.publish import publish
from chatplatform.transports.server import Server
from tests.rtm import Client
from tests.transports import fakes
from tests.transports.conftest import Enter
from tests.transports.fakes import ORGANIZATION, Service, said

CARL, DORA = uuid.uuid4(), uuid.uuid4()


async def ended(client: Client, api: str = "agent") -> str:
    """Return the reason a socket is ended for; nothing may come between, and it must close."""
    frame = await client.receive()
    assert frame is not None
    assert frame["action"] == f"{api}_disconnected", frame
    assert await client.receive() is None
    reason: str = frame["payload"]["reason"]
    return reason


async def hears(client: Client, *, groups: Iterable[int]) -> bool:
    """Tell whether a socket hears of something said in a chat of these groups, before what is
    said in General after it, which it must hear of.
    """
    there, here = uuid.uuid4().hex, uuid.uuid4().hex
    publish([said(chat=there, groups=groups), said(chat=here)])
    heard: list[str] = []
    while here not in heard:
        frame = await client.receive()
        assert frame is not None
        heard.append(frame["payload"]["chat_id"])
    return there in heard


def groups_of(connection: Connection) -> frozenset[int]:
    """Return the groups a logged-in connection belongs to."""
    assert connection.terms is not None
    return connection.terms.group_numbers


def revoked(name: str) -> SessionsEnded:
    """Return that a fake token was revoked."""
    return SessionsEnded(
        organization_id=str(ORGANIZATION),
        reason="access_token_revoked",
        token_checksum=f"checksum of {name}",
    )


def regrouped(name: str, *groups: int, revision: int) -> SessionsRegrouped:
    """Return that somebody belongs to these groups now."""
    return SessionsRegrouped(
        organization_id=str(ORGANIZATION),
        user_id=name,
        group_numbers=list(groups),
        revision=revision,
    )


# --- how many -----------------------------------------------------------------------------------


async def test_an_agents_newest_connection_displaces_the_oldest(
    enter: Enter, settings: Any
) -> None:
    settings.RTM_CONNECTIONS_PER_AGENT = 2
    first, second, other = await enter("ann"), await enter("ann"), await enter("bob")

    third = await enter("ann")

    assert await ended(first) == "connection_evicted"
    for kept in (second, third, other):
        assert (await kept.call("ping"))["success"] is True


async def test_a_customers_newest_connection_is_turned_away(enter: Enter, settings: Any) -> None:
    settings.RTM_CONNECTIONS_PER_CUSTOMER = 1
    first = await enter(str(CARL), "customer")
    other = await enter(str(DORA), "customer")
    second = await Client("customer", "3.6", f"organization_id={ORGANIZATION}").open()

    await second.ask("login", {"token": str(CARL)})

    assert await ended(second, "customer") == "too_many_connections"
    for kept in (first, other):
        assert (await kept.call("ping"))["success"] is True


async def test_logging_in_at_once_does_not_exceed_a_customers_connections(
    enter: Enter, settings: Any, service: Service, server: Server
) -> None:
    settings.RTM_CONNECTIONS_PER_CUSTOMER = 1
    query = f"organization_id={ORGANIZATION}"
    clients = [await Client("customer", "3.6", query).open() for _ in range(3)]
    service.state_gate.clear()
    for client in clients:
        await client.ask("login", {"token": str(CARL)})
    await fakes.until(lambda: len(service.contexts) == 3)

    service.state_gate.set()
    frames = [await client.receive() for client in clients]

    told = [frame["payload"].get("reason") for frame in frames if frame is not None]
    assert sorted(told, key=str) == [None, "too_many_connections", "too_many_connections"]
    server._drop()
    await fakes.until(lambda: len(service.dropped) == 2)
    (kept,) = server.hub.connections()
    assert kept.id not in service.dropped
    for client in clients:
        client.drop()


async def test_an_organisations_newest_connection_is_turned_away(
    enter: Enter, settings: Any
) -> None:
    settings.RTM_CONNECTIONS_PER_ORGANIZATION = 1
    first = await enter("ann")
    second = await Client("agent", "3.6").open()

    await second.ask("login", {"token": "bob"})

    assert await ended(second) == "too_many_connections"
    assert (await first.call("ping"))["success"] is True


@pytest.mark.parametrize("limit", ["RTM_UNAUTHORIZED_CONNECTIONS", "RTM_UNAUTHORIZED_PER_ADDRESS"])
async def test_the_oldest_connection_nobody_logged_in_on_makes_room(
    server: Server, enter: Enter, settings: Any, limit: str
) -> None:
    setattr(settings, limit, 2)
    logged_in = await enter("ann")
    waiting = [await Client("agent", "3.6").open() for _ in range(2)]

    newest = await Client("agent", "3.6").open()

    assert await ended(waiting[0]) == "too_many_unauthorized_connections"
    for kept in (logged_in, waiting[1], newest):
        assert (await kept.call("ping"))["success"] is True
    assert (await waiting[1].call("login", {"token": "bob"}))["success"] is True
    assert len(server.newcomers) == 1
    for client in (waiting[1], newest):
        client.drop()


async def test_addresses_are_counted_apart(server: Server, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.RTM_UNAUTHORIZED_PER_ADDRESS = 1
    clients = [
        await Client("agent", "3.6", **{"x-forwarded-for": f"203.0.113.{number}"}).open()
        for number in (1, 2)
    ]

    assert [(await client.call("ping"))["success"] for client in clients] == [True, True]
    assert len(server.newcomers) == 2
    for client in clients:
        await client.leave()
    assert len(server.newcomers) == 0


# --- another token ------------------------------------------------------------------------------


async def test_another_tokens_scopes_hold_at_once(enter: Enter, service: Service) -> None:
    service.requesters["more"] = fakes.agent(
        "ann", scopes=frozenset({"chats--all:ro"}), token_checksum="checksum of more"
    )
    client = await enter("ann")
    before = await hears(client, groups=[7])

    assert (await client.call("update_session", {"token": "more"}))["success"] is True

    assert (before, await hears(client, groups=[7])) == (False, True)


async def test_the_old_tokens_revocation_ends_nothing_and_the_new_ones_does(
    enter: Enter, service: Service
) -> None:
    service.requesters["new"] = fakes.agent("ann", token_checksum="checksum of new")
    client = await enter("ann")
    await client.call("update_session", {"token": "new"})

    publish([revoked("ann")])
    alive = await client.nothing()
    publish([revoked("new")])

    assert alive is True
    assert await ended(client) == "access_token_revoked"


async def test_a_token_revoked_while_it_is_taken_up_ends_the_session(
    enter: Enter, service: Service
) -> None:
    service.requesters["new"] = fakes.agent("ann", token_checksum="checksum of new")
    client = await enter("ann")
    service.state_read.clear()
    service.state_gate.clear()
    await client.ask("update_session", {"token": "new"})
    await asyncio.to_thread(service.state_read.wait, 5)

    publish([revoked("new")])
    await asyncio.sleep(0.1)
    service.state_gate.set()

    answer = await client.receive()
    assert answer is not None
    assert answer["success"] is True
    assert await ended(client) == "access_token_revoked"


async def test_the_new_tokens_time_counts(enter: Enter, service: Service) -> None:
    soon, later = (clock.now() + timedelta(seconds=seconds) for seconds in (2, 60))
    service.requesters["ann"] = fakes.agent("ann", expires_at=soon)
    service.requesters["new"] = fakes.agent("ann", expires_at=later)
    stays, goes = await enter("ann"), await enter("ann")

    await stays.call("update_session", {"token": "new"})

    assert await ended(goes) == "access_token_expired"
    assert (await stays.call("ping"))["success"] is True


async def test_what_was_subscribed_to_stays_with_another_token(
    enter: Enter, service: Service
) -> None:
    service.requesters["new"] = fakes.agent("ann", token_checksum="checksum of new")
    client = await enter("ann", pushes={"3.7": ["incoming_event"]})

    await client.call("update_session", {"token": "new"})
    publish([said(groups=[0])])
    frame = await client.receive()

    assert frame is not None
    assert (frame["version"], frame["action"]) == ("3.7", "incoming_event")


async def test_a_token_revoked_before_the_login_is_listened_to_logs_nobody_in(
    server: Server, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def revoked_meanwhile(call: Call, **_: Any) -> Any:
        if service.calls:
            raise Authentication
        return service.authenticate(call)

    monkeypatch.setattr(dispatch, "authenticate", revoked_meanwhile)
    client = await Client("agent", "3.6").open()

    answer = await client.call("login", {"token": "ann"})

    assert answer["payload"]["error"]["type"] == "authentication"
    assert fakes.users(server) == set()
    client.drop()


# --- other groups -------------------------------------------------------------------------------


async def test_all_connections_of_an_agent_follow_their_groups(enter: Enter) -> None:
    clients = [await enter("ann"), await enter("ann", version="3.4")]
    other = await enter("bob")

    publish([regrouped("ann", 0, 7, revision=1)])

    publish([said(groups=[7])])
    heard = [await client.receive() for client in clients]
    assert [frame and frame["action"] for frame in heard] == ["incoming_event"] * 2
    assert await other.nothing() is True
    publish([regrouped("ann", 0, revision=2), said(chat="OTHER", groups=[7])])
    assert [await client.nothing() for client in clients] == [True, True]


async def test_news_of_groups_that_come_late_are_no_news(enter: Enter) -> None:
    client = await enter("ann")

    publish([regrouped("ann", 0, revision=2)])
    publish([regrouped("ann", 0, 7, revision=1)])

    assert await hears(client, groups=[7]) is False


async def test_groups_that_change_during_a_login_hold_after_it(
    server: Server, service: Service
) -> None:
    client = await Client("agent", "3.6").open()
    service.state_gate.clear()
    await client.ask("login", {"token": "ann"})
    await asyncio.to_thread(service.state_read.wait, 5)
    publish([regrouped("ann", 0, 7, revision=1)])
    await asyncio.sleep(0.1)
    service.state_gate.set()
    await client.receive()

    assert await hears(client, groups=[7]) is True
    client.drop()


async def test_another_token_does_not_bring_old_groups_back(enter: Enter, service: Service) -> None:
    service.requesters["new"] = fakes.agent("ann", token_checksum="checksum of new")
    client = await enter("ann", groups=[0, 7])
    service.state_read.clear()
    service.state_gate.clear()
    await client.ask("update_session", {"token": "new"})
    await asyncio.to_thread(service.state_read.wait, 5)
    publish([regrouped("ann", 0, revision=1)])
    await asyncio.sleep(0.1)
    service.state_gate.set()
    await client.receive()

    assert await hears(client, groups=[7]) is False


async def test_customers_on_a_deleted_groups_pages_belong_to_general(
    server: Server, enter: Enter
) -> None:
    await enter(str(CARL), "customer", groups=[7])
    (connection,) = server.hub.connections()

    publish([GroupDeleted(organization_id=str(ORGANIZATION), group_id=7)])

    await fakes.until(lambda: groups_of(connection) == {0})


async def test_a_group_deleted_during_a_customers_login_is_left_after_it(
    server: Server, service: Service
) -> None:
    client = await Client("customer", "3.6", f"organization_id={ORGANIZATION}").open()
    service.state_gate.clear()
    await client.ask("login", {"token": str(CARL), "groups": [7]})
    await asyncio.to_thread(service.state_read.wait, 5)
    publish([GroupDeleted(organization_id=str(ORGANIZATION), group_id=7)])
    await asyncio.sleep(0.1)
    service.state_gate.set()
    await client.receive()
    (connection,) = server.hub.connections()

    await fakes.until(lambda: groups_of(connection) == {0})
    client.drop()


# --- the end ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", versions.VERSIONS)
@pytest.mark.parametrize(
    ("api", "reason", "older"),
    [
        ("agent", "agent_disconnected_by_server", {}),
        ("agent", "agent_logged_out_remotely", {}),
        ("agent", "access_token_revoked", {}),
        (
            "agent",
            "role_permissions_changed",
            {"3.4": "internal_error", "3.5": "internal_error"},
        ),
        ("customer", "access_token_revoked", {}),
        ("customer", "logged_out_remotely", {"3.4": "access_token_revoked"}),
    ],
)
async def test_everybody_is_told_why_in_their_versions_words_whatever_they_subscribed_to(
    enter: Enter, version: str, api: str, reason: str, older: dict[str, str]
) -> None:
    name = "ann" if api == "agent" else str(CARL)
    clients = [await enter(name, api, version, pushes={}) for _ in range(2)]

    publish([SessionsEnded(organization_id=str(ORGANIZATION), user_id=name, reason=reason)])

    told = [await ended(client, api) for client in clients]
    assert told == [older.get(version, reason)] * 2


async def test_a_customer_who_does_nothing_for_long_is_let_go(
    server: Server, enter: Enter, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    talking = {DORA}
    monkeypatch.setattr(people, "in_conversation", lambda ids, since: ids & talking)
    carl, dora = await enter(str(CARL), "customer"), await enter(str(DORA), "customer")
    agent = await enter("ann")
    settings.CUSTOMER_INACTIVITY_SECONDS = 0.0

    server._watch_idle()

    assert await ended(carl, "customer") == "inactivity_timeout"
    assert [await client.nothing() for client in (dora, agent)] == [True, True]


async def test_a_customer_who_does_something_stays(
    server: Server, enter: Enter, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "in_conversation", lambda ids, since: set())
    active, idle = [await enter(str(CARL), "customer") for _ in range(2)]
    settings.CUSTOMER_INACTIVITY_SECONDS = 60
    for connection in server.hub.connections():
        connection.active_at -= 100
    await idle.call("ping")
    await active.call("say", {"text": "x", "groups": [9]})

    server._watch_idle()

    assert await ended(idle, "customer") == "inactivity_timeout"
    assert (await active.call("ping"))["success"] is True
