"""A tiny chat service behind the transports: plain, so that they are what is tested.

A token is the user's name. Agents see every chat of their groups; a chat is watched by the users
named in ``present``.
"""

import asyncio
import itertools
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from chatplatform import clock, domain_events
from chatplatform.api.action import Empty, Request, action
from chatplatform.api.call import Call
from chatplatform.api.context import ALL_PUSHES, Context, SessionTerms
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.events import EventAppended
from chatplatform.domain_events.routing import RoutingStatusSet
from chatplatform.errors import Authentication
from chatplatform.models import Organization
from chatplatform.requester import AgentRequester, CustomerRequester, Requester
from chatplatform.transports.server import Server

ORGANIZATION = uuid.uuid4()
LONG_AGO = "2026-01-01T00:00:00.000000Z"


def agent(name: str = "ann", **more: Any) -> AgentRequester:
    """Return an agent with a rate limit of its own; every field can be given."""
    fields: dict[str, Any] = {
        "organization_id": ORGANIZATION,
        "license_id": 1,
        "account_id": uuid.uuid4(),
        "agent_id": 1,
        "public_id": name,
        "customer_facing_id": f"{name}-facing",
        "name": name,
        "role": "normal",
        "client_id": "client",
        "scopes": frozenset({"chats--access:ro", "chats--access:rw"}),
        "token_checksum": f"checksum of {name}",
        "expires_at": None,
    }
    return AgentRequester(**{**fields, **more})


def customer(customer_id: uuid.UUID, **more: Any) -> CustomerRequester:
    """Return a customer; every field can be given."""
    fields: dict[str, Any] = {
        "organization_id": ORGANIZATION,
        "license_id": 1,
        "customer_id": customer_id,
        "client_id": "client",
        "token_checksum": f"checksum of {customer_id}",
        "expires_at": None,
    }
    return CustomerRequester(**{**fields, **more})


def terms(
    requester: Requester,
    *versions: str,
    names: Iterable[str] = (ALL_PUSHES,),
    groups: Iterable[int] = (0,),
) -> SessionTerms:
    """Return what a login agreed: ``names`` in each of ``versions`` (3.6 without any)."""
    wanted = {version: frozenset(names) for version in versions or ("3.6",)}
    return SessionTerms(requester, wanted, frozenset(groups))


def said(
    text: str = "hello",
    *,
    chat: str = "CHAT",
    sequence: int = 1,
    after: str = LONG_AGO,
    at: str = "",
    present: Iterable[str] = (),
    groups: Iterable[int] = (0,),
    organization: uuid.UUID = ORGANIZATION,
) -> EventAppended:
    """Return the change that ``text`` was said."""
    return EventAppended(
        organization_id=str(organization),
        chat_id=chat,
        thread_id="THREAD",
        sequence=sequence,
        previous_at=after,
        changed_at=at or clock.to_wire(clock.now()),
        group_ids=list(groups),
        participants={name: {"present": True} for name in present},
        followers=[],
        event={"text": text},
    )


