"""The load's own processes: ``python -m benchmarks.generator ROLE``.

The configuration comes as one JSON line on standard input; ``ready`` is answered when everybody
is logged in; the next line starts the measurement, and the result is printed as JSON. Watchers
start at once and answer when told the window of time that counts.
"""

from __future__ import annotations

import asyncio
import sys
import time
from array import array
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, ClassVar, cast

import httptools
import orjson
import uvloop

from benchmarks import sockets
from benchmarks.figures import milliseconds
from benchmarks.sockets import Socket

Config = dict[str, Any]
Result = dict[str, Any]

DRAIN_SECONDS = 10.0
PAUSE_SECONDS = 0.05
LOGINS_AT_ONCE = 10


class _Reader:
    """What one reader saw of each chat: how many events, and whether in their order."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.newest: dict[str, int] = {}
        self.disordered = 0

    def take(self, payload: Result) -> None:
        chat_id, event = payload["chat_id"], payload["event"]
        position = int(event["id"].rpartition("_")[2])
        if position <= self.newest.get(chat_id, 0):
            self.disordered += 1
            return
        self.newest[chat_id] = position
        self.seen[chat_id] = self.seen.get(chat_id, 0) + 1


# --- customers who send ---------------------------------------------------------------------------


class _Sender:
    """A customer who writes into one chat.

    ``every`` None: the next message follows the answer to the one before. Otherwise messages are
    due at fixed times, ``every`` seconds apart, and count from when they were due.
    """

    def __init__(self, socket: Socket, chat_id: str, name: str, every: float | None) -> None:
        self.reader = _Reader()
        self.acknowledged = 0
        self.refusals: list[str] = []
        self.responses = array("d")
        """Pairs: when a message was sent, and when its answer came."""
        self.under_way: dict[str, float] = {}
        self.socket = socket
        self._chat_id = chat_id.encode()
        self._name = name
        self._every = every
        self._count = 0
        self._until = 0.0
        socket.on_text = self._on_text

    def start(self, first: float, until: float) -> None:
        """Send from ``first`` to ``until``, on the monotonic clock."""
        self._until = until
        loop = asyncio.get_running_loop()
        if self._every is None:
            loop.call_later(first - time.monotonic(), self._send, None)
        else:
            self._await_turn(first)

    def _await_turn(self, due: float) -> None:
        if due >= self._until:
            return
        wait = max(0.0, due - time.monotonic())
        asyncio.get_running_loop().call_later(wait, self._take_turn, due)

    def _take_turn(self, due: float) -> None:
        assert self._every is not None
        self._send(due)
        self._await_turn(due + self._every)

    def _send(self, due: float | None) -> None:
        self._count += 1
        sent = due or time.monotonic()
        request_id = str(self._count)
        self.under_way[request_id] = sent
        self.socket.send(
            b'{"request_id":"%b","action":"send_event","payload":{"chat_id":"%b","event":'
            b'{"type":"message","custom_id":"%b-%b",'
            b'"text":"%.6f What became of the parcel I sent back?"}}}'
            % (
                request_id.encode(),
                self._chat_id,
                self._name.encode(),
                request_id.encode(),
                sent,
            )
        )

    def _on_text(self, text: bytes) -> None:
        now = time.monotonic()
        frame = orjson.loads(text)
        if frame["type"] == "push":
            if frame["action"] == "incoming_event":
                self.reader.take(frame["payload"])
            return
        sent = self.under_way.pop(frame["request_id"])
        if not frame["success"]:
            self.refusals.append(str(frame["payload"]))
            return
        self.acknowledged += 1
        self.responses.extend((sent, now))
        if self._every is None and now < self._until:
            self._send(None)


async def _senders(config: Config) -> Result:
    port, organization_id = config["port"], config["organization_id"]
    log_in = [partial(sockets.customer, port, token, organization_id) for token in config["tokens"]]
    opened = await _together(log_in)
    rate = config["rate"]
    every = len(opened) / rate if rate else None
    senders = [
        _Sender(socket, chat_id, f"{config['name']}-{number}", every)
        for number, (socket, chat_id) in enumerate(zip(opened, config["chat_ids"], strict=True))
    ]
    await _say_ready()
    begin = time.monotonic() + 0.1
    window = (begin + config["warm_up"], begin + config["warm_up"] + config["seconds"])
    for number, sender in enumerate(senders):
        phase = every * number / len(senders) if every else 0.0
        sender.start(begin + phase, window[1])
    await asyncio.sleep(window[1] - time.monotonic())
    await _drained(senders)
    return _sent(senders, window)


async def _drained(senders: list[_Sender]) -> None:
    """Wait until every message was answered and came back to its sender, or never will."""

    def quiet(sender: _Sender) -> bool:
        return not sender.under_way and sum(sender.reader.seen.values()) >= sender.acknowledged

    await _until(lambda: all(quiet(sender) for sender in senders))


def _sent(senders: list[_Sender], window: tuple[float, float]) -> Result:
    begin, end = window
    times = [
        (sent, answered)
        for sender in senders
        for sent, answered in zip(sender.responses[::2], sender.responses[1::2], strict=True)
    ]
    counted = [answered - sent for sent, answered in times if begin <= sent < end]
    answered_inside = sum(begin <= answered < end for _, answered in times)
    return {
        "window": window,
        "per_second": answered_inside / (end - begin),
        "response_p50": milliseconds(counted, 0.5),
        "response_p99": milliseconds(counted, 0.99),
        "acknowledged": {sender._chat_id.decode(): sender.acknowledged for sender in senders},
        "unanswered": sum(len(sender.under_way) for sender in senders),
        "refusals": [refusal for sender in senders for refusal in sender.refusals],
        "disconnected": sum(sender.socket.closed.is_set() for sender in senders),
        "missing": sum(
            sender.acknowledged - sum(sender.reader.seen.values()) for sender in senders
        ),
        "disordered": sum(sender.reader.disordered for sender in senders),
    }


# --- agents who read ------------------------------------------------------------------------------


class _Watcher:
    """An agent who follows every chat; ``times`` are pairs of when sent and when arrived."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.reader = _Reader()
        self.times = array("d")
        socket.on_text = self._on_text

    def _on_text(self, text: bytes) -> None:
        now = time.monotonic()
        frame = orjson.loads(text)
        if frame.get("action") == "incoming_event":
            payload = frame["payload"]
            self.reader.take(payload)
            sent, separator, _ = payload["event"].get("text", "").partition(" ")
            if separator:
                self.times.extend((float(sent), now))


