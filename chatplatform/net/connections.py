"""The outgoing client for many calls to the same places: connections are kept open.

The rules are those of ``client.request``: a name is looked up once for each connection, every
address of it checked, and exactly a checked one connected to; no redirect is followed, no proxy
asked, no cookie kept, nothing unpacked; time and size are bounded whatever the other side does.

It is aiohttp on an event loop, where ``client.py`` is requests: a webhook's receiver may take ten
seconds to answer, and hundreds of receivers may do so at a time. A call that waits costs a socket
here, and would cost a thread there. The few calls others make one at a time need no loop, and
stay with the client that blocks.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache, partial
from typing import Any, Final, cast

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader
from aiohttp.tracing import Trace
from requests import adapters
from yarl import URL

from chatplatform.net import addresses
from chatplatform.net.addresses import Place
from chatplatform.net.client import CONNECT_SECONDS, USER_AGENT, Limits, Response, Unreachable

KEPT_SECONDS: Final = 4.0
"""For how long an unused connection is kept: less than servers keep theirs, so that a request
seldom meets one that is being closed."""
KEPT_PER_PLACE: Final = 4
MAX_LINE_BYTES: Final = 8 * 1024
"""Of an answer's first line, and of each of its headers."""
MAX_HEADERS: Final = 128
MAX_READ_BYTES: Final = 64 * 1024
"""What is read of a body, however little of it is wanted, before the connection is given up."""
MAX_HEARD_BYTES: Final = 2 * MAX_READ_BYTES
"""What is heard of an answer: forewords (1xx), head, chunks and their trimmings, and the body."""
MAX_FOREWORDS: Final = 16
LOOKUPS: Final = 16
"""Names looked up at a time; each takes a thread for as long as the resolver takes."""
LOOKUP_SECONDS: Final = 1.0
"""After so long, a look-up makes room for others, though its thread waits on."""
_HEARD_AT_ONCE: Final = 8 * 1024


class Connections:
    """Sends requests from one event loop, on kept connections where there are any.

    ``limits`` hold for each request (``redirects`` is none, longer bodies are cut);
    ``allowed_hosts`` as for ``client.request``. It may be made anywhere, and belongs to the loop
    of its first request, on which it is to be closed.
    """

    def __init__(self, limits: Limits, allowed_hosts: Collection[str] = ()) -> None:
        self._limits = limits
        self._allowed_hosts = tuple(allowed_hosts)
        self._turns = asyncio.Semaphore(LOOKUPS)
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        """By whether they may go inside."""

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> Response:
        """Send a request, once, and return what came back, whatever its status.

        A body that goes on when its time is up is cut. Raise
        :class:`~chatplatform.net.client.Unreachable`.
        """
        answer: aiohttp.ClientResponse | None = None
        read = bytearray()
        try:
            place = addresses.place(url)
            session = self._session(may_be_inside=place.is_among(self._allowed_hosts))
            async with (
                asyncio.timeout(self._limits.seconds),
                session.request(
                    method, _url(place), headers=headers, data=body, allow_redirects=False
                ) as answer,
            ):
                await self._read(answer, read)
        except TimeoutError:
            if answer is None:
                raise Unreachable("it took too long") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if answer is None:
                reason = _reason(error)
                raise Unreachable(repr(reason)) from reason
        if answer.status < 200:
            raise Unreachable("it speaks of something else") from ValueError(answer.status)
        return Response(url, answer.status, _headers(answer), bytes(read))

    async def close(self) -> None:
        """End every connection, and every look-up."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    def _session(self, *, may_be_inside: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(may_be_inside)
        if session is None:
            session = self._sessions[may_be_inside] = aiohttp.ClientSession(
                connector=_Connector(
                    self._turns, self._limits.seconds, may_be_inside=may_be_inside
                ),
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
                skip_auto_headers=("Content-Type",),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                auto_decompress=False,
                trust_env=False,  # neither proxies nor passwords of the machine's
                max_line_size=MAX_LINE_BYTES,
                max_field_size=MAX_LINE_BYTES,
                max_headers=MAX_HEADERS,
            )
        return session

    async def _read(self, answer: aiohttp.ClientResponse, read: bytearray) -> None:
        """Put what is wanted of a body into ``read``, and the rest, if it is short, nowhere."""
        left = MAX_READ_BYTES
        async for part in answer.content.iter_any():
            read += part[: self._limits.max_bytes - len(read)]
            left -= len(part)
            if left < 0:
                return


class _Connector(aiohttp.TCPConnector):
    """Opens connections, to checked addresses only, and keeps few of them.

    aiohttp leaves no other way to look at a connection as it is taken and given back than the two
    methods of its own that are overridden here, nor to bound what one may say but its factory.
    """

    def __init__(self, turns: asyncio.Semaphore, seconds: float, *, may_be_inside: bool) -> None:
        self._names = _Names(turns, seconds, may_be_inside=may_be_inside)
        super().__init__(
            resolver=self._names,
            use_dns_cache=False,
            socket_factory=_socket if may_be_inside else _socket_outside,
            ssl=_tls(adapters.DEFAULT_CA_BUNDLE_PATH),
            keepalive_timeout=KEPT_SECONDS,
            limit=0,  # of those in use: no receiver is to wait for another at the same host
        )
        self._factory = cast("partial[ResponseHandler]", partial(_Hearing, loop=self._loop))

    async def close(self, *, abort_ssl: bool = True) -> None:
        await self._names.close()
        await super().close(abort_ssl=abort_ssl)

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        """Take a kept connection on which nobody hung up, or said anything unasked."""
        while (kept := await super()._get(key, traces)) is not None:
            if _is_quiet(kept):
                return kept
            kept.close()
        return None

    def _release(
        self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False
    ) -> None:
        """Keep a connection, or end it at once: whoever reads slowly would hold it open else."""
        kept = len(self._conns.get(key, ()))
        if should_close or protocol.should_close or kept >= KEPT_PER_PLACE:
            protocol.abort()
            should_close = True
        super()._release(key, protocol, should_close=should_close)


class _Hearing(ResponseHandler):
    """Hears an answer out for as long as it is of a reasonable size.

    Whatever is said has to be parsed on the loop, where everybody else waits meanwhile: a peer that
    never comes to the point, or dresses up each byte, is cut off.
    """

    _heard = 0
    _forewords = 0

    def set_response_params(self, **params: Any) -> None:
        self._heard = self._forewords = 0
        super().set_response_params(**params)

    def data_received(self, data: bytes) -> None:
        if not data:
            super().data_received(data)
        for start in range(0, len(data), _HEARD_AT_ONCE):
            if self._heard > MAX_HEARD_BYTES or self._forewords > MAX_FOREWORDS:
                self._cut_off()
                return
            part = data[start : start + _HEARD_AT_ONCE]
            self._heard += len(part)
            super().data_received(part)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        if data[0].code < 200:
            self._forewords += 1
        super().feed_data(data, size)

    def _cut_off(self) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.set_exception(ValueError("it never comes to an end"))
            self.transport.abort()


class _Names(AbstractResolver):
    """Looks names up and checks every address; who asks meanwhile gets the same answer.

    Who waits longer than ``seconds`` for a turn waits in vain.
    """

    def __init__(self, turns: asyncio.Semaphore, seconds: float, *, may_be_inside: bool) -> None:
        self._turns = turns
        self._seconds = seconds
        self._may_be_inside = may_be_inside
        self._asked: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        key = (host, port)
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.ensure_future(self._look_up(host, port))
            asked.add_done_callback(lambda done: self._looked_up(key, done))
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in await asyncio.shield(asked)
        ]

    async def close(self) -> None:
        for asked in self._asked.values():
            asked.cancel()

    def _looked_up(self, key: tuple[str, int], done: asyncio.Future[list[str]]) -> None:
        self._asked.pop(key, None)
        if not done.cancelled():
            done.exception()  # whoever asked may have gone

    async def _look_up(self, host: str, port: int) -> list[str]:
        inside = self._may_be_inside
        async with asyncio.timeout(self._seconds):
            await self._turns.acquire()
        turn = _Turn(self._turns)
        after = asyncio.get_running_loop().call_later(LOOKUP_SECONDS, turn.end)
        try:
            return await _in_thread(lambda: addresses.resolve(host, port, may_be_inside=inside))
        finally:
            after.cancel()
            turn.end()


class _Turn:
    """A turn that was taken, and is given back once, whoever ends it."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns: asyncio.Semaphore | None = turns

    def end(self) -> None:
        """Let others have it."""
        turns, self._turns = self._turns, None
        if turns is not None:
            turns.release()


