"""What tests of webhooks start from."""

from __future__ import annotations

from typing import Any

import pytest

from chatplatform.models import Organization
from tests.webhooks.hooks import Hooks, client_of
from tests.world import User


@pytest.fixture
def root(world: Any, acme: Organization) -> User:
    """Return an administrator, through whose client everybody else acts as well."""
    found: User = world.agent(acme, "root", role="administrator")
    return found


@pytest.fixture
def hooks(root: User, acme: Organization) -> Hooks:
    """Return an application that is installed and nobody acts through."""
    return Hooks(acme)


@pytest.fixture
def talking(ann: User, carl: User) -> dict[str, Any]:
    """Return what is asked for besides about the running chat of Ann and Carl (``ids``)."""
    return {
        "chat_properties": {
            "source": {"client_id": client_of(carl)},
            "routing": {"continuous": False, "unassigned": False},
        },
        "chat_presence_user_ids": [carl.id, ann.id],
    }
