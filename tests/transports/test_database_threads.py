"""The threads that may use the database."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from django.db import DatabaseError, connection, connections

from chatplatform.models import Organization
from chatplatform.transports.database_threads import DatabaseThreads


@pytest_asyncio.fixture
async def threads() -> AsyncIterator[DatabaseThreads]:
    """Run two threads."""
    made = DatabaseThreads(asyncio.get_running_loop(), 2)
    yield made
    made.stop(2)


async def test_work_is_done_elsewhere_and_its_result_comes_back(threads: DatabaseThreads) -> None:
    here = threading.get_ident()

    where = await threads.run(threading.get_ident)

    assert where != here


async def test_an_error_comes_back_as_itself(threads: DatabaseThreads) -> None:
    def fail() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await threads.run(fail)


async def test_no_more_than_so_many_work_at_once_and_the_rest_waits(
    threads: DatabaseThreads,
) -> None:
    lock, working, most = threading.Lock(), [0], [0]

    def work() -> None:
        with lock:
            working[0] += 1
            most[0] = max(most[0], working[0])
        time.sleep(0.02)
        with lock:
            working[0] -= 1

    await asyncio.gather(*(threads.run(work) for _ in range(8)))

    assert most[0] == 2


async def test_threads_begin_only_when_needed(threads: DatabaseThreads) -> None:
    for _ in range(3):
        await threads.run(int)

    assert len(threads._threads) == 1


async def test_stopping_lets_work_finish(threads: DatabaseThreads) -> None:
    done: list[int] = []

    def work() -> None:
        time.sleep(0.05)
        done.append(1)

    threads.submit(work, lambda result, error: None)
    threads.stop(2)

    assert done == [1]


@pytest.mark.django_db(transaction=True)
async def test_a_thread_keeps_its_connection(threads: DatabaseThreads) -> None:
    def used() -> object:
        Organization.objects.count()
        return connection.connection

    assert await threads.run(used) is await threads.run(used)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("usable", [True, False])
async def test_only_a_connection_an_error_made_useless_is_replaced(
    threads: DatabaseThreads, monkeypatch: pytest.MonkeyPatch, usable: bool
) -> None:
    monkeypatch.setattr(type(connections["default"]), "is_usable", lambda self: usable)

    def used() -> object:
        Organization.objects.count()
        return connection.connection

    def fail() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    before = await threads.run(used)
    with pytest.raises(DatabaseError):
        await threads.run(fail)
    after = await threads.run(used)

    assert (after is before) is usable
