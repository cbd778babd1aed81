"""What happens to people reaches their live sockets within a second.

Real sockets of the server process that production uses, real services, a real database.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
import pytest
import pytest_asyncio
import uvicorn
from channels.layers import InMemoryChannelLayer
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chatplatform.asgi import application
from chatplatform.models import Agent, Bot, Group, Organization
from chatplatform.services import (
    agent_tokens,
    agents,
    bot_tokens,
    bots,
    chats,
    customer_identities,
    groups,
)
from chatplatform.transports import server as servers
from chatplatform.transports.server import Server
from tests import make

pytestmark = pytest.mark.django_db(transaction=True)

WITHIN_SECONDS = 1.0


class Office:
    """A running server with an organisation in its database."""

    def __init__(self, server: Server, address: str) -> None:
        self.server = server
        self.address = address
        self.sockets: list[ClientConnection] = []
        self.acme: Organization
        self.sales: Group

    async def do(self, work: Callable[[], Any]) -> Any:
        """Do something on a database thread, as requests do."""
        return await self.server.database.run(work)

    async def enter(
        self, token: str, api: str = "agent", version: str = "3.6", **login: Any
    ) -> ClientConnection:
        """Log in on a new socket, subscribed to nothing unless asked for."""
        query = f"?organization_id={self.acme.id}" if api == "customer" else ""
        client = await connect(f"{self.address}/v{version}/{api}/rtm/ws{query}")
        self.sockets.append(client)
        login = {"token": f"Bearer {token}", "pushes": {}, **login}
        answer = await self.ask(client, "login", login)
        assert answer["success"], answer
        return client

    async def ask(self, client: ClientConnection, action: str, payload: Any) -> Any:
        """Call an action; pushes that come before the answer are passed over."""
        frame = {"request_id": "1", "action": action, "payload": payload}
        await client.send(orjson.dumps(frame).decode())
        while True:
            answer = orjson.loads(await client.recv())
            if answer["type"] == "response":
                return answer


@pytest_asyncio.fixture
async def office(settings: Any) -> AsyncIterator[Office]:
    """Serve on a free port of this machine."""
    settings.EMBEDDED_WORKER = False
    server = Server(InMemoryChannelLayer(capacity=1_000_000))
    servers._servers[asyncio.get_running_loop()] = server
    server.start()
    bound = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application, ws="websockets-sansio", lifespan="off", log_config=None)
    serving = uvicorn.Server(config)
    task = asyncio.create_task(serving._serve([bound]))
    made = Office(server, f"ws://127.0.0.1:{bound.getsockname()[1]}")
    made.acme = await made.do(make.organization)
    made.sales = await made.do(lambda: make.group(made.acme))
    yield made
    for client in made.sockets:
        await client.close()
    serving.should_exit = True
    await task
    await servers.stop()


async def told(client: ClientConnection, action: str, do: Awaitable[Any]) -> Any:
    """Do something; return the payload of the push it causes, which must come in time."""
    await do
    started = time.monotonic()
    async with asyncio.timeout(WITHIN_SECONDS):
        while True:
            frame = orjson.loads(await client.recv())
            if frame["action"] == action:
                break
    assert time.monotonic() - started < WITHIN_SECONDS
    return frame["payload"]


async def ended(client: ClientConnection, do: Awaitable[Any], api: str = "agent") -> str:
    """Do something; return the reason for which it ends a socket, which must close in time."""
    payload = await told(client, f"{api}_disconnected", do)
    with pytest.raises(ConnectionClosed):
        async with asyncio.timeout(WITHIN_SECONDS):
            await client.recv()
    reason: str = payload["reason"]
    return reason


async def an_agent(office: Office, role: str = "normal") -> tuple[Agent, str]:
    """Make an agent; return them with a token."""
    row = await office.do(lambda: make.agent(office.acme, role))
    return row, await office.do(lambda: make.access_token(row))


# --- agents -------------------------------------------------------------------------------------


async def test_groups(office: Office) -> None:
    row, token = await an_agent(office)
    boss, _ = await an_agent(office, "administrator")
    client = await office.enter(token, pushes={"3.6": ["incoming_chat"]})
    place = [{"id": office.sales.number, "priority": "normal"}]

    async def start() -> None:
        await office.do(
            lambda: agents.update_agent(office.acme.id, row.public_id, {"groups": place})
        )
        await office.do(lambda: make.chat(boss, groups=[office.sales.number]))

    payload = await told(client, "incoming_chat", start())

    assert payload["chat"]["access"] == {"group_ids": [office.sales.number]}


async def test_the_end_of_a_group(office: Office) -> None:
    row, token = await an_agent(office)
    await office.do(lambda: groups.add_group_member(office.sales, row))
    client = await office.enter(token, pushes={"3.6": ["group_deleted"]})

    gone = office.do(lambda: groups.delete_group(office.acme.id, office.sales.number))
    assert await told(client, "group_deleted", gone) == {"id": office.sales.number}

    (connection,) = office.server.hub.connections()
    assert connection.terms is not None
    for _ in range(100):
        if connection.terms.group_numbers == {0}:
            break
        await asyncio.sleep(0.01)
    assert connection.terms.group_numbers == {0}


@pytest.mark.parametrize(
    ("version", "reason"), [("3.5", "internal_error"), ("3.6", "role_permissions_changed")]
)
async def test_another_role(office: Office, version: str, reason: str) -> None:
    row, token = await an_agent(office)
    client = await office.enter(token, version=version)
    change = office.do(
        lambda: agents.update_agent(office.acme.id, row.public_id, {"role": "administrator"})
    )

    assert await ended(client, change) == reason


async def test_suspension(office: Office) -> None:
    row, token = await an_agent(office)
    first, second = await office.enter(token), await office.enter(token)
    suspend = office.do(lambda: agents.suspend_agent(office.acme.id, row.public_id))

    assert await ended(first, suspend) == "agent_disconnected_by_server"
    assert await ended(second, asyncio.sleep(0)) == "agent_disconnected_by_server"


async def test_deletion(office: Office) -> None:
    row, token = await an_agent(office)
    client = await office.enter(token)
    delete = office.do(lambda: agents.delete_agent(office.acme.id, row.public_id))

    assert await ended(client, delete) == "access_token_revoked"


async def test_revocation(office: Office) -> None:
    _, token = await an_agent(office)
    client = await office.enter(token)

    revoke = office.do(lambda: agent_tokens.revoke_access_token(token))

    assert await ended(client, revoke) == "access_token_revoked"


async def test_revocation_after_another_token_was_taken_up(office: Office) -> None:
    row, token = await an_agent(office)
    other = await office.do(lambda: make.access_token(row))
    client = await office.enter(token)
    answer = await office.ask(client, "update_session", {"token": f"Bearer {other}"})

    async def revoke() -> None:
        await office.do(lambda: agent_tokens.revoke_access_token(token))
        assert (await office.ask(client, "list_chats", {}))["success"] is True
        await office.do(lambda: agent_tokens.revoke_access_token(other))

    assert answer["success"] is True
    assert await ended(client, revoke()) == "access_token_revoked"


async def test_expiry(office: Office) -> None:
    row, _ = await an_agent(office)
    token = await office.do(lambda: make.access_token(row, expires_in=1))
    client = await office.enter(token)

    assert await ended(client, asyncio.sleep(1)) == "access_token_expired"


async def test_approval(office: Office) -> None:
    def waiting() -> Agent:
        return agents.create_agent(office.acme, "x@example.com", "X", awaiting_approval=True)

    row = await office.do(waiting)
    token = await office.do(lambda: make.access_token(row))
    client = await connect(f"{office.address}/v3.6/agent/rtm/ws")
    office.sockets.append(client)
    refused = await office.ask(client, "login", {"token": f"Bearer {token}"})

    await office.do(lambda: agents.approve_agent(office.acme.id, row.public_id))

    assert refused["payload"]["error"]["type"] == "requester_awaiting_approval"
    assert (await office.ask(client, "login", {"token": f"Bearer {token}"}))["success"] is True


# --- bots and customers -------------------------------------------------------------------------


async def test_the_end_of_a_bot(office: Office) -> None:
    made = await office.do(lambda: bots.create_bot(make.application(office.acme), "Robin"))
    bot = await office.do(lambda: Bot.objects.select_related("agent").get(agent=made.agent))
    issued = await office.do(lambda: bot_tokens.issue_bot_token(bot))
    client = await office.enter(issued.token)
    delete = office.do(lambda: bots.delete_bot(office.acme.id, made.agent.public_id))

    assert await ended(client, delete) == "access_token_revoked"


@pytest.mark.parametrize(
    ("version", "reason"), [("3.4", "access_token_revoked"), ("3.5", "logged_out_remotely")]
)
async def test_the_end_of_a_customers_identities(office: Office, version: str, reason: str) -> None:
    customer = await office.do(lambda: make.customer(office.acme))
    token = await office.do(lambda: make.customer_token(customer))
    client = await office.enter(token, "customer", version)

    leave = office.do(lambda: customer_identities.log_out(customer))

    assert await ended(client, leave, "customer") == reason


async def test_silence(office: Office, settings: Any) -> None:
    """Who talks stays, who lately talked as well; who does neither is let go."""
    clients = []
    for started, ended_again in ((True, False), (True, True), (False, False)):
        customer = await office.do(lambda: make.customer(office.acme))
        if started:
            chat = await office.do(lambda customer=customer: make.chat(customer))
            if ended_again:
                who = await office.do(lambda customer=customer: make.requester(customer))
                await office.do(lambda who=who, chat=chat: chats.deactivate_chat(who, chat.id))
        token = await office.do(lambda customer=customer: make.customer_token(customer))
        clients.append(await office.enter(token, "customer"))
    talks, talked, silent = clients
    for connection in office.server.hub.connections():
        connection.active_at -= 60
    settings.CUSTOMER_INACTIVITY_SECONDS = 60

    async def look() -> None:
        office.server._watch_idle()

    assert await ended(silent, look(), "customer") == "inactivity_timeout"
    for client in (talks, talked):
        assert (await office.ask(client, "ping", {}))["success"] is True


async def test_whoever_is_turned_away_too_often_is_told_to_wait(
    office: Office, settings: Any
) -> None:
    """A token that is good but must not be used gets no more attempts than a wrong one."""
    settings.ADDRESS_LIMIT_PER_SECOND, settings.ADDRESS_LIMIT_BURST = 0.01, 2
    ann = await office.do(lambda: make.agent(office.acme))
    bob = await office.do(lambda: make.agent(office.acme))
    anns = await office.do(lambda: make.access_token(ann))
    bobs = await office.do(lambda: make.access_token(bob))
    await office.do(lambda: agents.suspend_agent(office.acme.id, ann.public_id))
    client = await connect(f"{office.address}/v3.6/agent/rtm/ws")
    office.sockets.append(client)

    answers = [await office.ask(client, "login", {"token": f"Bearer {anns}"}) for _ in range(3)]

    assert [answer["payload"]["error"]["type"] for answer in answers] == [
        "requester_suspended",
        "requester_suspended",
        "too_many_requests",
    ]
    await office.enter(bobs)
