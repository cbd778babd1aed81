"""What happens to applications and personal access tokens reaches live sockets within a second."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect

from chatplatform.models import Application, Bot, PersonalAccessToken
from chatplatform.services import (
    applications,
    bot_tokens,
    bots,
    installations,
    personal_access_tokens,
)
from tests import make
from tests.people.test_live_sessions import Office, an_agent, ended, office

__all__ = ["office"]

pytestmark = pytest.mark.django_db(transaction=True)


async def a_shop(office: Office) -> Application:
    return await office.do(
        lambda: (
            applications.create_application(
                office.acme, "Shop", scopes=["chats--all:ro"]
            ).application
        )
    )


async def test_removing_an_application_ends_its_peoples_customers_and_bots(office: Office) -> None:
    shop = await a_shop(office)
    row, others = await an_agent(office)
    token = await office.do(lambda: make.access_token(row, application=shop))
    customer = await office.do(lambda: make.customer(office.acme))
    customers = await office.do(lambda: make.customer_token(customer, shop))
    robin = await office.do(lambda: bots.create_bot(shop, "Robin").agent)
    bot = await office.do(lambda: Bot.objects.select_related("agent", "owner").get(agent=robin))
    bots_token = await office.do(lambda: bot_tokens.issue_bot_token(bot).token)
    other = await office.do(lambda: make.application(office.acme))
    another = await office.do(lambda: make.access_token(row, application=other))
    by_agent = await office.enter(token)
    by_bot = await office.enter(bots_token)
    by_customer = await office.enter(customers, "customer")
    staying = await office.enter(another)

    async def remove() -> None:
        await office.do(lambda: installations.remove(office.acme, shop))

    async def nothing() -> None:
        return None

    assert await ended(by_agent, remove()) == "access_token_revoked"
    assert await ended(by_bot, nothing()) == "access_token_revoked"
    assert await ended(by_customer, nothing(), "customer") == "access_token_revoked"
    assert (await office.ask(staying, "list_chats", {}))["success"] is True
    assert others


@pytest.mark.parametrize(
    ("version", "reason"), [("3.5", "internal_error"), ("3.6", "role_permissions_changed")]
)
async def test_narrower_scopes_let_agents_log_in_again_with_less(
    office: Office, version: str, reason: str
) -> None:
    shop = await a_shop(office)
    row, _ = await an_agent(office, "administrator")
    token = await office.do(
        lambda: make.access_token(row, ["chats--all:ro", "agents--all:ro"], shop)
    )
    customer = await office.do(lambda: make.customer(office.acme))
    customers = await office.do(lambda: make.customer_token(customer, shop))
    by_agent = await office.enter(token, version=version)
    by_customer = await office.enter(customers, "customer")

    async def narrow() -> None:
        await office.do(
            lambda: applications.update_application(
                office.acme.pk, shop.client_id, scopes=["chats--access:ro"]
            )
        )

    assert await ended(by_agent, narrow()) == reason
    again = await office.enter(token)
    assert (await office.ask(again, "list_chats", {}))["success"] is True
    refused = await office.ask(again, "list_routing_statuses", {})
    assert refused["payload"]["error"]["type"] == "authorization"
    assert (await office.ask(by_customer, "list_chats", {}))["success"] is True


async def test_revoking_a_personal_access_token(office: Office) -> None:
    row, _ = await an_agent(office)
    who = await office.do(lambda: make.requester(row))
    made = await office.do(
        lambda: personal_access_tokens.create(who, "Script", ["chats--my:ro", "agents--my:ro"])
    )
    pair = base64.b64encode(f"{row.account_id}:{made.token}".encode()).decode()
    client = await connect(f"{office.address}/v3.6/agent/rtm/ws")
    office.sockets.append(client)
    frame: dict[str, Any] = {"action": "login", "payload": {"token": f"Basic {pair}", "pushes": {}}}
    await client.send(orjson.dumps({"request_id": "1", **frame}).decode())
    assert orjson.loads(await client.recv())["success"] is True

    async def revoke() -> None:
        await office.do(lambda: personal_access_tokens.revoke_own(who, made.row.pk))

    assert await ended(client, revoke()) == "access_token_revoked"
    assert await office.do(PersonalAccessToken.objects.count) == 0
