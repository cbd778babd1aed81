"""A receiver of webhooks on this machine that answers as a test wants."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Received:
    """A call: when it arrived, and what it said. Header names are in lower case."""

    at: float
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        """By which receivers tell deliveries apart."""
        return self.headers["webhook-id"]

    @property
    def body(self) -> dict[str, Any]:
        """What it said."""
        found: dict[str, Any] = orjson.loads(self.raw)
        return found


Answer = Callable[[BaseHTTPRequestHandler], None]


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """Answer so; underscores in header names stand for hyphens."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def after(seconds: float, then: Answer | None = None) -> Answer:
    """Take so long to answer."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        (then or status(200))(handler)

    return answer


def raw(*parts: bytes) -> Answer:
    """Say just this, and hang up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        for part in parts:
            handler.wfile.write(part)
        handler.close_connection = True

    return answer


class Receiver(ThreadingHTTPServer):
    """``answer`` decides; ``received`` is what came so far, ``most`` how many at a time."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__((HOST, port), _Handler)
        self.answer: Answer = status(200)
        self.received: list[Received] = []
        self.open = 0
        self.most = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self.server_port}/hook"

    def ids(self) -> list[str]:
        """Return the ids of what came, in order."""
        return [one.id for one in list(self.received)]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about callers that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.lock:
            self.server.received.append(Received(time.monotonic(), self.path, headers, body))
            self.server.open += 1
            self.server.most = max(self.server.most, self.server.open)
        try:
            self.server.answer(self)
        finally:
            with self.server.lock:
                self.server.open -= 1

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """Run a receiver on a thread."""
    made = Receiver(port)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def until(condition: Callable[[], object], seconds: float = 60.0, what: str = "it") -> float:
    """Wait until ``condition`` holds; return how long that took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"{what} did not happen within {seconds} seconds")
        time.sleep(0.01)
    return time.monotonic() - began
