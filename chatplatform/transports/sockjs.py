"""The SockJS door: `/v<version>/{agent,customer}/rtm/sjs/…` (protocol.md 3.1).

The same connections and calls as the RTM door, in SockJS's frames: over a WebSocket, or over plain
requests (``xhr``, ``xhr_streaming`` and ``xhr_send``) where a WebSocket does not get through. A
session of requests lives in one process; proxies route by the session in the path.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from django.conf import settings

from chatplatform.transports import polling, rtm, server
from chatplatform.transports.connection import Connection, Send
from chatplatform.transports.polling import Session
from chatplatform.transports.rtm import Receive, Scope
from chatplatform.transports.server import Server

_PREFIX = r"^v(?P<version>[^/]{1,16})/(?P<api>agent|customer)/rtm/sjs"
_NAME = r"[^/.]{1,64}"
"""What clients make up for themselves, and every process that shares Redis remembers."""
_SESSION = _PREFIX + rf"/(?P<server>{_NAME})/(?P<session>{_NAME})"
STREAM_BYTES = 128 * 1024
"""After this much a streaming answer ends, and its client asks for another."""

_PRELUDE = b"h" * 2048 + b"\n"
_BROKEN = 4002
_NEVER_KEPT = (b"cache-control", b"no-store, no-cache, no-transform, must-revalidate, max-age=0")
_KEPT_A_YEAR = (b"cache-control", b"public, max-age=31536000")

Headers = list[tuple[bytes, bytes]]
Answer = Callable[[Scope, Receive, Send, Headers], Awaitable[None]]


# --- over a WebSocket -------------------------------------------------------------------------


async def socket(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a session over a WebSocket of its own."""
    framed = _Framed(send)
    opened = rtm.connection_of(scope, framed.send)
    del scope
    heart = polling.heartbeats(opened)
    try:
        await rtm.serve(opened, receive, framed.send, _take)
    finally:
        heart.stop()


class _Framed:
    """A socket's way out, in SockJS's frames."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.transport = getattr(getattr(send, "__self__", None), "transport", None)

    async def send(self, message: dict[str, Any]) -> None:
        """Send an ASGI message, whatever SockJS wants around it included."""
        if message["type"] == "websocket.accept":
            await self._send(message)
            await self._text(polling.OPEN)
        elif message["type"] == "websocket.close":
            await self._text(polling.close_frame(message["code"]))
            await self._send(message)
        else:
            text = message["text"]
            own = text == polling.HEARTBEAT
            await self._text(text if own else polling.message_frame([text]))

    async def _text(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})


def _take(connection: Connection, text: str | None) -> None:
    """Take a frame: a list of messages, or one; empty frames say nothing."""
    if text == "":
        return
    try:
        messages = _messages(text or "")
    except ValueError:
        connection.close(_BROKEN)
        return
    receive = server.current().calls.receive
    for message in messages:
        receive(connection, message)


def _messages(body: str | bytes) -> list[str]:
    """Return the messages in ``body``; raise ``ValueError`` where it holds anything else."""
    found = orjson.loads(body)
    messages = [found] if isinstance(found, str) else found
    if not isinstance(messages, list) or not all(isinstance(text, str) for text in messages):
        raise ValueError("no list of messages")
    return messages


# --- over requests ----------------------------------------------------------------------------


async def greeting(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at the door itself, in the words SockJS wants."""
    headers = [(b"content-type", b"text/plain; charset=UTF-8")]
    await _answer(send, 200, b"Welcome to SockJS!\n", headers)


async def info(scope: Scope, receive: Receive, send: Send) -> None:
    """Say what a client can choose from."""
    await _served(scope, receive, send, "GET", _info)


