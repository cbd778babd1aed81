"""An organisation, its people, an application with a secret and one without."""

from __future__ import annotations

import pytest

from chatplatform.models import Agent, Application, Organization
from chatplatform.models.people import AgentRole
from tests import make
from tests.accounts.oauth.flows import SECRET, Browser, Server

SCOPES = ("chats--all:rw", "customers:ro", "agents--my:ro")


@pytest.fixture
def owner(acme: Organization) -> Agent:
    """The owner, whose role allows all."""
    return make.agent(acme, AgentRole.OWNER, email="olivia@acme.example", name="Olivia")


@pytest.fixture
def member(acme: Organization) -> Agent:
    """An agent without special rights."""
    return make.agent(acme, AgentRole.NORMAL, email="noah@acme.example", name="Noah")


@pytest.fixture
def application(acme: Organization) -> Application:
    """An application that runs on a server."""
    return make.application(acme, ["https://shop.example/app"], scopes=SCOPES, client_secret=SECRET)


@pytest.fixture
def public(acme: Organization) -> Application:
    """An application that runs in browsers, and can keep no secret."""
    return make.application(acme, ["https://shop.example/app"], scopes=SCOPES, confidential=False)


@pytest.fixture
def browser(application: Application, owner: Agent) -> Browser:
    """The owner's browser, sent here by the application with a server."""
    return Browser(application).sign_in(owner)


@pytest.fixture
def server(application: Application) -> Server:
    """The application's server."""
    return Server(application)