def users(server: Server) -> set[str]:
    """Return everybody who is logged in at a server."""
    found = (connection.requester for connection in server.hub.connections())
    return {requester.user_id for requester in found if requester is not None}


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for ten seconds at most."""
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to hold")


class Login(Request):
    """What a login takes: the versions and names of pushes, groups, when the token expires."""

    token: str
    pushes: dict[str, list[str]] | None = None
    groups: list[int] = [0]


class Say(Request):
    """What is said, and how it is told."""

    text: str
    chat: str = "CHAT"
    present: list[str] = []
    groups: list[int] = [0]


class Named(Request):
    """A request with a name."""

    name: str = ""


class Service:
    """The actions and pushes. ``gate`` holds up ``wait``, ``state_gate`` the end of a login."""

    def __init__(self) -> None:
        self.requesters: dict[str, Requester] = {}
        self.calls: list[Call] = []
        self.contexts: list[Context[Any]] = []
        self.served: list[str] = []
        self.gate = threading.Event()
        self.state_read = threading.Event()
        self.state_gate = threading.Event()
        self.state_gate.set()
        self.missing: list[EventAppended] = []
        self.renewed: list[set[str]] = []
        self.lost: set[str] = set()
        self.dropped: list[str] = []
        self.sequences: dict[str, itertools.count[int]] = {}

    def define(self) -> None:
        """Register actions and pushes; the registries must be empty ones of the test's own."""
        for api in ("agent", "customer"):
            action(api, web=None)(self.login)
            action(api, web=None)(self.logout)
            action(api, web=None)(self.update_session)
            action(api)(self.say)
            action(api)(self.wait)
            action(api)(self.crash)
            action(api)(self.mumble)
        action("agent", rtm="3.7")(self.newest)
        action("agent", writes=True)(self.found)
        push("agent", "incoming_event")(self.event_for_agents)
        push("customer", "incoming_event")(self.event_for_customers)
        push("agent", "routing_status_set", since="3.6")(self.status)

    def authenticate(self, call: Call, *, even_suspended: bool = False) -> Requester:
        """Know everybody in ``requesters``, and anybody else but ``nobody``."""
        self.calls.append(call)
        if call.credentials in self.requesters:
            return self.requesters[call.credentials]
        if call.credentials == "nobody":
            raise Authentication
        if call.api == "customer":
            return customer(uuid.UUID(call.credentials))
        return agent(call.credentials)

    def renew(self) -> set[str]:
        """Return every connection that logged in, but for those dropped and ``lost``."""
        held = {ctx.connection_id for ctx in self.contexts} - {*self.dropped, *self.lost}
        self.renewed.append(held)
        return held

    def missing_changes(self, chat_id: str, after: int, before: int) -> list[EventAppended]:
        """Return what the database would hold of a gap."""
        return [
            change
            for change in self.missing
            if change.chat_id == chat_id and after < change.sequence < before
        ]

    def login(self, ctx: Context[Any], request: Login) -> dict[str, str]:
        """Log in, once ``state_gate`` is open."""
        self.contexts.append(ctx)
        self.state_read.set()
        assert self.state_gate.wait(5)
        pushes = request.pushes or {ctx.version: [ALL_PUSHES]}
        agreed = terms(ctx.requester, groups=request.groups)
        wanted = {version: frozenset(names) for version, names in pushes.items()}
        ctx.session = SessionTerms(ctx.requester, wanted, agreed.group_numbers)
        return {"welcome": ctx.requester.user_id}

    def update_session(self, ctx: Context[Any], request: Login) -> dict[str, Any]:
        """Go on with another token, once ``state_gate`` is open."""
        assert ctx.terms is not None
        requester = self.requesters[request.token]
        self.state_read.set()
        assert self.state_gate.wait(5)
        ctx.session = replace(ctx.terms, requester=requester)
        return {}

    def logout(self, ctx: Context[Any], request: Empty) -> dict[str, Any]:
        """Log out."""
        ctx.ends_session = True
        return {}

    def say(self, ctx: Context[Any], request: Say) -> dict[str, int]:
        """Say something in a chat."""
        self.contexts.append(ctx)
        sequence = next(self.sequences.setdefault(request.chat, itertools.count(1)))
        domain_events.announce(
            said(
                request.text,
                chat=request.chat,
                sequence=sequence,
                present=request.present,
                groups=request.groups,
            )
        )
        return {"sequence": sequence}

    def wait(self, ctx: Context[Any], request: Named) -> dict[str, Any]:
        """Answer when the gate is open."""
        assert self.gate.wait(10)
        ctx.commit_point()
        self.served.append(request.name)
        return {"name": request.name}

    def crash(self, ctx: Context[Any], request: Empty) -> dict[str, Any]:
        """Fail as nobody expected."""
        raise RuntimeError("a secret detail")

    def mumble(self, ctx: Context[Any], request: Empty) -> dict[str, Any]:
        """Answer what can not be written as JSON."""
        return {"thing": object()}

    def newest(self, ctx: Context[Any], request: Empty) -> dict[str, str]:
        """Exist in the newest version only."""
        return {"version": ctx.version}

    def found(self, ctx: Context[Any], request: Named) -> dict[str, Any]:
        """Store an organisation, and wait for the gate before the commit."""
        Organization.objects.create(license_id=4711, name=request.name)
        self.state_read.set()
        domain_events.announce(
            RoutingStatusSet(
                organization_id=str(ctx.organization_id), agent_id="ann", status="offline"
            )
        )
        assert self.gate.wait(10)
        return {}

    def event_for_agents(self, event: EventAppended) -> Push:
        """Tell agents with access."""
        return Push(_told(event), Reach.ACCESS, frozenset(event.participants), _groups(event))

    def event_for_customers(self, event: EventAppended) -> Push:
        """Tell the customer."""
        return Push(_told(event), Reach.USERS, frozenset(event.participants))

    def status(self, event: RoutingStatusSet) -> Push:
        """Tell every agent who may read agents' data."""
        payload = {"agent_id": event.agent_id, "status": event.status}
        return Push(payload, Reach.AGENTS, scopes=frozenset({"agents--all:ro"}))


def _told(event: EventAppended) -> dict[str, Any]:
    return {"chat_id": event.chat_id, "sequence": event.sequence, "event": event.event}


def _groups(event: EventAppended) -> frozenset[int]:
    return frozenset(event.group_ids)
