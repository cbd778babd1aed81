"""Subscriptions to customers: how many there are is told, and nobody is missed meanwhile."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import pytest

from agents.pushes import customers as customer_pushes
from chatplatform.api.context import CustomerSubscription, SessionTerms
from chatplatform.api.pushes import push
from chatplatform.domain_events.customers import CustomerLeft
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.selectors import monitoring
from chatplatform.transports.connection import Connection
from chatplatform.transports.server import Server
from tests.transports import fakes
from tests.transports.fakes import ORGANIZATION, until

SALES = 3


class Socket:
    """An agent's connection, and what it is sent."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.connection = Connection(self._send, api="agent", version="3.7")

    async def _send(self, message: dict[str, Any]) -> None:
        if "text" in message:
            self.frames.append(orjson.loads(message["text"]))

    @property
    def told(self) -> list[tuple[str, Any]]:
        """The pushes that came."""
        return [(frame["action"], frame["payload"]) for frame in self.frames]


def terms(name: str, **subscriptions: CustomerSubscription) -> SessionTerms:
    requester = fakes.agent(name, scopes=frozenset({"customers:ro"}))
    wanted = {"3.7": frozenset({"all"})}
    return SessionTerms(requester, wanted, frozenset({0}), subscriptions=subscriptions)


async def enter(server: Server, agreed: SessionTerms) -> Socket:
    socket = Socket()
    await server.hub.register(socket.connection, ORGANIZATION)
    server.hub.admit(socket.connection, agreed)
    return socket


def to_sales(limit: int) -> CustomerSubscription:
    return CustomerSubscription(frozenset({SALES}), limit)


def left(customer_id: str) -> CustomerLeft:
    """Return that a customer left the pages of Sales."""
    return CustomerLeft(
        organization_id=str(ORGANIZATION),
        customer_id=customer_id,
        online=True,
        state="browsing",
        group_id=SALES,
        chat_group_ids=[],
        agent_ids=[],
        follower_ids=[],
        reader_group_ids=[],
        reader_ids=[],
        left_at=fakes.LONG_AGO,
    )


@pytest.fixture(autouse=True)
def _real_pushes(service: fakes.Service) -> None:
    """Put the real pushes into the test's registry."""
    push("agent", "customer_left")(customer_pushes.customer_left)
    push("agent", "subscribed_customers_totals_updated", since="3.6")(
        customer_pushes.subscribed_customers_totals_updated
    )


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let there be five customers on the pages of Sales; return what was asked for."""
    asked: list[Any] = []

    def count(
        wanted: Iterable[tuple[UUID, frozenset[int]]],
    ) -> dict[tuple[UUID, frozenset[int]], int]:
        wanted = list(wanted)
        asked.append(wanted)
        return dict.fromkeys(wanted, 5)

    monkeypatch.setattr(monitoring, "counts_online", count)
    return asked


# --- totals -------------------------------------------------------------------------------------


async def test_a_subscription_over_its_limit_is_told_how_many_there_are(
    server: Server, counted: list[Any]
) -> None:
    many = await enter(server, terms("ann", small=to_sales(2), large=to_sales(100)))
    enough = await enter(server, terms("ann", large=to_sales(5)))
    none = await enter(server, terms("bob"))

    server._count()
    await until(lambda: bool(many.frames))

    assert many.told == [("subscribed_customers_totals_updated", {"small": 5})]
    assert many.frames[0]["version"] == "3.7"
    assert (enough.frames, none.frames) == ([], [])
    assert counted == [[(ORGANIZATION, frozenset({SALES}))]]


async def test_nobody_is_counted_for_nobody(server: Server, counted: list[Any]) -> None:
    await enter(server, terms("bob"))

    server._count()

    assert counted == []
    assert server._counting is False


async def test_counting_goes_on_after_a_failure(
    server: Server, counted: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await enter(server, terms("ann", small=to_sales(2)))

    def fail(wanted: Any) -> Any:
        raise RuntimeError("no database")

    with monkeypatch.context() as broken:
        broken.setattr(monitoring, "counts_online", fail)
        server._count()
        await until(lambda: not server._counting)

    server._count()
    await until(lambda: bool(ann.frames))
    assert ann.told == [("subscribed_customers_totals_updated", {"small": 5})]


# --- while subscribing ----------------------------------------------------------------------------


async def test_what_happens_while_subscribing_is_not_missed(server: Server) -> None:
    ann = await enter(server, terms("ann"))

    server.hub.hold(ann.connection)
    server.hub._deliver(left("meanwhile"), None)
    server.hub.admit(ann.connection, terms("ann", small=to_sales(2)))
    server.hub._deliver(left("later"), None)

    await until(lambda: len(ann.frames) == 2)
    assert [payload["id"] for _, payload in ann.told] == ["meanwhile", "later"]


async def test_a_subscription_that_fails_leaves_all_as_it_was(server: Server) -> None:
    ann = await enter(server, terms("ann"))

    server.hub.hold(ann.connection)
    server.hub._deliver(left("meanwhile"), None)
    server.hub.let_go(ann.connection)
    server.hub.admit(ann.connection, terms("ann", small=to_sales(2)))
    server.hub._deliver(left("later"), None)

    await until(lambda: bool(ann.frames))
    assert [payload["id"] for _, payload in ann.told] == ["later"]


async def test_a_session_that_ends_while_subscribing_ends(server: Server) -> None:
    ann = await enter(server, terms("ann"))

    server.hub.hold(ann.connection)
    ended = SessionsEnded(
        organization_id=str(ORGANIZATION), user_id="ann", reason="access_token_revoked"
    )
    organization = server.hub._organizations[str(ORGANIZATION)]
    server.hub._happened(organization, ended, None)
    server.hub.admit(ann.connection, terms("ann", small=to_sales(2)))

    await until(lambda: bool(ann.frames))
    assert ann.told == [("agent_disconnected", {"reason": "access_token_revoked"})]
    assert server.hub.subscribers() == []
