"""People who use the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chatplatform.models import Account, Agent, Organization
from chatplatform.models.people import AgentRole
from tests import make


class Developer:
    """Somebody who is signed in and clicks through the console."""

    def __init__(self, account: Account, agent: Agent | None = None) -> None:
        self.account = account
        self.agent = agent
        self.client = Client(REMOTE_ADDR="192.0.2.7", headers={"user-agent": "Lynx"})
        self.client.force_login(account, "django.contrib.auth.backends.ModelBackend")

    def get(self, path: str = "") -> Any:
        """Open a page below ``/console/``."""
        return self.client.get(f"/console/{path}")

    def post(self, path: str, follow: bool = False, **values: Any) -> Any:
        """Send a form."""
        return self.client.post(f"/console/{path}", values, follow=follow)


def errors(response: Any) -> dict[str, list[str]]:
    """Return what the form on a page says is wrong, by field."""
    found = response.context["form"].errors.items()
    return {field: [str(one) for one in said] for field, said in found}


@pytest.fixture
def developer() -> Callable[..., Developer]:
    """Return how somebody with a role in an organisation comes to the console."""

    def come(organization: Organization, role: str = AgentRole.OWNER) -> Developer:
        agent = make.agent(organization, role)
        return Developer(make.account(agent), agent)

    return come


@pytest.fixture
def owner(acme: Organization, developer: Callable[..., Developer]) -> Developer:
    """The owner of Acme."""
    return developer(acme)


@pytest.fixture
def superuser(db: None) -> Developer:
    """Who runs the platform."""
    return Developer(Account.objects.create_superuser("root@example.com", name="Root"))
