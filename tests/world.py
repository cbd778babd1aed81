"""People who use the platform in tests: they call actions through every door and hear pushes.

Everything runs in the test's own thread and transaction: a call goes through Django's test client
(Web) or the dispatch pipeline (RTM), what it told is given to the audience the hub would choose,
and each push arrives in the versions its connection asked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import orjson
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client, TestCase

from chatplatform import domain_events
from chatplatform.api import pushes, registry, versions
from chatplatform.api.call import RTM, WEB, Call, Outcome
from chatplatform.api.dispatch import authenticate, dispatch
from chatplatform.domain_events import DomainEvent
from chatplatform.domain_events.groups import GroupDeleted
from chatplatform.domain_events.sessions import SessionsEnded, SessionsRegrouped
from chatplatform.errors import ProtocolError
from chatplatform.models import Agent, Application, Customer, Group, Organization
from chatplatform.models.people import AgentRole
from chatplatform.transports.audience import Sockets, audience, client_of
from chatplatform.transports.connection import Connection
from chatplatform.transports.envelopes import Origin
from chatplatform.transports.wishes import wishes
from tests import make

T = TypeVar("T")
NEWEST = versions.NEWEST


class Refused(Exception):
    """A call that was answered with an error."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(f"{status} {error['type']}: {error['message']}")
        self.status = status
        self.type: str = error["type"]
        self.message: str = error["message"]


class Heard(NamedTuple):
    """A push as it arrived."""

    action: str
    payload: Any
    version: str
    request_id: str | None


class Listener(Connection):
    """A logged-in connection without a socket: what is sent to it can be read from ``heard``."""

    def __init__(self, user: User, version: str) -> None:
        super().__init__(_nowhere, api=user.api, version=version, base_url="http://testserver")
        self.user = user
        self.heard: list[Heard] = []
        self.ended = ""
        """The reason the session was ended for."""


async def _nowhere(message: dict[str, Any]) -> None:
    raise AssertionError("listeners have no socket")


@dataclass
class Pushes:
    """What every connection heard inside a ``capture_pushes`` block."""

    heard: list[tuple[User, Heard]] = field(default_factory=list)

    def to(self, user: User) -> list[tuple[str, Any]]:
        """Return the pushes one user heard, in order: names and payloads."""
        return [(push.action, push.payload) for told, push in self.heard if told is user]

    def payload(self, user: User, action: str) -> Any:
        """Return the payload of the only push of that name one user heard."""
        (found,) = (payload for name, payload in self.to(user) if name == action)
        return found

    @property
    def names(self) -> dict[str, list[str]]:
        """Return the names of the pushes by the user who heard them, in order."""
        found: dict[str, list[str]] = {}
        for told, push in self.heard:
            found.setdefault(told.name, []).append(push.action)
        return found


