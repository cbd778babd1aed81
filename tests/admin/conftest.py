"""People who look at the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from chatplatform.models import Account, Agent, AuditEntry, Organization
from chatplatform.models.people import AgentRole
from tests import make


class Visitor:
    """Somebody who is signed in and clicks through the admin."""

    def __init__(self, account: Account, agent: Agent | None = None) -> None:
        self.account = account
        self.agent = agent
        self.client = Client(REMOTE_ADDR="192.0.2.7", headers={"user-agent": "Lynx"})
        self.client.force_login(account, "django.contrib.auth.backends.ModelBackend")

    def get(self, path: str, **query: Any) -> Any:
        """Open a page below ``/admin/``."""
        return self.client.get(f"/admin/{path}", query)

    def post(self, path: str, follow: bool = False, **values: Any) -> Any:
        """Send a form."""
        return self.client.post(f"/admin/{path}", values, follow=follow)


def errors(response: Any) -> dict[str, list[str]]:
    """Return what the form on a page says is wrong, by field; ``__all__`` for the whole."""
    context = response.context
    form = context["adminform"].form if "adminform" in context else context["form"]
    return {field: [str(one) for one in found] for field, found in form.errors.items()}


def shown_secret(visitor: Visitor, response: Any) -> str:
    """Return the secret on the page a form led to."""
    page = visitor.client.get(response.url)
    secret: str = page.context["secret"]
    assert secret in page.content.decode()
    return secret


def said(visitor: Visitor, path: str = "") -> list[str]:
    """Return what is said on the next page that is opened."""
    return [str(one) for one in visitor.get(path).context["messages"]]


@pytest.fixture
def visitor() -> Callable[..., Visitor]:
    """Return how somebody with a role in an organisation comes to the admin."""

    def come(organization: Organization, role: str = AgentRole.OWNER) -> Visitor:
        agent = make.agent(organization, role)
        return Visitor(make.account(agent), agent)

    return come


@pytest.fixture
def owner(acme: Organization, visitor: Callable[..., Visitor]) -> Visitor:
    """The owner of Acme."""
    return visitor(acme)


@pytest.fixture
def superuser(db: None) -> Visitor:
    """Who runs the platform."""
    return Visitor(Account.objects.create_superuser("root@example.com", name="Root"))


@pytest.fixture
def logged() -> Callable[[Organization | None], list[dict[str, Any]]]:
    """Return how to read an organisation's audit log, the oldest entry first."""

    def read(organization: Organization | None) -> list[dict[str, Any]]:
        rows = AuditEntry.objects.filter(organization=organization).order_by("id")
        return list(
            rows.values(
                "action", "subject_type", "subject_id", "before", "after", "user_id", "door"
            )
        )

    return read
