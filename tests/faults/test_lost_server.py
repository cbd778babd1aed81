"""A server process dies while everybody writes."""

from tests.faults.stage import Stage, play


async def test_everything_acknowledged_survives_a_killed_server_and_clients_agree_elsewhere(
    stage: Stage,
) -> None:
    # Given: every client is connected to the first of two server processes, and writes
    async with play(stage, spread=False) as cast:
        cast.begin()
        await cast.more(500)

        # When: that process is killed
        stage.servers[0].kill()
        before = cast.said

        # Then: everybody comes back to the other one and goes on
        await cast.more(500)
        await cast.end()
        assert cast.said >= before + 500
        assert all(client.closings for client in cast.everybody)
        # and every acknowledged message is stored, under the id the answer named, and only once
        assert cast.stored_once()
        # and everybody sees what is stored, in its order
        await cast.agree(within=20)
