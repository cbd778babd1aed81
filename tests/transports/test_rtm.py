"""The life of an RTM connection: handshake, login, requests, pushes, the end (protocol.md 3)."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from django.db import OperationalError

from chatplatform import clock
from chatplatform.api import versions
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.models import Organization
from chatplatform.selectors import organizations
from chatplatform.transports.publish import publish
from chatplatform.transports.server import Server
from tests.rtm import Client
from tests.transports import fakes
from tests.transports.conftest import Enter
from tests.transports.fakes import Service, until

CUSTOMER = uuid.uuid4()
NOBODYS = uuid.UUID(int=1)
"""An organisation that does not exist."""
HERE = f"organization_id={fakes.ORGANIZATION}"


@pytest_asyncio.fixture
async def socket(server: Server) -> AsyncIterator[Client]:
    """Give an agent's open connection that has not logged in."""
    client = await Client("agent", "3.6").open()
    yield client
    client.drop()


def renewed(server: Server, service: Service) -> bool:
    """Tell whether leases were renewed, and the server knows whose."""
    return bool(service.renewed) and not server._renewing


def error(frame: Any) -> str:
    """Return the type of the error in a response."""
    assert frame is not None
    assert (frame["type"], frame["success"]) == ("response", False), frame
    kind: str = frame["payload"]["error"]["type"]
    return kind


# --- handshake --------------------------------------------------------------------------------


@pytest.mark.parametrize("version", versions.VERSIONS)
@pytest.mark.parametrize("api", ["agent", "customer"])
async def test_the_handshake_says_how_old_the_version_is(
    server: Server, api: str, version: str
) -> None:
    client = await Client(api, version, HERE).open()

    assert client.accepted == {
        name.lower(): value for name, value in versions.lifecycle_headers(version).items()
    }
    client.drop()


@pytest.mark.parametrize("api", ["agent", "customer"])
async def test_an_unknown_version_is_told_so_and_closed(server: Server, api: str) -> None:
    client = await Client(api, "9.9", HERE).open()

    assert await client.receive() == {
        "version": versions.NEWEST,
        "action": f"{api}_disconnected",
        "type": "push",
        "payload": {"reason": "unsupported_version"},
    }
    assert await client.receive() is None


@pytest.mark.parametrize(
    "query", ["", "organization_id=", "organization_id=abc", f"organization_id={NOBODYS}"]
)
async def test_a_customers_connection_needs_an_existing_organization(
    server: Server, query: str
) -> None:
    client = await Client("customer", "3.5", query).open()

    assert await client.receive() == {
        "version": "3.5",
        "action": "customer_disconnected",
        "type": "push",
        "payload": {"reason": "license_not_found"},
    }
    assert await client.receive() is None


async def test_a_customer_is_asked_to_come_again_while_the_database_is_away(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(organization_id: uuid.UUID) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(organizations, "by_id", away)
    client = await Client("customer", "3.6", HERE).open()

    frame = await client.receive()

    assert frame is not None
    assert frame["payload"] == {"reason": "service_temporarily_unavailable"}
    assert await client.receive() is None
    assert client.close_code == 4012


# --- before login -----------------------------------------------------------------------------


async def test_ping_is_answered_before_and_after_login(socket: Client) -> None:
    before = await socket.call("ping")
    await socket.call("login", {"token": "ann"})
    after = await socket.call("ping")

    assert (before["success"], before["payload"]) == (True, {})
    assert (after["success"], after["payload"]) == (True, {})


async def test_any_other_action_needs_a_login(socket: Client, service: Service) -> None:
    assert error(await socket.call("say", {"text": "x"})) == "authentication"
    assert service.contexts == []


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({}, "validation"),
        ({"token": 5}, "validation"),
        ({"token": ""}, "validation"),
        ([], "validation"),
        ({"token": "nobody"}, "authentication"),
    ],
)
async def test_a_refused_login_leaves_the_connection_open_for_another(
    socket: Client, payload: Any, kind: str
) -> None:
    refused = await socket.call("login", payload)
    welcome = await socket.call("login", {"token": "ann"})

    assert error(refused) == kind
    assert welcome["payload"] == {"welcome": "ann"}


async def test_who_does_not_log_in_in_time_is_disconnected(server: Server, settings: Any) -> None:
    settings.RTM_LOGIN_DEADLINE_SECONDS = 0.0
    late = await Client("agent", "3.4").open()

    frame = await late.receive()

    assert frame is not None
    assert (frame["action"], frame["payload"]) == (
        "agent_disconnected",
        {"reason": "connection_timeout"},
    )
    assert await late.receive() is None


