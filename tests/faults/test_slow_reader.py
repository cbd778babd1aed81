"""A client stops reading its socket."""

import time

import psutil

from tests.faults.stage import Stage, play

WORDS = "what a long message " * 100
FEW_WORDS = "and so on"
MAX_GROWTH_BYTES = 64 * 1024 * 1024
MAX_ANSWER_SECONDS = 10.0


def _resident(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


def _connected(pid: int, port: int) -> bool:
    """Tell whether the server process still holds the connection to a client's port."""
    return any(
        connection.raddr and connection.raddr.port == port
        for connection in psutil.Process(pid).net_connections("tcp")
    )


async def test_a_client_that_stops_reading_is_cut_off_and_nobody_else_notices(
    stage: Stage,
) -> None:
    server = stage.servers[0]
    # Given: everybody writes long messages, and one more connection of an agent is told them all
    async with play(stage, spread=False, words=WORDS) as cast:
        idler = stage.agent(1, [server.url])
        await idler.enter()
        cast.begin()
        await cast.more(300)
        before = _resident(server.process.pid)
        port = idler.port

        # When: that connection is not read from any more
        idler.pause()
        assert _connected(server.process.pid, port)

        # Then: the server cuts it off before much has gathered for it
        largest = before
        deadline = time.monotonic() + 120
        while _connected(server.process.pid, port):
            assert time.monotonic() < deadline, "the idle reader is still connected"
            await cast.more(50)
            largest = max(largest, _resident(server.process.pid))
        assert largest - before < MAX_GROWTH_BYTES
        # and the others go on undisturbed, with less to read than would be too much for them
        cast.words = FEW_WORDS
        await cast.more(300)
        began = time.monotonic()
        await cast.agents[1].call("ping")
        assert time.monotonic() - began < MAX_ANSWER_SECONDS
        await cast.end()
        await cast.agree(within=20)
        assert [client.closings for client in cast.everybody] == [[]] * len(cast.everybody)
        await idler.leave()
