"""A week in which time stands still until a test moves on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from chatplatform import clock
from chatplatform.models import ConnectionLease, Organization
from chatplatform.services import bots
from tests import make
from tests.kernel.working_hours.hours import BEFORE, Travel
from tests.world import User, World


@pytest.fixture(autouse=True)
def travel() -> Iterator[Travel]:
    """Return a function that moves on to a moment, at which every connection still lives.

    It is Wednesday at eight, in UTC, until then.
    """
    with time_machine.travel(BEFORE, tick=False) as traveller:

        def to(moment: str) -> None:
            traveller.move_to(moment)
            later = clock.now() + timedelta(days=1)
            ConnectionLease.objects.update(expires_at=later)

        yield to


@pytest.fixture
def boss(world: World, acme: Organization) -> User:
    """Return an administrator, connected but not accepting, without working hours."""
    return world.agent(acme, "boss", role="administrator", online=True, accepting=False)


@pytest.fixture
def robin(acme: Organization) -> str:
    """Return the id of a bot."""
    return bots.create_bot(make.application(acme), "Robin").agent.public_id