class User:
    """Someone with a token. ``version`` is what they speak unless a call says otherwise."""

    def __init__(
        self,
        world: World,
        api: str,
        credentials: str,
        organization_id: UUID | str = "",
        *,
        version: str = NEWEST,
        name: str = "",
    ) -> None:
        self.world = world
        self.api = api
        self.credentials = credentials
        self.organization_id = str(organization_id)
        self.version = version
        self.name = name
        self.id = ""
        self.author_id = ""
        """A bot in whose person to act, as clients up to 3.5 can say."""
        self.connections: list[Listener] = []
        self.all_heard: list[Heard] = []
        """Every push any connection ever heard, in order."""

    # --- calls ----------------------------------------------------------------------------------

    def call(self, action: str, /, **payload: Any) -> Any:
        """Call an action, on the Web API if it is there, and return what it answers."""
        found = registry._actions.get((self.api, action))
        if found is not None and not found.exists(WEB, self.version):
            return self.rtm(action, payload)
        return self.web(action, payload)

    def refused(self, action: str, /, **payload: Any) -> str:
        """Call an action that must be refused without a trace; return the error's type."""
        with self.world.nothing_changes():
            try:
                answer = self.call(action, **payload)
            except Refused as refusal:
                return refusal.type
        raise AssertionError(f"{action} was not refused but answered {answer}")

    def web(self, action: str, payload: Any = None, *, version: str | None = None) -> Any:
        """Call an action over HTTP; raise :class:`Refused`."""
        response = self.http(action, orjson.dumps({} if payload is None else payload), version)
        return _read(response)

    def http(
        self,
        action: str,
        body: bytes = b"{}",
        version: str | None = None,
        *,
        content_type: str = "application/json",
        method: str = "POST",
    ) -> Any:
        """Call an action over HTTP and return Django's response."""
        path = f"/v{version or self.version}/{self.api}/action/{action}"
        if self.api == "customer":
            path += f"?organization_id={self.organization_id}"
        headers = {"Authorization": self.credentials} if self.credentials else {}
        if self.author_id:
            headers["X-Author-Id"] = self.author_id
        client = self.world.client
        return self.world.act(
            lambda: client.generic(method, path, body, content_type=content_type, headers=headers)
        )

    def get(self, action: str, query: dict[str, Any], *, version: str | None = None) -> Any:
        """Call an action that is a GET; raise :class:`Refused`."""
        path = f"/v{version or self.version}/{self.api}/action/{action}"
        asked = {"organization_id": self.organization_id, **query}
        headers = {"Authorization": self.credentials} if self.credentials else {}
        return _read(self.world.act(lambda: self.world.client.get(path, asked, headers=headers)))

    def upload(self, name: str, content: bytes, content_type: str = "") -> str:
        """Upload a file and return its URL; raise :class:`Refused`."""
        path = f"/v{self.version}/{self.api}/action/upload_file"
        if self.api == "customer":
            path += f"?organization_id={self.organization_id}"
        file = SimpleUploadedFile(name, content, content_type or "application/octet-stream")
        headers = {"Authorization": self.credentials} if self.credentials else {}
        response = self.world.act(
            lambda: self.world.client.post(path, {"file": file}, headers=headers)
        )
        url: str = _read(response)["url"]
        return url

    def rtm(
        self,
        action: str,
        payload: Any = None,
        *,
        version: str | None = None,
        request_id: str | None = None,
    ) -> Any:
        """Call an action over the newest live connection; raise :class:`Refused`."""
        connection = self.connections[-1] if self.connections else Listener(self, self.version)
        outcome = self._dispatch(connection, action, payload, version, request_id)
        return _payload(outcome)

    def _dispatch(
        self,
        connection: Listener,
        action: str,
        payload: Any,
        version: str | None,
        request_id: str | None,
    ) -> Outcome:
        call = Call(
            api=self.api,
            action=action,
            version=version or connection.version,
            transport=RTM,
            payload={} if payload is None else payload,
            credentials=self.credentials,
            requester=connection.requester,
            terms=connection.terms,
            connection_id=connection.id,
            request_id=request_id,
            author_id=self.author_id,
            address="127.0.0.1",
            user_agent="Tests",
            base_url="http://testserver",
            query={"organization_id": self.organization_id} if self.api == "customer" else {},
        )
        origin = Origin(connection.id, request_id)
        outcome = self.world.act(lambda: _serve(call), origin=origin, session=connection)
        if outcome.ends_session and outcome.error is None:
            self.world.drop(connection)
        return outcome

    @property
    def configuration(self) -> User:
        """Return the same agent calling the Configuration API, with the same token."""
        same = User(
            self.world,
            "configuration",
            self.credentials,
            self.organization_id,
            version=self.version,
            name=self.name,
        )
        same.id, same.author_id = self.id, self.author_id
        return same

    # --- connections ----------------------------------------------------------------------------

    def login(self, *, version: str | None = None, **payload: Any) -> Any:
        """Open a connection, log in, and return what login answers; raise :class:`Refused`."""
        connection = Listener(self, version or self.version)
        payload.setdefault("token", self.credentials)
        return _payload(self._dispatch(connection, "login", payload, None, None))

    def lose_connections(self) -> None:
        """Let every connection vanish and its lease run out at once."""
        self.world.lose(self)

    @property
    def heard(self) -> list[Heard]:
        """Return what the newest connection has heard so far."""
        return self.connections[-1].heard


def _serve(call: Call) -> Outcome:
    if call.action == "login":
        try:
            call.requester = authenticate(call)
        except ProtocolError as error:
            return Outcome(error=error)
    return dispatch(call)


def _payload(outcome: Outcome) -> Any:
    if outcome.error is not None:
        raise Refused(outcome.error.status, outcome.error.body())
    return orjson.loads(orjson.dumps(outcome.payload))


