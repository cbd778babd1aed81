"""The people most of these tests need."""

import pytest

from chatplatform.models import Organization
from tests.world import User, World


@pytest.fixture
def ann(world: World, acme: Organization) -> User:
    """An agent who accepts chats."""
    return world.agent(acme, "ann", online=True)


@pytest.fixture
def carl(world: World, acme: Organization) -> User:
    """A connected customer."""
    return world.customer(acme, "carl")
