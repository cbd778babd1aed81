"""Clients of a running server, over the network, written as a careful integrator would.

:class:`RtmClient` logs in, asks and is answered by ``request_id``, keeps every push it gets, and
comes back when its connection is lost: it logs in again, reads its chats anew with
``list_threads``, and repeats what was never answered with the same ``custom_id``. Its
:meth:`~RtmClient.transcript` is what its user would have on the screen.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import time
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

Frame = dict[str, Any]
Payload = dict[str, Any]

WAIT = 15.0
"""Seconds until an answer or a push that should come is missed."""
RECONNECT_SECONDS = 0.1
PAGE = 100

_numbers = itertools.count(1)


class Refused(Exception):
    """The server answered with an error; ``type`` is the protocol's name for it."""

    def __init__(self, action: str, error: Payload) -> None:
        super().__init__(f"{action}: {error}")
        self.type: str = error["type"]
        self.error = error


class RtmClient:
    """One user on one RTM API, on one connection after another.

    ``urls`` are the base addresses (``http://host:port``) of the servers to try in turn; ``login``
    is the payload of every login, token included. With ``stay=True`` a lost connection is made
    anew until :meth:`leave`. Use it as an async context manager, or :meth:`enter` and
    :meth:`leave`.

    ``pushes`` holds every push in the order of arrival, ``closings`` the close codes (and so the
    number of connections lost), ``state`` the answer to the newest login.
    """

    def __init__(
        self,
        api: str,
        urls: str | Sequence[str],
        login: Payload,
        *,
        organization_id: str = "",
        version: str = "3.7",
        stay: bool = False,
    ) -> None:
        self.api = api
        self.version = version
        self.pushes: list[Frame] = []
        self.closings: list[int] = []
        self.state: Payload = {}
        self.online = asyncio.Event()
        """Set while the client is logged in and its transcripts are complete."""
        self._urls = [urls] if isinstance(urls, str) else list(urls)
        self._login = login
        self._query = (
            f"?{urlencode({'organization_id': organization_id})}" if organization_id else ""
        )
        self._stay = stay
        self._socket: ClientConnection | None = None
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._arrived = asyncio.Condition()
        self._transcripts: dict[str, dict[str, Payload]] = {}
        self._early: dict[str, list[Payload]] | None = None
        self._life: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        return await self.enter()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.leave()

    # --- life ---------------------------------------------------------------------------------

    async def enter(self) -> Self:
        """Connect and log in; raise :class:`Refused` when the server does not want us."""
        self._life = asyncio.create_task(self._live())
        arrival = asyncio.create_task(self.online.wait())
        await asyncio.wait({self._life, arrival}, timeout=WAIT, return_when="FIRST_COMPLETED")
        arrival.cancel()
        if self._failure is not None:
            raise self._failure
        assert self.online.is_set(), f"no login within {WAIT} s"
        return self

    async def leave(self) -> None:
        """Close the connection for good."""
        self._stay = False
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)

    async def drop(self) -> None:
        """Lose the connection, as behind a failing network; with ``stay`` a new one follows."""
        assert self._socket is not None
        self.online.clear()
        self._socket.transport.abort()

    def pause(self) -> None:
        """Stop reading, as a frozen tab does, until the connection is lost."""
        assert self._socket is not None
        self._socket.transport.pause_reading()

    @property
    def port(self) -> int:
        """The port of this end of the current connection."""
        assert self._socket is not None
        return int(self._socket.local_address[1])

    async def _live(self) -> None:
        for url in itertools.cycle(self._urls):
            try:
                await self._one_connection(url)
            except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake):
                pass
            except Refused as refused:
                if not self._stay or not self.state:
                    self._failure = refused
                    return
            if not self._stay:
                return
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _one_connection(self, url: str) -> None:
        address = f"{url.replace('http', 'ws', 1)}/v{self.version}/{self.api}/rtm/ws{self._query}"
        async with connect(
            address, compression=None, ping_interval=None, max_size=None, close_timeout=1
        ) as socket:
            self._socket = socket
            reader = asyncio.create_task(self._read(socket))
            try:
                await self._begin()
                await reader
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)
                self._ended()

    async def _begin(self) -> None:
        self._early = {}
        self.state = await self.call("login", self._login)
        for chat_id in {*self._transcripts, *self._chats_at_login()}:
            await self._read_anew(chat_id)
        self._early = None
        self.online.set()

    def _chats_at_login(self) -> Iterable[str]:
        if self.api == "customer":
            return [chat["chat_id"] for chat in self.state["chats"]]
        return [chat["id"] for chat in self.state["chats_info"]]

    def _ended(self) -> None:
        self.online.clear()
        self._socket = None
        self._early = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the connection was lost"))
                answer.exception()  # known, even where nobody waits for it any more
        self._answers.clear()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                await self._take(orjson.loads(text))
        finally:
            self.closings.append(socket.close_code or 1006)
            self._ended()

    async def _take(self, frame: Frame) -> None:
        if frame["type"] == "response":
            answer = self._answers.pop(frame.get("request_id", ""), None)
            if answer is not None and not answer.done():
                answer.set_result(frame)
            return
        self._note(frame)
        async with self._arrived:
            self.pushes.append(frame)
            self._arrived.notify_all()

    # --- asking -------------------------------------------------------------------------------

    async def call(self, action: str, payload: Payload | None = None, **more: Any) -> Payload:
        """Ask on the current connection and return the answer's payload.

        Raise :class:`Refused` for an error, ``ConnectionError`` when the connection is lost before
        the answer came, ``TimeoutError`` when none comes.
        """
        if self._socket is None:
            raise ConnectionError("there is no connection")
        request_id = f"r{next(_numbers)}"
        answer = asyncio.get_running_loop().create_future()
        self._answers[request_id] = answer
        frame = {"request_id": request_id, "action": action, "payload": payload or {}, **more}
        try:
            await self._socket.send(orjson.dumps(frame).decode())
        except ConnectionClosed as closed:
            self._answers.pop(request_id, None)
            raise ConnectionError("the connection was lost") from closed
        found: Frame = await asyncio.wait_for(answer, WAIT)
        if not found["success"]:
            raise Refused(action, found["payload"]["error"])
        given: Payload = found["payload"]
        return given

    async def say(self, chat_id: str, text: str, *, custom_id: str = "") -> str:
        """Send a message and return its event's id, however often the connection is lost."""
        event = {"type": "message", "text": text, "custom_id": custom_id or f"c{next(_numbers)}"}
        return await self._insist("send_event", {"chat_id": chat_id, "event": event})

    async def _insist(self, action: str, payload: Payload) -> str:
        while True:
            await self.online.wait()
            try:
                return str((await self.call(action, payload))["event_id"])
            except (ConnectionError, TimeoutError):
                if not self._stay:
                    raise
                await asyncio.sleep(RECONNECT_SECONDS)

    # --- what came ----------------------------------------------------------------------------

    async def push(
        self,
        action: str,
        accept: Callable[[Payload], bool] = lambda payload: True,
        *,
        after: int = 0,
    ) -> Frame:
        """Return the first push of that name that ``accept`` takes; wait for it if need be.

        ``after``: look only at what came after so many pushes (``len(client.pushes)``).
        """
        async with asyncio.timeout(WAIT), self._arrived:
            while True:
                for frame in self.pushes[after:]:
                    if frame["action"] == action and accept(frame["payload"]):
                        return frame
                await self._arrived.wait()

    async def watch(self, chat_id: str) -> None:
        """Keep the transcript of a chat that neither login nor ``incoming_chat`` told of."""
        self._early = {} if self._early is None else self._early
        await self._read_anew(chat_id)
        self._early = None

    def transcript(self, chat_id: str) -> list[Payload]:
        """Return the chat's events in the order the client shows them."""
        return list(self._transcripts.get(chat_id, {}).values())

    def _note(self, frame: Frame) -> None:
        payload = frame["payload"]
        if frame["action"] == "incoming_chat":
            chat = payload["chat"]
            events = chat.get("thread", {}).get("events", ())
            self._transcripts.setdefault(chat["id"], {})
            for event in events:
                self._show(chat["id"], event)
        elif frame["action"] == "incoming_event":
            self._show(payload["chat_id"], payload["event"])

    def _show(self, chat_id: str, event: Payload) -> None:
        if self._early is not None:
            self._early.setdefault(chat_id, []).append(event)
        if chat_id in self._transcripts:
            self._transcripts[chat_id].setdefault(event["id"], event)

    async def _read_anew(self, chat_id: str) -> None:
        events: dict[str, Payload] = {}
        request: Payload = {"chat_id": chat_id, "sort_order": "asc", "limit": PAGE}
        while True:
            page = await self.call("list_threads", request)
            for thread in page["threads"]:
                events.update({event["id"]: event for event in thread["events"]})
            if "next_page_id" not in page:
                break
            request = {"chat_id": chat_id, "page_id": page["next_page_id"]}
        for event in (self._early or {}).get(chat_id, ()):
            events.setdefault(event["id"], event)
        self._transcripts[chat_id] = events


