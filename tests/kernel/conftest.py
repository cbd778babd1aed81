"""Two organisations made once for a module: every test begins with them untouched.

Nobody renews their connections' leases, so these last as long as the module takes.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings

from chatplatform import clock
from chatplatform.models import ConnectionLease
from tests import samples
from tests.samples import Scene
from tests.world import World


class Stage:
    """A world with the organisations ``alpha`` and ``beta`` in it."""

    def __init__(self) -> None:
        self.world = World()
        self.alpha = samples.scene(self.world, "alpha")
        self.beta = samples.scene(self.world, "beta", groups=2)


@pytest.fixture(scope="module")
def _made(django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    quick = override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    with django_db_blocker.unblock(), quick, transaction.atomic():
        stage = Stage()
        ConnectionLease.objects.update(expires_at=clock.now() + timedelta(hours=1))
        yield stage
        transaction.set_rollback(True)


@pytest.fixture
def stage(_made: Stage, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Return the organisations; whatever a test changes is undone after it."""
    monkeypatch.setattr("chatplatform.transports.web.publish", _made.world.deliver)
    listeners = list(_made.world.listeners)
    yield _made
    _made.world.restore(listeners)


@pytest.fixture
def scene(stage: Stage) -> Scene:
    """Return one of the organisations."""
    return stage.alpha


@pytest.fixture
def beta(stage: Stage) -> Scene:
    """Return the other organisation."""
    return stage.beta