async def test_an_agents_organization_in_the_url_must_be_the_tokens(server: Server) -> None:
    elsewhere = await Client("agent", "3.6", f"organization_id={uuid.uuid4()}").open()
    here = await Client("agent", "3.6", HERE).open()

    assert error(await elsewhere.call("login", {"token": "ann"})) == "authentication"
    assert (await here.call("login", {"token": "ann"}))["success"] is True
    elsewhere.drop()
    here.drop()


# --- requests ---------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", ["nonsense", "[]", '{"action":5}', b"\x00\x01", b'{"a":1}'])
async def test_nothing_a_client_sends_closes_its_socket(enter: Enter, frame: Any) -> None:
    client = await enter()

    await client.send(frame)
    answer = await client.receive()

    assert error(answer) == "validation"
    assert (await client.call("ping"))["success"] is True


async def test_an_unexpected_failure_is_internal_and_tells_nothing(enter: Enter) -> None:
    client = await enter()

    answer = await client.call("crash")

    assert error(answer) == "internal"
    assert "secret" not in str(answer)


async def test_an_answer_that_is_no_json_is_internal_and_the_next_request_is_served(
    enter: Enter,
) -> None:
    client = await enter()

    refused = await client.call("mumble")
    served = await client.call("say", {"text": "x", "groups": [9]})

    assert error(refused) == "internal"
    assert served["success"] is True


async def test_an_unknown_action_is_not_found(enter: Enter) -> None:
    client = await enter()

    answer = await client.call("dance")

    assert error(answer) == "not_found"
    assert answer["payload"]["error"]["message"].startswith("unknown action")


async def test_a_request_may_ask_for_a_newer_version_and_never_for_an_older(enter: Enter) -> None:
    client = await enter(version="3.6")

    newer = await client.call("newest", version="3.7")
    own = await client.call("newest")
    older = await client.call("ping", version="3.5")
    unknown = await client.call("newest", version="9.9")

    assert newer["payload"] == {"version": "3.7"}
    assert error(own) == "not_found"
    assert error(older) == "unsupported_version"
    assert error(unknown) == "unsupported_version"


async def test_a_second_login_is_refused_and_the_first_stays(enter: Enter) -> None:
    client = await enter("ann")

    refused = await client.call("login", {"token": "bob"})
    publish([fakes.said(present=["ann"], groups=[])])
    push = await client.receive()

    assert error(refused) == "validation"
    assert push is not None
    assert push["action"] == "incoming_event"


async def test_requests_of_a_connection_are_served_in_order_and_pings_overtake(
    enter: Enter, service: Service
) -> None:
    client = await enter()
    asked = [await client.ask("wait", {"name": name}) for name in ("a", "b", "c")]

    pong = await client.call("ping")
    service.gate.set()
    answers = [await client.receive() for _ in asked]

    assert pong["success"] is True
    assert [answer and answer["request_id"] for answer in answers] == asked
    assert service.served == ["a", "b", "c"]


async def test_the_eleventh_pending_request_is_refused_at_once(
    enter: Enter, service: Service
) -> None:
    client = await enter()
    asked = [await client.ask("wait", {"name": str(number)}) for number in range(10)]

    refused = await client.call("wait", {"name": "10"})
    service.gate.set()
    answers = [await client.receive() for _ in asked]
    again = await client.call("wait", {"name": "11"})

    assert error(refused) == "pending_requests_limit_reached"
    assert [answer and answer["success"] for answer in answers] == [True] * 10
    assert again["success"] is True
    assert service.served == [str(number) for number in (*range(10), 11)]


