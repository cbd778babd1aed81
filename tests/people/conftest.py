"""Who changes the staff."""

import pytest

from chatplatform.models import Organization
from tests.world import User, World


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """Return an administrator who hears everything about the staff."""
    return world.agent(acme, "boss", role="administrator", online=True, accepting=False)
