"""What the fault tests stand on: server processes, a Redis and a database of their own, and load.

These tests are about a grown installation. Without ``DATABASE_URL`` (PostgreSQL) and ``REDIS_URL``
there is none, and they are deselected, here and nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.redis_server import RedisServer
from tests.faults.stage import Stage, servers

HERE = Path(__file__).parent
GROWN = os.environ.get("DATABASE_URL", "").startswith("postgres") and bool(
    os.environ.get("REDIS_URL")
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark this folder's tests slow, and leave them out where there is nothing to run them on."""
    own = [item for item in items if item.path.is_relative_to(HERE)]
    for item in own:
        item.add_marker(pytest.mark.slow)
    if own and not GROWN:
        config.hook.pytest_deselected(items=own)
        items[:] = [item for item in items if item not in own]


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    server = RedisServer()
    server.start()
    yield server
    server.kill()


@pytest.fixture
def stage(tmp_path: Path, redis_server: RedisServer) -> Iterator[Stage]:
    """Two server processes on one database and one Redis."""
    with servers(tmp_path, redis_server.url, count=2) as running:
        yield running