async def _watchers(config: Config) -> Result:
    log_in = [partial(sockets.agent, config["port"], token) for token in config["tokens"]]
    watchers = [_Watcher(socket) for socket in await _together(log_in)]
    said = orjson.loads(await _say_ready())
    wanted: dict[str, int] = said["acknowledged"]
    await _until(lambda: not any(_missing(one, wanted) for one in watchers))
    begin, end = said["window"]
    delays = [
        arrived - sent
        for watcher in watchers
        for sent, arrived in zip(watcher.times[::2], watcher.times[1::2], strict=True)
        if begin <= sent < end
    ]
    return {
        "delivery_p50": milliseconds(delays, 0.5),
        "delivery_p99": milliseconds(delays, 0.99),
        "deliveries": len(delays),
        "missing": sum(_missing(watcher, wanted) for watcher in watchers),
        "disordered": sum(watcher.reader.disordered for watcher in watchers),
        "disconnected": sum(watcher.socket.closed.is_set() for watcher in watchers),
    }


def _missing(watcher: _Watcher, wanted: dict[str, int]) -> int:
    seen = watcher.reader.seen
    return sum(max(0, count - seen.get(chat_id, 0)) for chat_id, count in wanted.items())


# --- integrations that post -----------------------------------------------------------------------


async def _posters(config: Config) -> Result:
    """Post events over HTTP, a connection per request, as through a proxy without keep-alive."""
    await _say_ready()
    begin = time.monotonic() + config["warm_up"]
    end = begin + config["seconds"]
    posts = [
        (chat_id, token)
        for chat_id, token in zip(config["chat_ids"], config["tokens"], strict=True)
    ]
    times: list[tuple[float, float]] = []
    refusals: list[str] = []

    async def post_until_end(number: int) -> None:
        count = 0
        while (sent := time.monotonic()) < end:
            count += 1
            chat_id, token = posts[(number + count * config["clients"]) % len(posts)]
            answer = await _post(config, chat_id, token, f"{config['name']}-{number}-{count}")
            if b'"event_id"' in answer:
                times.append((sent, time.monotonic()))
            else:
                refusals.append(answer[-300:].decode(errors="replace"))

    await asyncio.gather(*(post_until_end(number) for number in range(config["clients"])))
    counted = [answered - sent for sent, answered in times if begin <= sent < end]
    return {
        "per_second": sum(begin <= answered < end for _, answered in times) / (end - begin),
        "response_p50": milliseconds(counted, 0.5),
        "response_p99": milliseconds(counted, 0.99),
        "refusals": refusals,
    }