def _read(response: Any) -> Any:
    body = orjson.loads(response.content)
    if response.status_code != 200:
        raise Refused(response.status_code, body["error"])
    return body


class World:
    """One test's people, and the way from what happened to what they hear."""

    def __init__(self) -> None:
        self.client = Client(raise_request_exception=False)
        self.listeners: list[Listener] = []
        self._captures: list[Pushes] = []
        self._numbers = itertools.count(1)

    # --- people ---------------------------------------------------------------------------------

    def agent(
        self,
        organization: Organization,
        name: str = "ann",
        *,
        role: str = AgentRole.NORMAL,
        groups: Iterable[Group] = (),
        scopes: Iterable[str] | None = None,
        limit: int | None = None,
        version: str = NEWEST,
        online: bool = False,
        accepting: bool = True,
    ) -> User:
        """Make an agent; ``online`` logs in, ``accepting`` decides whether chats come then."""
        status = "accepting_chats" if accepting else "not_accepting_chats"
        row = make.agent(organization, role, name=name.title(), login_status=status, groups=groups)
        if limit is not None:
            Agent.objects.filter(pk=row.pk).update(max_chats_count=limit)
        return self.as_agent(row, scopes=scopes, version=version, online=online, name=name)

    def as_agent(
        self,
        row: Agent,
        *,
        scopes: Iterable[str] | None = None,
        version: str = NEWEST,
        online: bool = False,
        name: str = "",
        application: Application | None = None,
    ) -> User:
        """Return an agent who exists already as a user with a new token, of any application."""
        token = make.access_token(row, scopes, application)
        user = User(
            self,
            "agent",
            f"Bearer {token}",
            row.organization_id,
            version=version,
            name=name or row.name.lower(),
        )
        user.id = row.public_id
        if online:
            user.login()
        return user

    def customer(
        self,
        organization: Organization,
        name: str = "carl",
        *,
        version: str = NEWEST,
        online: bool = True,
    ) -> User:
        """Make a customer; ``online`` logs in."""
        row = make.customer(organization, name=name.title())
        return self.as_customer(row, version=version, online=online, name=name)

    def as_customer(
        self,
        row: Customer,
        *,
        version: str = NEWEST,
        online: bool = False,
        name: str = "",
        application: Application | None = None,
    ) -> User:
        """Return a customer who exists already as a user with a new token, of any application."""
        user = User(
            self,
            "customer",
            f"Bearer {make.customer_token(row, application)}",
            row.organization_id,
            version=version,
            name=name or row.name.lower(),
        )
        user.id = str(row.pk)
        if online:
            user.login()
        return user

    # --- what happens -----------------------------------------------------------------------------

    def act(
        self,
        do: Callable[[], T],
        *,
        origin: Origin | None = None,
        session: Listener | None = None,
    ) -> T:
        """Do something, as if it had committed, and let everybody hear of it.

        ``session``: a connection that joins the audience before, when an outcome says so.
        """
        with (
            domain_events.collect() as events,
            TestCase.captureOnCommitCallbacks(execute=True),
        ):
            result = do()
        if isinstance(result, Outcome):
            events = [*result.events, *events]
            if session is not None and result.session is not None and result.error is None:
                session.terms = result.session
                session.wishes = wishes(result.session.pushes)
                session.organization_id = result.session.requester.organization_id
                if session not in self.listeners:
                    self.listeners.append(session)
                    session.user.connections.append(session)
        self.deliver(events, origin)
        return result

    def deliver(self, events: Iterable[DomainEvent], origin: Origin | None = None) -> None:
        """Give what happened to the connections the hub would choose."""
        for event in events:
            if isinstance(event, SessionsEnded):
                self._end_sessions(event)
                continue
            if isinstance(event, SessionsRegrouped | GroupDeleted):
                self._regroup(event)
            for push_type in pushes.translators(event):
                push = push_type.translate(event)
                if push is not None:
                    self._push(push_type, push, event.organization_id, origin)

    def _push(
        self, push_type: pushes.PushType, push: pushes.Push, organization_id: str, origin: Any
    ) -> None:
        sockets = Sockets()
        for listener in self.listeners:
            if (listener.api, str(listener.organization_id)) == (push_type.api, organization_id):
                sockets.add(listener)
        owners = push_type.owners(push.payload)
        for listener in sorted(
            audience(sockets, push, origin),
            key=self.listeners.index,  # type: ignore[arg-type]
        ):
            assert isinstance(listener, Listener)
            assert listener.wishes is not None
            for version in listener.wishes.versions(push_type):
                owner = client_of(listener) if client_of(listener) in owners else ""
                payload = push_type.payload(push.payload, version, owner)
                if payload is None:
                    continue
                request_id = None
                if origin is not None and origin.connection_id == listener.id:
                    request_id = origin.request_id
                read = orjson.loads(orjson.dumps(payload))
                heard = Heard(push_type.action, read, version, request_id)
                listener.heard.append(heard)
                listener.user.all_heard.append(heard)
                for capture in self._captures:
                    capture.heard.append((listener.user, heard))

    def _regroup(self, event: SessionsRegrouped | GroupDeleted) -> None:
        for listener in self.listeners:
            terms = listener.terms
            if terms is None or str(listener.organization_id) != event.organization_id:
                continue
            numbers = terms.group_numbers
            if isinstance(event, SessionsRegrouped):
                if terms.requester.user_id == event.user_id:
                    numbers = frozenset(event.group_numbers)
            elif listener.api == "customer" and event.group_id in numbers:
                numbers = frozenset({0})
            listener.terms = replace(terms, group_numbers=numbers)

    def _end_sessions(self, event: SessionsEnded) -> None:
        for listener in list(self.listeners):
            requester = listener.requester
            if requester is None or listener.id == event.except_connection:
                continue
            if event.user_id:
                concerned = requester.user_id == event.user_id
            elif event.client_id:
                concerned = requester.client_id == event.client_id and (
                    listener.api == "agent" or not event.agents_only
                )
            elif event.address:
                concerned = listener.api == "customer" and listener.address == event.address
            else:
                concerned = requester.token_checksum == event.token_checksum
            if concerned and str(requester.organization_id) == event.organization_id:
                listener.ended = event.reason
                self.drop(listener)

    def drop(self, listener: Listener) -> None:
        """Take a connection out of the audience."""
        if listener in self.listeners:
            self.listeners.remove(listener)
            listener.user.connections.remove(listener)

    def restore(self, listeners: Iterable[Listener]) -> None:
        """Make exactly these connections the audience again, as if they had heard nothing."""
        for listener in list(self.listeners):
            listener.user.connections.clear()
        self.listeners = list(listeners)
        for listener in self.listeners:
            listener.user.connections.clear()
        for listener in self.listeners:
            listener.heard.clear()
            listener.ended = ""
            listener.user.connections.append(listener)

    def lose(self, user: User) -> None:
        """Let a user's connections vanish and their leases run out, and the platform notice."""
        from chatplatform import clock
        from chatplatform.models import ConnectionLease
        from chatplatform.services import presence

        for listener in list(user.connections):
            self.drop(listener)
        ConnectionLease.objects.filter(user_id=user.id).update(expires_at=clock.now(), process="")
        self.act(presence.end_expired_leases)

    # --- what is looked at ------------------------------------------------------------------------

    @contextmanager
    def capture_pushes(self) -> Iterator[Pushes]:
        """Gather every push any connection hears inside the block."""
        capture = Pushes()
        self._captures.append(capture)
        try:
            yield capture
        finally:
            self._captures.remove(capture)

    @contextmanager
    def nothing_changes(self) -> Iterator[None]:
        """Assert that no row changes and nobody hears anything inside the block."""
        with self.nothing_changes_but():
            yield

    @contextmanager
    def nothing_changes_but(self, *tables: str) -> Iterator[None]:
        """Assert the same, ``tables`` left out."""
        before = rows(but=tables)
        with self.capture_pushes() as heard:
            yield
        assert rows(but=tables) == before
        assert heard.names == {}


def rows(but: Iterable[str] = ()) -> dict[str, list[Any]]:
    """Return everything the platform has stored, by table; quick, for it is asked often."""
    found = {}
    quoted = connection.ops.quote_name
    with connection.cursor() as cursor:
        for model in apps.get_app_config("chatplatform").get_models():
            if model.__name__ not in but:
                table, key = quoted(model._meta.db_table), quoted(model._meta.pk.column)
                cursor.execute(f"SELECT * FROM {table} ORDER BY {key}")  # noqa: S608 - our names
                found[model.__name__] = cursor.fetchall()
    return found
