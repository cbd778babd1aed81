"""The outgoing HTTP client: nobody outside may use it to look inside.

A name is resolved once, every address it has checked, and exactly such an address connected to;
private, loopback, link-local and metadata addresses are refused, on every redirect anew. Time and
size are bounded whatever the other side does, by a watchdog that cuts the connection. Only the
hosts an operator allows by name may have inside addresses.

Calls block: never make one on the event loop or inside a transaction.
"""

from __future__ import annotations

import http.client
import io
import queue
import socket
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import connection

from chatplatform.net import addresses

USER_AGENT = "ChatPlatform"
MAX_URL = 2048
CONNECT_SECONDS = 3.0
MAX_TRIMMINGS = 128 * 1024
"""Of heads, forewords (1xx) and chunks, beside a body: parsing them takes time from everybody."""
_CHUNK = 16 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Unreachable(Exception):
    """Nothing usable came back. The text is for logs: whoever chose the address must not read it,
    for it tells apart what is refused from what is not there."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. ``url`` is where redirects led; header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call may take: ``seconds`` in all, ``max_bytes`` of the body, so many redirects.

    ``cut``: a longer body is cut there, and not refused.
    """

    seconds: float
    max_bytes: int
    redirects: int = 0
    cut: bool = False


def request(
    method: str,
    url: str,
    limits: Limits,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    content_type: str = "",
    allowed_hosts: Collection[str] = (),
) -> Response:
    """Send a request and return what came back, whatever its status.

    With ``limits.redirects`` it follows them (by ``GET`` without the body), else a redirect is the
    answer. ``content_type`` refuses any other before the body is read. ``allowed_hosts`` (``host``
    or ``host:port``) are reached wherever they are. Raise :class:`Unreachable`.
    """
    line = _Line(limits.seconds, 2 * limits.max_bytes + MAX_TRIMMINGS)
    with line.watched():
        for _ in range(limits.redirects + 1):
            with _sent(line, method, url, headers or {}, body, allowed_hosts) as answer:
                onward = answer.headers.get("location") if limits.redirects else None
                if answer.status_code not in _REDIRECTS or onward is None:
                    return _read(line, url, answer, limits, content_type)
            method, body, url = "GET", None, urljoin(url, onward)
    raise Unreachable("too many redirects")


class _Line:
    """The connections of one call, all of which end when its time is up or too much was said."""

    def __init__(self, seconds: float, max_heard: int) -> None:
        self._heard_left = max_heard
        self._deadline = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_cut = False

    def left(self) -> float:
        """Return the seconds that are left; raise :class:`Unreachable` when none are."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise Unreachable("it took too long")
        return left

    def hear(self, count: int) -> None:
        """Count what was read; raise ``OSError`` when it is too much."""
        self._heard_left -= count
        if self._heard_left < 0:
            raise OSError("it never comes to an end")

    def hold(self, opened: Any) -> None:
        with self._lock:
            self._sockets.append(opened)
        if self._is_cut:
            self._cut()

    @contextmanager
    def watched(self) -> Iterator[None]:
        watchdog = threading.Timer(self.left(), self._cut)
        watchdog.daemon = True
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()

    def _cut(self) -> None:
        self._is_cut = True
        with self._lock:
            for opened in self._sockets:
                try:
                    socket.socket.shutdown(opened, socket.SHUT_RDWR)
                except OSError:
                    continue


class _Heard(io.RawIOBase):
    """What a connection brings, counted."""

    def __init__(self, source: io.RawIOBase, line: _Line) -> None:
        self._source = source
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = self._source.readinto(buffer)
        self._line.hear(count or 0)
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


def _session(line: _Line, *, trusted: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # neither proxies nor passwords of the machine's
    adapter = HTTPAdapter()
    adapter.poolmanager.pool_classes_by_scheme = _pools(line, trusted=trusted)
    for scheme in ("http://", "https://"):
        session.mount(scheme, adapter)
    return session


def _pools(line: _Line, *, trusted: bool) -> dict[str, type[HTTPConnectionPool]]:
    """Return connection pools that go to checked addresses, and whose sockets ``line`` holds."""

    class Answer(http.client.HTTPResponse):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.fp = io.BufferedReader(_Heard(self.fp.detach(), line))

    class Plain(HTTPConnection):
        response_class = Answer

        def _new_conn(self) -> socket.socket:
            return _connected(self, line, trusted=trusted)

        def connect(self) -> None:
            super().connect()
            line.hold(self.sock)

    class Secure(HTTPSConnection):
        response_class = Answer

        def _new_conn(self) -> socket.socket:
            return _connected(self, line, trusted=trusted)

        def connect(self) -> None:
            super().connect()
            line.hold(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _connected(to: HTTPConnection, line: _Line, *, trusted: bool) -> socket.socket:
    """Look the host up, check its addresses, and connect to the first of them that answers."""
    failed = OSError("no address")
    for address in _looked_up(to.host.strip("[]"), to.port, line, trusted=trusted):
        seconds = min(CONNECT_SECONDS, line.left())
        try:
            return connection.create_connection(
                (address, to.port), seconds, socket_options=to.socket_options
            )
        except OSError as error:
            failed = error
    raise failed


def _looked_up(host: str, port: int, line: _Line, *, trusted: bool) -> list[str]:
    """Return a host's addresses; a resolver that takes too long is left alone with its thread."""
    answer: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answer.put(addresses.resolve(host, port, may_be_inside=trusted))
        except Exception as error:
            answer.put(error)

    threading.Thread(target=look_up, name="resolver", daemon=True).start()
    try:
        found = answer.get(timeout=line.left())
    except queue.Empty:
        raise Unreachable("it took too long") from None
    if isinstance(found, Exception):
        raise found
    return found


@contextmanager
def _sent(
    line: _Line,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    allowed_hosts: Collection[str],
) -> Iterator[requests.Response]:
    left = line.left()
    try:
        if len(url) > MAX_URL:
            raise ValueError("too long an address")
        place = addresses.place(url)
        trusted = place.is_among(allowed_hosts)
        with _session(line, trusted=trusted) as session:
            answer = session.request(
                method,
                place.url,
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers},
                data=body,
                timeout=(min(CONNECT_SECONDS, left), left),
                allow_redirects=False,
                stream=True,
            )
            with answer:
                yield answer
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise Unreachable(repr(error)) from error


def _read(
    line: _Line, url: str, answer: requests.Response, limits: Limits, content_type: str
) -> Response:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if not headers.get("content-type", "").lower().startswith(content_type):
        raise Unreachable("it is of another type")
    if headers.get("content-encoding", "identity") != "identity":
        raise Unreachable("it is packed, though we asked for it plain")
    body = bytearray()
    for chunk in answer.raw.stream(_CHUNK, decode_content=False):
        line.left()
        body += chunk
        if len(body) > limits.max_bytes:
            if not limits.cut:
                raise Unreachable("it is too large")
            del body[limits.max_bytes :]
            break
    line.left()
    return Response(url, answer.status_code, headers, bytes(body))