async def xhr(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the next frame; a session nobody knows begins, one of another process is 404."""
    await _served(scope, receive, send, "POST", _poll)


async def xhr_streaming(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with frames as they come, until there are enough; otherwise as :func:`xhr`."""
    await _served(scope, receive, send, "POST", _stream)


async def xhr_send(scope: Scope, receive: Receive, send: Send) -> None:
    """Take messages for a session; 404 where this process has none of its name."""
    await _served(scope, receive, send, "POST", _take_posted)


async def _served(scope: Scope, receive: Receive, send: Send, method: str, answer: Answer) -> None:
    """Answer preflights and wrong methods; leave the rest to ``answer``, with headers to send."""
    headers = _cors(scope)
    if scope["method"] == "OPTIONS":
        await _answer(send, 204, b"", [*headers, *_preflight(method), _KEPT_A_YEAR])
    elif scope["method"] != method:
        allow = (b"allow", f"OPTIONS, {method}".encode())
        await _answer(send, 405, b"", [*headers, allow])
    else:
        await answer(scope, receive, send, [*headers, _NEVER_KEPT])


async def _info(scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
    body = {
        "websocket": True,
        "origins": ["*:*"],
        "cookie_needed": False,
        "entropy": secrets.randbits(32),
    }
    json = (b"content-type", b"application/json; charset=UTF-8")
    await _answer(send, 200, orjson.dumps(body), [*headers, json])


async def _poll(scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
    await _fetch(scope, receive, send, headers, streaming=False)


async def _stream(scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
    unbuffered = (b"x-accel-buffering", b"no")
    await _fetch(scope, receive, send, [*headers, unbuffered], streaming=True)


async def _fetch(
    scope: Scope, receive: Receive, send: Send, headers: Headers, *, streaming: bool
) -> None:
    home = server.current()
    key = _key(scope)
    if key not in home.sessions and not await home.claims.take(key):
        await _answer(send, 404, b"", headers)
        return
    session = home.sessions.get(key)
    fresh = session is None
    if session is None:
        if len(home.sessions) >= settings.SOCKJS_SESSIONS:
            home.claims.release(key)
            await _answer(send, 503, b"", [*headers, (b"retry-after", b"5")])
            return
        session = _begin(home, scope)
    headers.append((b"content-type", b"application/javascript; charset=UTF-8"))
    if not session.attach(send):
        frame = polling.close_frame(2010, "Another connection still open")
        prelude = _PRELUDE if streaming else b""
        await _answer(send, 200, prelude + _line(frame), headers)
        return
    leaving = _watch(session, receive)
    try:
        if fresh:
            await rtm.welcome(home, session.connection)
        await _start(send, 200, headers)
        await _carry(session, send, streaming)
    except asyncio.CancelledError:
        if not session.over:
            raise
    finally:
        leaving.cancel()
        session.detach()


def _begin(home: Server, scope: Scope) -> Session:
    key = _key(scope)

    def ended(session: Session) -> None:
        heart.stop()
        home.closed(session.connection)

    def forgotten() -> None:
        del home.sessions[key]
        home.claims.release(key)

    session = home.sessions[key] = Session(ended, forgotten)
    session.connection = rtm.connection_of(scope, session.send)
    heart = polling.heartbeats(session.connection)
    home.opened(session.connection)
    return session


def _watch(session: Session, receive: Receive) -> asyncio.Task[None]:
    """End the session when the client of the running request leaves before its answer."""
    fetcher = asyncio.current_task()
    assert fetcher is not None

    async def wait() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        session.interrupt(fetcher)

    return asyncio.get_running_loop().create_task(wait())


async def _carry(session: Session, send: Send, streaming: bool) -> None:
    size = 0
    if streaming:
        await send({"type": "http.response.body", "body": _PRELUDE, "more_body": True})
    while True:
        frame = await session.fetch()
        body = _line(frame)
        size += len(body)
        more = streaming and size < STREAM_BYTES and not frame.startswith("c")
        await send({"type": "http.response.body", "body": body, "more_body": more})
        if not more:
            return


async def _take_posted(scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
    home = server.current()
    session = home.sessions.get(_key(scope))
    if session is None or session.connection.closing:
        await _answer(send, 404, b"", headers)
        return
    body = await _body(receive)
    if body is None:
        await _answer(send, 413, b"", [*headers, (b"connection", b"close")])
        return
    try:
        messages = _messages(body)
    except ValueError:
        await _answer(send, 400, b"Broken JSON encoding.", headers)
        return
    for message in messages:
        home.calls.receive(session.connection, message)
    plain = (b"content-type", b"text/plain; charset=UTF-8")
    await _answer(send, 204, b"", [*headers, plain])


async def _body(receive: Receive) -> bytes | None:
    """Return a request's body; nothing where it is larger than a frame may be."""
    parts: list[bytes] = []
    left = settings.MAX_FRAME_BYTES
    while True:
        message = await receive()
        part = message.get("body", b"")
        parts.append(part)
        left -= len(part)
        if left < 0:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


def _key(scope: Scope) -> tuple[str, ...]:
    route = scope["url_route"]["kwargs"]
    return route["version"], route["api"], route["server"], route["session"]


def _line(frame: str) -> bytes:
    return f"{frame}\n".encode()


# --- answers ----------------------------------------------------------------------------------


def _cors(scope: Scope) -> Headers:
    """Let scripts of any site read the answer: who may do what is decided by tokens alone.

    SockJS clients ask with credentials, so their origin is named; no cookie is read or set here.
    """
    asked = dict(scope["headers"])
    origin = asked.get(b"origin")
    if origin is None:
        return [(b"access-control-allow-origin", b"*")]
    headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]
    wanted = asked.get(b"access-control-request-headers")
    if wanted is not None:
        headers.append((b"access-control-allow-headers", wanted))
    return headers


def _preflight(method: str) -> Headers:
    return [
        (b"access-control-allow-methods", f"OPTIONS, {method}".encode()),
        (b"access-control-max-age", b"31536000"),
    ]


async def _answer(send: Send, status: int, body: bytes, headers: Headers) -> None:
    length = [] if status == 204 else [(b"content-length", str(len(body)).encode())]
    await _start(send, status, [*headers, *length])
    await send({"type": "http.response.body", "body": body})


async def _start(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


SOCKETS = [(rf"{_PREFIX}/websocket$", rtm.rtm), (rf"{_SESSION}/websocket$", socket)]
"""Where sockets are opened. The first is a plain one, without SockJS's frames."""

REQUESTS = [
    (rf"{_PREFIX}/?$", greeting),
    (rf"{_PREFIX}/info$", info),
    (rf"{_SESSION}/xhr$", xhr),
    (rf"{_SESSION}/xhr_streaming$", xhr_streaming),
    (rf"{_SESSION}/xhr_send$", xhr_send),
]
"""Where everything else is asked for."""