async def _post(config: Config, chat_id: str, token: str, custom_id: str) -> bytes:
    event = {"type": "message", "custom_id": custom_id, "text": "What became of my parcel?"}
    body = orjson.dumps({"chat_id": chat_id, "event": event})
    reader, writer = await asyncio.open_connection("127.0.0.1", config["port"])
    writer.write(
        f"POST /v3.7/customer/action/send_event?organization_id={config['organization_id']}"
        f" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n".encode()
        + body
    )
    answer = await reader.read(-1)
    writer.close()
    return answer


# --- receivers of webhooks ------------------------------------------------------------------------


class _Receiver(asyncio.Protocol):
    """A connection of a receiver that thanks for everything, and notes when messages came."""

    arrived: ClassVar[dict[str, list[float]]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)
        self._body = b""

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        now = time.monotonic()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        body, self._body = self._body, b""
        _, _, after = body.partition(b'"custom_id":"')
        name = after.partition(b'"')[0].decode()
        self.arrived.setdefault(name, []).append(now)


async def _receivers(config: Config) -> Result:
    """Listen until told to end; return when each message came, by its ``custom_id``."""
    loop = asyncio.get_running_loop()
    await loop.create_server(_Receiver, "127.0.0.1", config["port"])
    await _say_ready()
    return {"arrived": _Receiver.arrived}


# --- the process ----------------------------------------------------------------------------------


async def _together(work: list[Any]) -> list[Any]:
    """Run coroutine functions, a few at a time, and return their results in order."""
    places = asyncio.Semaphore(LOGINS_AT_ONCE)

    async def one(start: Any) -> Any:
        async with places:
            return await start()

    return await asyncio.gather(*(one(start) for start in work))


async def _until(condition: Callable[[], bool]) -> None:
    """Wait until ``condition`` holds, or for ``DRAIN_SECONDS``."""
    for _ in range(int(DRAIN_SECONDS / PAUSE_SECONDS)):
        if condition():
            return
        await asyncio.sleep(PAUSE_SECONDS)


async def _say_ready() -> bytes:
    """Tell the parent, and return what it says next."""
    print("ready", flush=True)
    line: bytes = await asyncio.to_thread(sys.stdin.buffer.readline)
    return line


ROLES = {
    "senders": _senders,
    "watchers": _watchers,
    "posters": _posters,
    "receivers": _receivers,
}


def main() -> None:
    """Play the role named on the command line."""
    config = orjson.loads(sys.stdin.buffer.readline())
    work: Coroutine[Any, Any, Result] = ROLES[sys.argv[1]](config)
    result = uvloop.run(work)
    print(orjson.dumps(result).decode(), flush=True)


if __name__ == "__main__":
    main()
