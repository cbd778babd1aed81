"""Over a real socket, under the server process that production uses."""

import asyncio
import contextlib
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from chatplatform.api import versions
from chatplatform.transports.server import Server
from tests.transports import fakes
from tests.transports.conftest import MAX_FRAME_BYTES
from tests.transports.fakes import said, until

EVENTS = 1_500
BATCH = 20
TEXT = "x" * 15_000


async def log_in(address: str, name: str, **options: Any) -> ClientConnection:
    """Connect and log in."""
    client = await connect(f"{address}/v3.6/agent/rtm/ws", compression=None, **options)
    await client.send(orjson.dumps({"action": "login", "payload": {"token": name}}).decode())
    assert orjson.loads(await client.recv())["success"] is True
    return client


async def end(client: ClientConnection) -> int:
    """Read to the end; return how many frames came."""
    count = 0
    with contextlib.suppress(ConnectionClosed):
        while await client.recv():
            count += 1
    return count


@pytest.mark.parametrize("version", versions.VERSIONS)
async def test_the_handshake_carries_the_versions_headers(address: str, version: str) -> None:
    async with connect(f"{address}/v{version}/agent/rtm/ws") as client:
        assert client.response is not None
        headers = client.response.headers

    expected = versions.lifecycle_headers(version)
    assert {name: headers[name] for name in expected} == expected


async def test_a_frame_over_the_limit_closes_its_socket_only(address: str, server: Server) -> None:
    other = await log_in(address, "bob")
    client = await log_in(address, "ann")

    await client.send('{"action":"ping","payload":"' + "x" * MAX_FRAME_BYTES + '"}')
    with pytest.raises(ConnectionClosed) as closed:
        await client.recv()
    await other.send('{"action":"ping"}')

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert orjson.loads(await other.recv())["success"] is True
    await other.close()


async def test_who_stops_reading_is_cut_off_and_nobody_else_notices(
    address: str, server: Server
) -> None:
    stuck = await log_in(address, "ann", max_queue=1)
    reader = await log_in(address, "bob", max_queue=None)
    tasks = len(asyncio.all_tasks())

    heard: list[int] = []
    for sequence in range(1, EVENTS + 1):
        server.publisher.publish([said(TEXT, sequence=sequence)])
        if sequence % BATCH == 0:
            frames = [orjson.loads(await reader.recv()) for _ in range(BATCH)]
            heard += [frame["payload"]["sequence"] for frame in frames]
    await until(lambda: len(server._connections) == 1)
    await until(lambda: len(asyncio.all_tasks()) < tasks)

    assert heard == list(range(1, EVENTS + 1))
    assert fakes.users(server) == {"bob"}
    assert await end(stuck) < EVENTS
    await reader.close()
