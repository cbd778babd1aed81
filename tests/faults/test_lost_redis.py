"""Redis, which carries what happened from process to process, fails while everybody writes."""

import asyncio

from tests.faults.redis_server import RedisServer
from tests.faults.stage import Play, Stage, play

WITHIN_SECONDS = 5.0
WRITE_ON_SECONDS = 1.0


async def _agree_in_time(cast: Play) -> None:
    """Write on for a while; then all must agree within five seconds of now."""
    await asyncio.sleep(WRITE_ON_SECONDS)
    await cast.end()
    await cast.agree(within=WITHIN_SECONDS - WRITE_ON_SECONDS)
    assert cast.stored_once()


async def test_clients_agree_within_seconds_after_redis_was_restarted(
    stage: Stage, redis_server: RedisServer
) -> None:
    # Given: clients of two server processes write, so that much goes through Redis
    async with play(stage, spread=True) as cast:
        cast.begin()
        await cast.more(500)

        # When: Redis crashes, and is back half a second later with nothing in it
        redis_server.kill()
        await asyncio.sleep(0.5)
        redis_server.start()

        # Then: five seconds later everybody has what the database has
        await _agree_in_time(cast)


async def test_clients_agree_within_seconds_after_subscriptions_were_cut(
    stage: Stage, redis_server: RedisServer
) -> None:
    # Given
    async with play(stage, spread=True) as cast:
        cast.begin()
        await cast.more(500)

        # When: Redis throws every subscriber out; publishing goes on undisturbed
        cut = redis_server.client().execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        assert cut >= len(stage.servers)

        # Then
        await _agree_in_time(cast)


async def test_messages_are_stored_and_answered_while_redis_is_away(
    stage: Stage, redis_server: RedisServer
) -> None:
    # Given
    async with play(stage, spread=True) as cast:
        cast.begin()
        await cast.more(200)

        # When: Redis stays away for a while
        redis_server.kill()
        await asyncio.sleep(3)

        # Then: once it is back, nothing that was acknowledged meanwhile is missing anywhere
        redis_server.start()
        await _agree_in_time(cast)