def agent(
    urls: str | Sequence[str], token: str, *, version: str = "3.7", stay: bool = False, **login: Any
) -> RtmClient:
    """Return a client of the Agent RTM API; ``token`` is a Bearer access token."""
    payload = {"token": f"Bearer {token}", **login}
    return RtmClient("agent", urls, payload, version=version, stay=stay)


def customer(
    urls: str | Sequence[str],
    token: str,
    organization_id: str,
    *,
    version: str = "3.7",
    stay: bool = False,
    **login: Any,
) -> RtmClient:
    """Return a client of the Customer RTM API."""
    payload = {"token": f"Bearer {token}", **login}
    return RtmClient(
        "customer", urls, payload, organization_id=organization_id, version=version, stay=stay
    )


def basic(account_id: str, personal_access_token: str) -> str:
    """Return the Authorization header's value for a personal access token."""
    return f"Basic {base64.b64encode(f'{account_id}:{personal_access_token}'.encode()).decode()}"


def web(url: str, path: str, body: Any, authorization: str = "") -> Payload:
    """POST ``body`` as JSON and return the answer; a refusal is ``urllib.error.HTTPError``."""
    headers = {"Content-Type": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    request = urllib.request.Request(url + path, orjson.dumps(body), headers)
    with urllib.request.urlopen(request, timeout=WAIT) as response:
        found: Payload = orjson.loads(response.read())
    return found


def new_customer(url: str, demo: Payload) -> Payload:
    """Mint a customer of the demo organisation; the answer has ``access_token``, ``entity_id``."""
    body = {
        "grant_type": "agent_token",
        "client_id": demo["client_id"],
        "response_type": "token",
        "organization_id": demo["organization_id"],
    }
    owner = demo["agents"][0]
    return web(url, "/v2/customer/token", body, f"Bearer {owner['access_token']}")


async def until(condition: Callable[[], bool], within: float, what: str) -> float:
    """Wait until ``condition`` holds and return the seconds it took; fail after ``within``."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < within, f"{what}: not within {within} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - began
