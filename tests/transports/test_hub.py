"""The hub: who is told, in which shape, and what happens when something may have been missed."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

import orjson
import pytest
import pytest_asyncio

from chatplatform import clock
from chatplatform.api.context import SessionTerms
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.events import EventAppended
from chatplatform.domain_events.routing import RoutingStatusSet
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.requester import Requester
from chatplatform.selectors import chats
from chatplatform.transports import envelopes, hub
from chatplatform.transports import server as servers
from chatplatform.transports.connection import Connection
from chatplatform.transports.envelopes import Origin
from chatplatform.transports.publish import publish
from chatplatform.transports.server import Server
from tests.transports import fakes
from tests.transports.fakes import ORGANIZATION, Service, said, terms, until

CUSTOMER = uuid.uuid4()
OTHER_CUSTOMER = uuid.uuid4()


class Socket:
    """A connection logged in at a hub, and the frames that left it."""

    def __init__(self, server: Server, api: str, version: str) -> None:
        self.server = server
        self.messages: list[dict[str, Any]] = []
        self.connection = Connection(self._send, api=api, version=version)

    async def _send(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    async def log_in(self, agreed: SessionTerms) -> "Socket":
        """Register and be admitted."""
        await self.server.hub.register(self.connection, agreed.requester.organization_id)
        self.server.hub.admit(self.connection, agreed)
        return self

    @property
    def frames(self) -> list[dict[str, Any]]:
        """Return what was sent."""
        return [orjson.loads(sent["text"]) for sent in self.messages if "text" in sent]

    @property
    def told(self) -> list[str]:
        """Return the texts of the chat events that came."""
        return [
            frame["payload"]["event"]["text"]
            for frame in self.frames
            if frame["action"] == "incoming_event"
        ]

    @property
    def reasons(self) -> list[str]:
        """Return the reasons of disconnects that came."""
        return [
            frame["payload"]["reason"]
            for frame in self.frames
            if frame["action"].endswith("_disconnected")
        ]

    @property
    def closed(self) -> bool:
        """Tell whether the socket was closed."""
        return any(message["type"] == "websocket.close" for message in self.messages)


async def agent(
    server: Server, name: str = "ann", *versions: str, groups: Iterable[int] = (0,), **more: Any
) -> Socket:
    """Log an agent in; ``more`` goes to the requester."""
    requester = fakes.agent(name, **more)
    return await Socket(server, "agent", "3.6").log_in(terms(requester, *versions, groups=groups))


async def customer(server: Server, customer_id: uuid.UUID = CUSTOMER, **more: Any) -> Socket:
    """Log a customer in."""
    requester: Requester = fakes.customer(customer_id, **more)
    return await Socket(server, "customer", "3.6").log_in(terms(requester))


async def settle(*servers: Server) -> None:
    """Let everything ``servers`` have published arrive; without any, wait a moment."""
    for made in servers * 2:
        for organization in list(made.hub._organizations.values()):
            number = made.publisher.beat(organization.id)
            for _ in range(1000):
                if organization.heard.get(made.publisher.process, (0,))[0] >= number:
                    break
                await asyncio.sleep(0.005)
            else:
                raise AssertionError("a beat did not come back")
    await asyncio.sleep(0.05 if not servers else 0.01)


@pytest_asyncio.fixture
async def peer(layer: Any) -> AsyncIterator[Server]:
    """Run a second server process on the same layer."""
    made = Server(layer, process="peer")
    yield made
    await made.stop()


# --- audience ---------------------------------------------------------------------------------


async def test_a_chats_push_reaches_who_takes_part_and_agents_with_access(server: Server) -> None:
    member = await agent(server, "member", groups=[0])
    colleague = await agent(server, "colleague", groups=[0, 3])
    stranger = await agent(server, "stranger", groups=[0, 4])
    supervisor = await agent(server, "supervisor", groups=[0], scopes=frozenset({"chats--all:ro"}))
    author = await customer(server)
    other = await customer(server, OTHER_CUSTOMER)

    server.publisher.publish([said(present=["member", str(CUSTOMER)], groups=[3])])
    await settle(server)

    reached = [socket for socket in (member, colleague, supervisor, author) if socket.told]
    assert reached == [member, colleague, supervisor, author]
    assert (stranger.told, other.told) == ([], [])


async def test_an_applications_own_properties_reach_its_clients_only(server: Server) -> None:
    shops = await agent(server, "ann", client_id="shop")
    others = await agent(server, "bob", client_id="other")
    event = said(present=["ann", "bob"])
    record = {**event.event, "properties": {"test": {"int_property": 1}}}
    record["_own"] = {"shop": {"plan": "gold"}}

    server.publisher.publish([replace(event, event=record)])
    await settle(server)

    def seen(socket: Socket) -> Any:
        (frame,) = socket.frames
        return frame["payload"]["event"]

    assert seen(shops)["properties"] == {"test": {"int_property": 1}, "shop": {"plan": "gold"}}
    assert seen(others)["properties"] == {"test": {"int_property": 1}}
    assert "_own" not in {**seen(shops), **seen(others)}


async def test_a_push_is_encoded_once_for_all_who_see_the_same(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ann", "bob", "eve"):
        await agent(server, name, client_id="other")
    for name in ("dan", "fay"):
        await agent(server, name, client_id="shop")
    encoded = []
    monkeypatch.setattr(
        hub.frames, "encoded", lambda payload: encoded.append(payload) or orjson.dumps(payload)
    )
    event = said(present=["ann", "bob", "eve", "dan", "fay"])

    server.publisher.publish([event])
    await settle(server)
    assert len(encoded) == 1

    own = {**event.event, "_own": {"shop": {"plan": "gold"}}}
    server.publisher.publish([replace(event, event=own, sequence=2)])
    await settle(server)
    assert len(encoded) == 3


async def test_nobody_of_another_organization_is_told(server: Server) -> None:
    elsewhere = uuid.uuid4()
    here = await agent(server, "ann")
    there = await agent(server, "ann", organization_id=elsewhere)

    server.publisher.publish([said("here"), said("there", organization=elsewhere)])
    await settle(server)

    assert (here.told, there.told) == (["here"], ["there"])


async def test_a_missing_scope_silences_pushes_for_members_too(server: Server) -> None:
    @push("agent", "chat_push")
    def chat_push(event: EventAppended) -> Push:
        chats = frozenset({"chats--access:ro"})
        return Push({}, Reach.USERS, frozenset(event.participants), scopes=chats)

    reader = await agent(server, "ann")
    silent = await agent(server, "bob", scopes=frozenset({"agents--all:ro"}))

    server.publisher.publish([said(present=["ann", "bob"], groups=[9])])
    await settle(server)

    came = [[frame["action"] for frame in socket.frames] for socket in (reader, silent)]
    assert came == [["incoming_event", "chat_push"], ["incoming_event"]]


async def test_a_scope_silences_pushes_except_about_oneself(server: Server) -> None:
    @push("agent", "private")
    def private(event: RoutingStatusSet) -> Push:
        scopes = frozenset({"agents--all:ro"})
        return Push({}, Reach.EVERYONE, frozenset({event.agent_id}), scopes=scopes)

    allowed = await agent(server, "boss", scopes=frozenset({"agents--all:ro"}))
    silent = await agent(server, "ann")
    oneself = await agent(server, "bob")
    told = RoutingStatusSet(organization_id=str(ORGANIZATION), agent_id="bob", status="offline")

    server.publisher.publish([told])
    await settle(server)

    assert [len(socket.frames) for socket in (allowed, silent, oneself)] == [2, 0, 1]


@pytest.mark.parametrize(
    ("kind", "caused", "expected"),
    [
        ({"to_requester_only": True}, True, ["first"]),
        ({"to_requester_only": True}, False, ["first", "second", "bob"]),
        ({"except_requester": True}, True, ["second", "bob"]),
        ({"except_requester": True}, False, ["first", "second", "bob"]),
    ],
)
async def test_a_push_may_be_for_the_causing_connection_or_for_all_others(
    server: Server, peer: Server, kind: dict[str, bool], caused: bool, expected: list[str]
) -> None:
    @push("agent", "special")
    def special(event: EventAppended) -> Push:
        return Push({}, Reach.AGENTS, **kind)

    sockets = {
        "first": await agent(server, "ann"),
        "second": await agent(server, "ann"),
        "bob": await agent(peer, "bob"),
    }
    origin = Origin(sockets["first"].connection.id, "r") if caused else None

    server.publisher.publish([said(groups=[9])], origin)
    await settle(server, peer)

    reached = [
        name
        for name, socket in sockets.items()
        if [frame for frame in socket.frames if frame["action"] == "special"]
    ]
    assert reached == expected


# --- versions ---------------------------------------------------------------------------------


async def test_a_push_comes_once_in_every_version_that_asked_for_it_and_knows_it(
    server: Server,
) -> None:
    scopes = frozenset({"agents--all:ro"})
    requester = fakes.agent("ann", scopes=scopes)
    wanted = {
        "3.4": frozenset({"all"}),
        "3.5": frozenset({"routing_status_set"}),
        "3.6": frozenset({"routing_status_set"}),
        "3.7": frozenset({"incoming_event", "routing_status_set"}),
    }
    agreed = SessionTerms(requester, wanted, frozenset({0}))
    socket = await Socket(server, "agent", "3.4").log_in(agreed)
    status = RoutingStatusSet(organization_id=str(ORGANIZATION), agent_id="ann", status="offline")

    server.publisher.publish([said(), status])
    await settle(server)

    assert [(frame["action"], frame["version"]) for frame in socket.frames] == [
        ("incoming_event", "3.4"),
        ("incoming_event", "3.7"),
        ("routing_status_set", "3.6"),
        ("routing_status_set", "3.7"),
    ]


async def test_a_failing_translator_stops_no_other_push(
    server: Server, monkeypatch: pytest.MonkeyPatch, service: Service
) -> None:
    @push("agent", "broken")
    def broken(event: EventAppended) -> Push:
        raise LookupError

    socket = await agent(server)

    server.publisher.publish([said("one", sequence=1), said("two", sequence=2)])
    await settle(server)

    assert socket.told == ["one", "two"]


# --- order ------------------------------------------------------------------------------------


async def test_two_processes_writing_to_one_chat_are_heard_in_its_order(
    server: Server, peer: Server
) -> None:
    sockets = [await agent(server, "ann"), await agent(peer, "bob")]
    now = clock.to_wire(clock.now())
    changes = [said(str(number), sequence=number, after=now, at=now) for number in range(1, 21)]

    for even, odd in zip(changes[1::2], changes[::2], strict=True):
        server.publisher.publish([even])
        await asyncio.sleep(0)
        peer.publisher.publish([odd])
    await settle(server, peer)

    expected = [str(number) for number in range(1, 21)]
    assert [socket.told for socket in sockets] == [expected, expected]


async def test_a_gap_is_filled_from_the_database(
    server: Server, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await agent(server)
    service.missing = [said("two", sequence=2)]
    gate = threading.Event()

    def missing_changes(chat_id: str, after: int, before: int) -> list[EventAppended]:
        assert gate.wait(10)
        return service.missing_changes(chat_id, after, before)

    monkeypatch.setattr(chats, "missing_changes", missing_changes)
    server.publisher.publish([said("one", sequence=1), said("three", sequence=3)])
    await settle(server)
    early = list(socket.told)
    gate.set()
    await until(lambda: len(socket.told) == 3)

    assert early == ["one"]
    assert socket.told == ["one", "two", "three"]


async def test_who_caused_a_change_that_was_read_first_gets_it_with_their_request_id(
    server: Server, service: Service
) -> None:
    cause, other = await agent(server), await agent(server, "bob")
    service.missing = [said("two", sequence=2)]
    server.publisher.publish([said("one", sequence=1), said("three", sequence=3)])
    await until(lambda: len(cause.told) == len(other.told) == 3)

    late = Origin(cause.connection.id, "r1")
    for _ in range(2):
        server.publisher.publish([said("two", sequence=2)], late)
        await settle(server)

    assert other.told == ["one", "two", "three"]
    assert cause.told == ["one", "two", "three", "two"]
    assert [frame.get("request_id") for frame in cause.frames] == [None, None, None, "r1"]


async def test_a_gap_that_can_not_be_filled_sends_away_who_may_see_the_chat(
    server: Server,
) -> None:
    concerned = [await agent(server, groups=[0, 3]), await customer(server)]
    unconcerned = [await agent(server, "bob"), await customer(server, OTHER_CUSTOMER)]
    here = {"groups": [3], "present": [str(CUSTOMER)]}

    server.publisher.publish([said(sequence=1, **here), said(sequence=3, **here)])
    await until(lambda: all(socket.closed for socket in concerned))
    await settle()

    assert [socket.reasons for socket in concerned] == [
        ["internal_error"],
        ["service_temporarily_unavailable"],
    ]
    assert [socket.closed for socket in concerned] == [True, True]
    assert [socket.closed for socket in unconcerned] == [False, False]


# --- loss -------------------------------------------------------------------------------------


async def test_a_hole_in_a_peers_numbers_is_a_lost_subscription(
    server: Server, peer: Server, layer: Any
) -> None:
    sockets = [await agent(server), await customer(server)]
    elsewhere = await agent(server, "ann", organization_id=uuid.uuid4())
    peer.publisher.publish([said("one", sequence=1)])
    await settle(server, peer)

    peer.publisher._lines[str(ORGANIZATION)].number += 1
    peer.publisher.publish([said("two", sequence=2)])
    await settle(server, peer)

    assert [socket.told for socket in sockets] == [["one"], []]
    assert [socket.reasons for socket in sockets] == [
        ["internal_error"],
        ["service_temporarily_unavailable"],
    ]
    assert [socket.closed for socket in sockets] == [True, True]
    assert elsewhere.messages == []


async def test_what_calls_under_way_tell_is_published_before_a_process_ends(
    server: Server, peer: Server, service: Service
) -> None:
    def say_late() -> None:
        assert service.gate.wait(5)
        publish([said("late")])

    bob = await agent(peer, "bob")
    server.database.submit(say_late, lambda result, error: None)

    stopping = asyncio.create_task(servers.stop())
    await asyncio.sleep(0.1)
    service.gate.set()
    await stopping
    await settle(peer)

    assert bob.told == ["late"]
    assert bob.closed is False


async def test_after_a_loss_new_connections_are_served(server: Server, peer: Server) -> None:
    await agent(server)
    server.hub.lost(str(ORGANIZATION))

    again = await agent(server)
    peer.publisher.publish([said("hello")])
    await settle(server, peer)

    assert again.told == ["hello"]
    assert again.closed is False


async def test_a_peer_heard_for_the_first_time_is_no_loss(server: Server, peer: Server) -> None:
    for number in range(1, 6):
        peer.publisher.publish([said(sequence=number)])
    await settle(server, peer)
    socket = await agent(server)

    peer.publisher.publish([said("six", sequence=6)])
    await settle(server, peer)

    assert socket.told == ["six"]
    assert socket.closed is False


async def test_a_repeated_envelope_is_dropped(server: Server, layer: Any) -> None:
    socket = await agent(server)
    sealed = envelopes.seal("peer", 7, [said("once")])
    message = envelopes.message(str(ORGANIZATION), [sealed])

    for _ in range(2):
        await layer.group_send(envelopes.group_name(str(ORGANIZATION)), message)
    await settle(server)

    assert socket.told == ["once"]
    assert socket.closed is False


async def test_beats_that_do_not_come_back_are_a_loss(
    server: Server, layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await agent(server)

    async def nowhere(group: str, message: dict[str, Any]) -> None:
        """Lose the message without a word."""

    monkeypatch.setattr(layer, "group_send", nowhere)
    for _ in range(hub.MISSED_BEATS):
        server.hub.tick()
        await settle()
    before = socket.closed
    server.hub.tick()
    await until(lambda: socket.closed)

    assert before is False
    assert socket.reasons == ["internal_error"]


async def test_beats_that_come_back_are_no_loss(server: Server) -> None:
    socket = await agent(server)

    for _ in range(hub.MISSED_BEATS * 3):
        server.hub.tick()
        await settle(server)

    assert socket.messages == []


async def test_a_failed_publish_is_a_loss(
    server: Server, layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await agent(server)

    async def away(group: str, message: dict[str, Any]) -> None:
        raise ConnectionError

    monkeypatch.setattr(layer, "group_send", away)
    server.publisher.publish([said()])
    await until(lambda: socket.closed)

    assert socket.told == []
    assert socket.reasons == ["internal_error"]


async def test_a_peer_learns_of_a_failed_publish_by_the_next_beat(
    server: Server, peer: Server, layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await agent(server)
    peer.publisher.publish([said("one", sequence=1)])
    await until(lambda: socket.told == ["one"])
    tried: list[str] = []

    async def away(group: str, message: dict[str, Any]) -> None:
        tried.append(group)
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(layer, "group_send", away)
        peer.publisher.publish([said("two", sequence=2)])
        await until(lambda: tried != [])
        await settle()
    before = socket.closed
    peer.hub.tick()
    await until(lambda: socket.closed)

    assert before is False
    assert socket.told == ["one"]
    assert socket.reasons == ["internal_error"]


async def test_a_failed_publish_of_a_peer_nobody_knows_is_a_loss(
    server: Server, peer: Server, layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await agent(server)
    tried: list[str] = []

    async def away(group: str, message: dict[str, Any]) -> None:
        tried.append(group)
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(layer, "group_send", away)
        peer.publisher.publish([said("one", sequence=1)])
        await until(lambda: tried != [])
    peer.publisher.publish([said("two", sequence=2)])
    await until(lambda: socket.closed)

    assert socket.reasons == ["internal_error"]


async def test_a_login_waits_until_the_subscription_works(
    server: Server, layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    async def nowhere(group: str, message: dict[str, Any]) -> None:
        sent.append(message)

    with monkeypatch.context() as patch:
        patch.setattr(layer, "group_send", nowhere)
        waiting = asyncio.create_task(agent(server))
        await until(lambda: len(sent) > 1)
        early = waiting.done()
    socket = await asyncio.wait_for(waiting, 10)

    assert early is False
    assert socket.closed is False


# --- subscriptions ----------------------------------------------------------------------------


async def test_an_organization_nobody_is_connected_to_is_left_after_a_while(
    server: Server, peer: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await agent(server)
    server.hub.unregister(socket.connection)
    server.hub.tick()
    lingering = list(server.hub._organizations)

    monkeypatch.setattr(hub, "LINGER_SECONDS", -1)
    server.hub.tick()
    await settle(server, peer)
    left = list(server.hub._organizations)
    again = await agent(server)
    peer.publisher.publish([said("back")])
    await settle(server, peer)

    assert lingering == [str(ORGANIZATION)]
    assert left == []
    assert again.told == ["back"]


async def test_what_happened_while_nobody_was_connected_is_not_told_later(
    server: Server, service: Service
) -> None:
    now = clock.to_wire(clock.now())
    first = await agent(server)
    server.publisher.publish([said("one", sequence=1)])
    await settle(server)
    server.hub.unregister(first.connection)
    missed = [said(str(number), sequence=number, after=now, at=now) for number in (2, 3)]
    service.missing = missed
    server.publisher.publish(missed)
    await settle(server)

    second = await agent(server)
    server.publisher.publish([said("four", sequence=4)])
    await until(lambda: "four" in second.told)

    assert second.told == ["four"]


# --- ended sessions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "ended"),
    [
        ({"user_id": "ann"}, ["first", "second"]),
        ({"token_checksum": "one"}, ["first"]),
        ({"token_checksum": ""}, []),
        ({"user_id": "nobody"}, []),
    ],
)
async def test_ended_sessions_are_told_why_and_closed(
    server: Server, peer: Server, named: dict[str, str], ended: list[str]
) -> None:
    sockets = {
        "first": await agent(server, "ann", token_checksum="one"),
        "second": await agent(peer, "ann", token_checksum="two"),
        "bob": await agent(server, "bob"),
    }
    event = SessionsEnded(
        organization_id=str(ORGANIZATION), reason="agent_logged_out_remotely", **named
    )

    server.publisher.publish([event])
    await settle(server, peer)

    assert [name for name, socket in sockets.items() if socket.closed] == ended
    assert [sockets[name].reasons for name in ended] == [["agent_logged_out_remotely"]] * len(ended)


async def test_customers_at_an_address_are_ended_whatever_process_they_are_at(
    server: Server, peer: Server
) -> None:
    address, elsewhere = "192.0.2.7", "192.0.2.8"
    sockets = {
        "here": await customer(server),
        "there": await customer(peer, uuid.uuid4()),
        "elsewhere": await customer(server, uuid.uuid4()),
        "agent": await agent(server),
    }
    for name, socket in sockets.items():
        socket.connection.address = elsewhere if name == "elsewhere" else address
    event = SessionsEnded(
        organization_id=str(ORGANIZATION), reason="customer_banned", address=address
    )

    server.publisher.publish([event])
    await settle(server, peer)

    assert [name for name, socket in sockets.items() if socket.closed] == ["here", "there"]
    assert [sockets[name].reasons for name in ("here", "there")] == [["customer_banned"]] * 2


async def test_a_customer_who_logs_in_at_an_address_that_is_ended_meanwhile_is_ended(
    server: Server,
) -> None:
    socket = Socket(server, "customer", "3.6")
    socket.connection.address = "192.0.2.7"
    await server.hub.register(socket.connection, ORGANIZATION)
    event = SessionsEnded(
        organization_id=str(ORGANIZATION), reason="customer_banned", address="192.0.2.7"
    )
    server.publisher.publish([event])
    await settle(server)

    server.hub.admit(socket.connection, terms(fakes.customer(CUSTOMER)))
    await until(lambda: socket.closed)

    assert socket.reasons == ["customer_banned"]


async def test_one_connection_may_be_spared_when_sessions_end(server: Server) -> None:
    spared, other = await agent(server), await agent(server)
    event = SessionsEnded(
        organization_id=str(ORGANIZATION),
        reason="agent_logged_out_remotely",
        user_id="ann",
        except_connection=spared.connection.id,
    )

    server.publisher.publish([event, said("still here")])
    await settle(server)

    assert (spared.closed, other.closed) == (False, True)
    assert spared.told == ["still here"]
    assert other.told == []
