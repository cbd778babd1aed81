"""A connection's way out: ordered, bounded, and without a task while nothing is sent."""

import asyncio
from typing import Any

import orjson
import pytest

from chatplatform.transports import connection as connections
from chatplatform.transports.connection import Connection
from tests.transports.fakes import until


class Wire:
    """What a server process is to a connection; while ``stuck``, nothing is taken."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.free = asyncio.Event()
        self.free.set()
        self.transport = self
        self.aborted = False
        self.error: Exception | None = None

    async def send(self, message: dict[str, Any]) -> None:
        """Take a message, or wait, or fail."""
        await self.free.wait()
        if self.error is not None:
            raise self.error
        self.sent.append(message)

    def abort(self) -> None:
        """Close at once."""
        self.aborted = True


def texts(wire: Wire) -> list[str]:
    """Return the frames that were taken."""
    return [message["text"] for message in wire.sent if message["type"] == "websocket.send"]


def tasks() -> int:
    """Return how many tasks live."""
    return len(asyncio.all_tasks())


async def test_frames_leave_in_order_and_no_task_stays() -> None:
    wire = Wire()
    connection = Connection(wire.send, api="agent", version="3.6")
    idle = tasks()

    for number in range(5):
        connection.send(str(number))
    await until(lambda: len(wire.sent) == 5 and tasks() == idle)

    assert texts(wire) == ["0", "1", "2", "3", "4"]
    assert tasks() == idle


async def test_a_close_comes_after_everything_queued_and_nothing_after_it() -> None:
    wire = Wire()
    connection = Connection(wire.send, api="agent", version="3.6")

    connection.send("last")
    connection.close(1000)
    connection.send("never")
    connection.close(1011)
    await until(lambda: len(wire.sent) == 2)
    await asyncio.sleep(0.01)

    assert wire.sent == [
        {"type": "websocket.send", "text": "last"},
        {"type": "websocket.close", "code": 1000},
    ]
    assert connection.closing is True


async def test_a_disconnect_tells_the_reason_in_the_connections_version() -> None:
    wire = Wire()
    connection = Connection(wire.send, api="agent", version="3.5")

    connection.disconnect("role_permissions_changed")
    await until(lambda: len(wire.sent) == 2)

    frame, close = wire.sent
    assert orjson.loads(frame["text"]) == {
        "version": "3.5",
        "action": "agent_disconnected",
        "type": "push",
        "payload": {"reason": "internal_error"},
    }
    assert close["type"] == "websocket.close"


@pytest.mark.parametrize(
    "frames",
    [
        ["x"] * (connections.MAX_QUEUED_FRAMES + 2),
        ["x" * (connections.MAX_QUEUED_CHARACTERS // 4)] * 6,
    ],
    ids=["frames", "characters"],
)
async def test_who_does_not_read_is_cut_off_and_leaves_nothing_behind(frames: list[str]) -> None:
    wire = Wire()
    connection = Connection(wire.send, api="agent", version="3.6")
    reader = asyncio.create_task(asyncio.sleep(60))
    connection.reader = reader
    idle = tasks() - 1
    wire.free.clear()

    for frame in frames:
        connection.send(frame)
        await asyncio.sleep(0)
    await until(lambda: reader.done() and tasks() == idle)

    assert connection.gone is True
    assert wire.aborted is True
    assert reader.cancelled() is True
    assert tasks() == idle
    assert (len(connection._frames), connection._size) == (0, 0)


async def test_a_queue_just_below_its_bound_is_delivered_when_the_client_reads_again() -> None:
    wire = Wire()
    connection = Connection(wire.send, api="agent", version="3.6")
    wire.free.clear()

    for number in range(connections.MAX_QUEUED_FRAMES):
        connection.send(str(number))
    await asyncio.sleep(0.01)
    wire.free.set()
    await until(lambda: len(wire.sent) == connections.MAX_QUEUED_FRAMES)

    assert texts(wire) == [str(number) for number in range(connections.MAX_QUEUED_FRAMES)]


@pytest.mark.parametrize("error", [OSError(), RuntimeError("invalid close code")])
async def test_a_socket_that_takes_no_more_is_given_up(error: Exception) -> None:
    wire = Wire()
    wire.error = error
    connection = Connection(wire.send, api="agent", version="3.6")

    connection.send("a")
    connection.send("b")
    await until(lambda: connection.gone)
    connection.send("c")

    assert connection.gone is True
    assert (wire.sent, len(connection._frames)) == ([], 0)
