"""A SockJS session lives in one process, and the others know."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import redis
import redis.asyncio
from django.conf import settings

from chatplatform.transports import claims
from chatplatform.transports.claims import Claims

NOTES = ["memory", "redis"] if settings.REDIS_URL else ["memory"]


class Memory:
    """Notes without a server; ``down`` lets every question fail."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.down = False

    async def set(self, name: str, value: str, *, nx: bool, ex: int) -> bool:
        if self.down:
            raise redis.ConnectionError
        return self.kept.setdefault(name, value) is value

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def delete(self, name: str) -> None:
        self.kept.pop(name, None)

    async def aclose(self) -> None:
        """There is nothing to close."""


@pytest_asyncio.fixture(params=NOTES)
async def notes(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    if request.param == "memory":
        yield Memory()
        return
    client = redis.asyncio.Redis.from_url(settings.REDIS_URL)
    yield client
    await client.aclose()


@pytest.fixture
def session() -> tuple[str, ...]:
    return ("3.4", "agent", "000", secrets.token_hex(4))


async def test_a_session_belongs_to_who_took_it_first(notes: Any, session: tuple[str, ...]) -> None:
    here, there = Claims("here", notes), Claims("there", notes)

    assert await here.take(session)

    assert not await there.take(session)
    assert await here.take(session)


async def test_a_session_that_ended_can_begin_anywhere(
    notes: Any, session: tuple[str, ...]
) -> None:
    here, there = Claims("here", notes), Claims("there", notes)
    await here.take(session)

    here.release(session)
    await here.stop()

    assert await there.take(session)


async def test_without_an_answer_every_process_takes_what_comes(session: tuple[str, ...]) -> None:
    notes = Memory()
    notes.down = True

    assert await Claims("here", notes).take(session)
    assert await Claims("there", notes).take(session)


async def test_one_process_notes_nothing(session: tuple[str, ...]) -> None:
    alone = Claims("here", None)

    assert await alone.take(session)
    alone.release(session)


def test_the_installation_says_where_notes_are_kept(settings: Any) -> None:
    settings.REDIS_URL = ""
    assert claims.claims("here")._notes is None
    settings.REDIS_URL = "redis://127.0.0.1:6379/0"
    assert claims.claims("here")._notes is not None
