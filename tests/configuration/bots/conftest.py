"""A bot, and who configures it."""

from typing import Any

import pytest

from chatplatform.models import Agent, Application
from tests.world import User, World


@pytest.fixture
def boss(world: World, seat: Agent, shop: Application) -> User:
    """Return an administrator who works through the shop's application."""
    return world.as_agent(seat, application=shop, online=True)


@pytest.fixture
def robin(boss: User) -> dict[str, Any]:
    """Return the id and the secret of a bot of the shop's."""
    made: dict[str, Any] = boss.configuration.call("create_bot", name="Robin")
    return made