async def test_a_call_knows_its_client(server: Server, service: Service, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    headers = {
        "host": "chat.example",
        "user-agent": "Browser",
        "x-forwarded-for": "6.6.6.6, 203.0.113.9",
        "x-forwarded-proto": "https",
    }
    client = await Client("customer", "3.5", f"{HERE}&x=1", **headers).open()

    await client.call("login", {"token": str(CUSTOMER)}, request_id="one")

    (ctx,) = service.contexts
    assert (ctx.address, ctx.user_agent, ctx.base_url) == (
        "203.0.113.9",
        "Browser",
        "https://chat.example",
    )
    assert ctx.query == {"organization_id": str(fakes.ORGANIZATION), "x": "1"}
    assert (ctx.version, ctx.transport, ctx.request_id) == ("3.5", "rtm", "one")
    assert ctx.connection_id
    client.drop()


# --- time-outs --------------------------------------------------------------------------------


async def test_a_request_that_takes_too_long_is_given_up_with_those_behind_it(
    enter: Enter, service: Service, settings: Any
) -> None:
    client = await enter()
    settings.REQUEST_TIMEOUT_SECONDS = 0.05
    asked = [await client.ask("wait", {"name": name}) for name in ("a", "b")]

    answers = [await client.receive() for _ in asked]
    settings.REQUEST_TIMEOUT_SECONDS = 15
    later = await client.ask("wait", {"name": "c"})
    service.gate.set()
    answer = await client.receive()

    assert [error(answer) for answer in answers] == ["request_timeout"] * 2
    assert answer is not None
    assert (answer["request_id"], answer["success"]) == (later, True)
    assert service.served == ["c"]
    assert await client.nothing()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("committing")
@pytest.mark.parametrize(("seconds", "in_time"), [(0.2, False), (15, True)])
async def test_a_timed_out_change_is_rolled_back_and_nobody_is_told(
    enter: Enter, server: Server, service: Service, settings: Any, seconds: float, in_time: bool
) -> None:
    service.requesters["boss"] = fakes.agent("boss", scopes=frozenset({"agents--all:ro"}))
    client, boss = await enter("ann"), await enter("boss")
    service.state_read.clear()
    settings.REQUEST_TIMEOUT_SECONDS = seconds

    await client.ask("found", {"name": "Acme"})
    await asyncio.to_thread(service.state_read.wait, 5)
    if in_time:
        service.gate.set()
    answer = await client.receive()
    service.gate.set()
    stored = await server.database.run(Organization.objects.filter(name="Acme").exists)
    told = not await boss.nothing(0.3)

    assert answer is not None
    assert answer["success"] is in_time
    assert in_time or error(answer) == "request_timeout"
    assert stored is in_time
    assert told is in_time


# --- pushes -----------------------------------------------------------------------------------


async def test_the_answer_comes_before_the_push_and_only_the_cause_gets_the_request_id(
    enter: Enter,
) -> None:
    author = await enter(str(CUSTOMER), "customer", "3.5")
    agent = await enter("ann", "agent", "3.6")

    request_id = await author.ask("say", {"text": "hi", "present": [str(CUSTOMER)]})
    answer, own, told = await author.receive(), await author.receive(), await agent.receive()

    payload = {"chat_id": "CHAT", "sequence": 1, "event": {"text": "hi"}}
    assert answer == {
        "request_id": request_id,
        "action": "say",
        "type": "response",
        "success": True,
        "payload": {"sequence": 1},
    }
    assert own == {
        "version": "3.5",
        "request_id": request_id,
        "action": "incoming_event",
        "type": "push",
        "payload": payload,
    }
    assert told == {
        "version": "3.6",
        "action": "incoming_event",
        "type": "push",
        "payload": payload,
    }


async def test_another_connection_of_the_author_gets_the_push_without_the_request_id(
    enter: Enter,
) -> None:
    first = await enter("ann")
    second = await enter("ann")

    await first.ask("say", {"text": "hi"})
    push = await second.receive()

    assert push is not None
    assert push["action"] == "incoming_event"
    assert "request_id" not in push


# --- login ------------------------------------------------------------------------------------


async def test_what_happens_while_a_login_reads_its_state_comes_after_the_answer(
    socket: Client, service: Service
) -> None:
    service.state_gate.clear()
    login = await socket.ask("login", {"token": "ann"})
    await asyncio.to_thread(service.state_read.wait, 5)
    publish([fakes.said("one", sequence=1), fakes.said("two", sequence=2)])
    publish([fakes.said("secret", chat="HIDDEN", groups=[7])])
    early = await socket.nothing()
    service.state_gate.set()

    answer, one, two = [await socket.receive() for _ in range(3)]

    assert early is True
    assert answer is not None
    assert (answer["request_id"], answer["payload"]) == (login, {"welcome": "ann"})
    assert [push and push["payload"]["event"]["text"] for push in (one, two)] == ["one", "two"]
    assert await socket.nothing()


async def test_a_session_ended_during_its_login_does_not_begin(
    socket: Client, service: Service
) -> None:
    service.state_gate.clear()
    await socket.ask("login", {"token": "ann"})
    await asyncio.to_thread(service.state_read.wait, 5)
    ended = SessionsEnded(
        organization_id=str(fakes.ORGANIZATION),
        reason="access_token_revoked",
        token_checksum="checksum of ann",
    )
    publish([ended])
    await asyncio.sleep(0.1)
    service.state_gate.set()

    answer, push, close = [await socket.receive() for _ in range(3)]

    assert answer is not None
    assert answer["success"] is True
    assert push is not None
    assert push["payload"] == {"reason": "access_token_revoked"}
    assert close is None


# --- the end ----------------------------------------------------------------------------------


async def test_logout_is_answered_then_the_socket_closes(enter: Enter) -> None:
    client = await enter()

    answer = await client.call("logout")

    assert answer["payload"] == {}
    assert await client.receive() is None
    assert client.close_code == 1000


async def test_an_expired_token_ends_the_connection(enter: Enter, service: Service) -> None:
    soon = clock.now() + timedelta(seconds=1)
    service.requesters["ann"] = fakes.agent("ann", expires_at=soon)
    client = await enter("ann")

    frame = await client.receive()

    assert frame is not None
    assert frame["payload"] == {"reason": "access_token_expired"}
    assert await client.receive() is None
    assert clock.now() >= soon


async def test_a_stopping_server_sends_everybody_away_with_a_reason_to_come_again(
    server: Server, enter: Enter
) -> None:
    agent = await enter("ann")
    customer = await enter(str(CUSTOMER), "customer", "3.4")
    waiting = await Client("agent", "3.5").open()

    server.say_goodbye()
    frames = [await client.receive() for client in (agent, customer, waiting)]
    late = await Client("agent", "3.6").open()

    assert [frame and frame["payload"] for frame in frames] == [
        {"reason": "internal_error"},
        {"reason": "service_temporarily_unavailable"},
        {"reason": "internal_error"},
    ]
    assert [await client.receive() for client in (agent, customer, waiting)] == [None] * 3
    assert agent.close_code == 4012
    turned_away = await late.receive()
    assert turned_away is not None
    assert turned_away["payload"] == {"reason": "internal_error"}


async def test_leases_are_renewed_while_connected_and_dropped_when_gone(
    server: Server, enter: Enter, service: Service
) -> None:
    client = await enter("ann")
    (ctx,) = service.contexts
    server._renew()
    await until(lambda: renewed(server, service))

    await client.leave()
    server._drop()
    server._renew()
    await until(lambda: bool(service.dropped))
    await asyncio.sleep(0.05)

    assert service.renewed == [{ctx.connection_id}]
    assert service.dropped == [ctx.connection_id]


async def test_who_lost_their_lease_must_come_again_and_others_stay(
    server: Server, enter: Enter, service: Service
) -> None:
    ann, bob = await enter("ann"), await enter("bob")
    service.lost.add(service.contexts[0].connection_id)

    server._renew()
    await until(lambda: renewed(server, service))
    assert await ann.nothing()
    server._renew()

    told = await ann.receive()
    assert told is not None
    assert (told["action"], told["payload"]) == (
        "agent_disconnected",
        {"reason": "internal_error"},
    )
    assert await ann.receive() is None
    assert (await bob.call("ping"))["success"]
    assert fakes.users(server) == {"bob"}


async def test_a_lease_nobody_is_connected_to_is_let_run_out(
    server: Server, enter: Enter, service: Service
) -> None:
    await enter("ann")
    service.contexts.append(replace(service.contexts[0], connection_id="nobody"))

    server._renew()
    await until(lambda: renewed(server, service))
    server._drop()
    await until(lambda: bool(service.dropped))

    assert service.dropped == ["nobody"]
    assert fakes.users(server) == {"ann"}


async def test_a_login_that_ends_after_its_socket_leaves_no_lease_and_no_trace(
    server: Server, socket: Client, service: Service
) -> None:
    service.state_gate.clear()
    await socket.ask("login", {"token": "ann"})
    await asyncio.to_thread(service.state_read.wait, 5)
    (ctx,) = service.contexts
    await socket.leave()

    def dropped() -> bool:
        server._drop()
        return bool(service.dropped)

    service.state_gate.set()
    await until(dropped)
    await asyncio.sleep(0.05)

    assert service.dropped == [ctx.connection_id]
    assert fakes.users(server) == set()