def _is_quiet(connection: Connection) -> bool:
    if connection.transport is None or connection.protocol is None:
        return False
    waiting = select.poll()
    waiting.register(connection.transport.get_extra_info("socket").fileno(), select.POLLIN)
    return not connection.protocol.should_close and not waiting.poll(0)


def _socket_outside(address: aiohttp.AddrInfoType) -> socket.socket:
    """Make a socket for an outside address. Where a URL names an address, no look-up checked it."""
    host = str(address[4][0])
    if not addresses.is_outside(host):
        raise addresses.Inside(f"{host} leads inside")
    return _socket(address)


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    return socket.socket(family, kind, protocol)


def _url(place: Place) -> URL:
    """Return where to send a request; no reading of it but ``place``'s is to be tried."""
    url = URL(place.url, encoded=True)
    if (url.raw_host, url.port, url.raw_path_qs) != (place.host, place.port, place.target):
        raise ValueError("not an address to go to")
    return url


def _headers(answer: aiohttp.ClientResponse) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1")
        for name, value in answer.raw_headers
    }


def _reason(error: Exception) -> Exception:
    """Return what is behind a failure: the network's or TLS's error, or that it is not HTTP."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return ConnectionResetError("it hung up")
    if isinstance(error, aiohttp.ClientError) and isinstance(error.__cause__, Exception):
        return error.__cause__
    return error


@lru_cache(maxsize=4)
def _tls(authorities: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authorities)


async def _in_thread(work: Callable[[], list[str]]) -> list[str]:
    """Run what blocks on a thread that a process does not wait for when it ends."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def finish(result: list[str] | None, error: OSError | None) -> None:
        if answer.done():
            return
        if error is not None or result is None:
            answer.set_exception(error or OSError("no address"))
        else:
            answer.set_result(result)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except OSError as failure:
            error = failure
        except Exception as failure:
            error = OSError(repr(failure))
        try:
            loop.call_soon_threadsafe(finish, result, error)
        except RuntimeError:
            return  # the loop has ended meanwhile

    threading.Thread(target=run, name="resolver", daemon=True).start()
    return await answer
