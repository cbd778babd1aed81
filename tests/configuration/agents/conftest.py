"""An owner, an administrator and an agent."""

import pytest

from chatplatform.models import Organization
from tests.world import User, World


@pytest.fixture
def oona(world: World, acme: Organization) -> User:
    """The owner."""
    return world.agent(acme, "oona", role="owner")


@pytest.fixture
def ann(world: World, acme: Organization) -> User:
    """An administrator, who is there to hear what is told."""
    return world.agent(acme, "ann", role="administrator", online=True)


@pytest.fixture
def bob(world: World, acme: Organization) -> User:
    """An agent of role normal."""
    return world.agent(acme, "bob")
