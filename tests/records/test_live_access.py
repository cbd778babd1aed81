"""Whoever loses a token, an application, a session or their place is off within a second.

What roles, suspensions and deletions do is told by ``tests/people/test_live_sessions.py``.
"""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect

from chatplatform.models import Customer, Organization, Visit
from chatplatform.requester import AgentRequester
from chatplatform.services import (
    agent_tokens,
    bans,
    customer_data,
    customer_tokens,
    installations,
    staff_sessions,
)
from chatplatform.session_store import SessionStore, stored_key
from tests import make
from tests.people.test_live_sessions import (
    Office,
    an_agent,
    ended,
)
from tests.people.test_live_sessions import office as office

pytestmark = pytest.mark.django_db(transaction=True)

MASK = "192.0.2.1"


async def a_customer(office: Office) -> tuple[Customer, str]:
    """Make a customer; return them with a token."""
    row = await office.do(lambda: make.customer(office.acme))
    return row, await office.do(lambda: make.customer_token(row))


async def a_boss(office: Office) -> AgentRequester:
    """Make an administrator; return them as services know who asks."""
    row, _ = await an_agent(office, "administrator")
    who: AgentRequester = await office.do(lambda: make.requester(row))
    return who


async def test_a_revoked_customer_token(office: Office) -> None:
    _, token = await a_customer(office)
    client = await office.enter(token, "customer")

    revoke = office.do(lambda: customer_tokens.revoke_customer_token(token))

    assert await ended(client, revoke, "customer") == "access_token_revoked"


async def test_a_revoked_personal_access_token(office: Office) -> None:
    row, _ = await an_agent(office)
    token = await office.do(lambda: make.pat(row))
    client = await connect(f"{office.address}/v3.6/agent/rtm/ws")
    office.sockets.append(client)
    answer = await office.ask(client, "login", {"token": make.basic(row, token), "pushes": {}})
    assert answer["success"], answer

    revoke = office.do(lambda: make.revoke_pat(token))

    assert await ended(client, revoke) == "access_token_revoked"


@pytest.mark.parametrize("api", ["agent", "customer"])
async def test_an_application_that_is_removed(office: Office, api: str) -> None:
    application = await office.do(lambda: make.application(office.acme, any_origin=True))
    row, _ = await an_agent(office)
    customer, _ = await a_customer(office)
    token = await office.do(
        lambda: (
            make.access_token(row, application=application)
            if api == "agent"
            else make.customer_token(customer, application)
        )
    )
    client = await office.enter(token, api)

    remove = office.do(lambda: installations.remove(office.acme, application))

    assert await ended(client, remove, api) == "access_token_revoked"


async def test_a_browser_session_that_is_ended(office: Office) -> None:
    row, _ = await an_agent(office)
    account = make.account(row)

    def sign_in() -> str:
        session = SessionStore()
        session["_auth_user_id"] = str(account.pk)
        session.create()
        issued = agent_tokens.issue_workspace_token(account, str(session.session_key))
        assert staff_sessions.living(account).filter(pk=stored_key(str(session.session_key)))
        return issued.token

    client = await office.enter(await office.do(sign_in))

    assert await ended(client, office.do(lambda: staff_sessions.end_all(account))) == (
        "access_token_revoked"
    )


@pytest.mark.parametrize("named_by", ["customer", "address"])
async def test_a_ban(office: Office, named_by: str) -> None:
    row, token = await a_customer(office)
    who = await a_boss(office)
    client = await office.enter(token, "customer")
    page = {"url": "https://shop.example/", "title": "Shop"}
    await office.ask(client, "update_customer_page", page)
    await office.do(lambda: Visit.objects.update(ip="93.184.216.34"))
    of = {"customer_id": str(row.pk)} if named_by == "customer" else {"ip": "93.184.216.34"}

    ban = office.do(lambda: bans.ban(who, seconds=60, **of))

    assert await ended(client, ban, "customer") == "customer_banned"


@pytest.mark.parametrize("masked", [False, True])
async def test_a_ban_of_the_address_a_socket_comes_from(office: Office, masked: bool) -> None:
    """Whatever address the visit is stored with."""
    if masked:
        mask = {"monitoring": {"ip_mask": MASK}}
        await office.do(lambda: Organization.objects.update(properties=mask))
    who = await a_boss(office)
    _, agents_token = await an_agent(office)
    at_work = await office.enter(agents_token)
    _, token = await a_customer(office)
    client = await office.enter(token, "customer")
    await office.do(lambda: Visit.objects.update(ip=MASK if masked else "93.184.216.34"))

    ban = office.do(lambda: bans.ban(who, seconds=60, ip="127.0.0.1"))

    assert await ended(client, ban, "customer") == "customer_banned"
    assert (await office.ask(at_work, "list_routing_statuses", {}))["success"]


async def test_an_erased_customer(office: Office) -> None:
    row, token = await a_customer(office)
    first = await office.enter(token, "customer")
    second = await office.enter(token, "customer")

    erase = office.do(lambda: customer_data.erase(office.acme.pk, str(row.pk)))

    assert await ended(first, erase, "customer") == "logged_out_remotely"
    assert await ended(second, _nothing(), "customer") == "logged_out_remotely"


async def _nothing() -> None:
    return
