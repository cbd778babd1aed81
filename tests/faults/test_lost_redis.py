"""Redis, which carries what happened from process to process, fails while everybody writes."""

import asyncio

from tests.faults.redis_server import RedisServer
from tests.faults.stage import Stage, play

WITHIN_SECONDS = 20.0
WRITE_ON_SECONDS = 1.0
CUTS = 20
CUT_EVERY_SECONDS = 0.05


def _cut_subscriptions(redis_server: RedisServer) -> int:
    """Throw every subscriber out of Redis and return how many there were."""
    with redis_server.client() as client:
        return int(client.execute_command("CLIENT", "KILL", "TYPE", "pubsub"))


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

        # Then: though everybody writes on, soon afterwards all have what the database has
        await asyncio.sleep(WRITE_ON_SECONDS)
        await cast.end()
        await cast.agree(within=WITHIN_SECONDS - WRITE_ON_SECONDS)
        assert cast.stored_once()


async def test_what_was_said_last_while_redis_was_away_reaches_everybody(
    stage: Stage, redis_server: RedisServer
) -> None:
    # Given
    async with play(stage, spread=True) as cast:
        cast.begin()
        await cast.more(200)

        # When: Redis goes away, and everybody says a last thing before it is back
        redis_server.kill()
        await asyncio.sleep(0.5)
        cast.hush()
        redis_server.start()

        # Then: nothing comes after it that would show the hole, and yet nobody misses it
        async with asyncio.timeout(WITHIN_SECONDS):
            await cast.end()
            await cast.agree(within=WITHIN_SECONDS)
        assert cast.stored_once()


async def test_clients_agree_within_seconds_after_subscriptions_were_cut(
    stage: Stage, redis_server: RedisServer
) -> None:
    # Given
    async with play(stage, spread=True) as cast:
        cast.begin()
        await cast.more(500)

        # When: Redis throws every subscriber out; publishing goes on undisturbed
        assert _cut_subscriptions(redis_server) >= len(stage.servers)

        # Then
        await asyncio.sleep(WRITE_ON_SECONDS)
        await cast.end()
        await cast.agree(within=WITHIN_SECONDS - WRITE_ON_SECONDS)
        assert cast.stored_once()


async def test_what_was_said_last_while_subscriptions_were_cut_reaches_everybody(
    stage: Stage, redis_server: RedisServer
) -> None:
    # Given
    async with play(stage, spread=True) as cast:
        cast.begin()
        await cast.more(500)

        # When: subscribers are thrown out again and again, and everybody falls silent meanwhile
        for count in range(CUTS):
            _cut_subscriptions(redis_server)
            await asyncio.sleep(CUT_EVERY_SECONDS)
            if count == CUTS // 2:
                cast.hush()

        # Then: nothing comes after it that would show the hole, and yet nobody misses it
        async with asyncio.timeout(WITHIN_SECONDS):
            await cast.end()
            await cast.agree(within=WITHIN_SECONDS)
        assert cast.stored_once()
