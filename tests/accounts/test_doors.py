"""Where pages lead whoever looks: to what their role allows, and to nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from chatplatform.models import Account, Organization
from chatplatform.models.people import AgentRole
from tests import make

pytestmark = pytest.mark.django_db

ALL = ["/workspace/", "/admin/", "/console/", "/account/"]


def signed_in(account: Account) -> Client:
    """Return the browser of somebody who is signed in."""
    client = Client()
    client.force_login(account, "django.contrib.auth.backends.ModelBackend")
    return client


def links(response: Any) -> list[str]:
    """Return where a page leads among the parts of the platform."""
    found = re.findall(r'<a [^>]*href="([^"]+)"', response.content.decode())
    return [one for one in found if one in ALL]


@pytest.mark.parametrize(
    ("role", "open_to_them"),
    [
        (AgentRole.OWNER, ALL),
        (AgentRole.NORMAL, ["/workspace/", "/console/", "/account/"]),
    ],
)
def test_pages_lead_to_what_the_role_allows(
    acme: Organization, role: str, open_to_them: list[str]
) -> None:
    client = signed_in(make.account(make.agent(acme, role)))

    assert links(client.get("/")) == open_to_them
    assert links(client.get("/nowhere")) == open_to_them
    assert links(client.get("/account/")) == [one for one in open_to_them if one != "/account/"]


def test_strangers_are_led_to_the_sign_in_alone() -> None:
    assert links(Client().get("/")) == ["/workspace/"]
    assert links(Client().get("/nowhere")) == []


def test_an_agent_at_the_administration_is_told_and_led_on(acme: Organization) -> None:
    client = signed_in(make.account(make.agent(acme, AgentRole.NORMAL)))

    page = client.get("/admin/", follow=True)

    assert page.status_code == 403
    assert "You may not open this page" in page.content.decode()
    assert links(page) == ["/workspace/", "/console/", "/account/"]


def test_who_is_no_agent_has_no_workspace_and_is_told() -> None:
    client = signed_in(Account.objects.create_superuser("root@example.com", name="Root"))

    page = client.get("/workspace/")

    assert page.status_code == 403
    html = page.content.decode()
    assert "The account root@example.com is no agent of any organisation" in html
    assert "workspace/main.js" not in html
    assert links(page) == ["/admin/", "/console/", "/account/"]
