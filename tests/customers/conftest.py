"""Who comes to the accounts endpoints, and to whom; a module may have others of the same name."""

from __future__ import annotations

import pytest
from django.test import Client

from chatplatform.models import Agent, Application, Customer, Organization
from chatplatform.models.people import AgentRole
from chatplatform.selectors import organizations
from chatplatform.services import identity_keys
from chatplatform.services.identity_keys import NewIdentityKey
from tests import make
from tests.customers.identity import PAGE


@pytest.fixture
def organization(db: None) -> Organization:
    return make.organization()


@pytest.fixture
def application(organization: Organization) -> Application:
    """An integration whose page is the shop's."""
    return make.application(organization, [f"{PAGE}/chat"])


@pytest.fixture
def widget(organization: Organization) -> Application:
    found = organizations.application(organizations.widget_client_id(organization))
    assert found is not None
    return found


@pytest.fixture
def key(organization: Organization) -> NewIdentityKey:
    """What the shop's server signs proofs with."""
    return identity_keys.create_identity_key(organization.pk, "Shop")


@pytest.fixture
def owner(organization: Organization) -> Agent:
    return make.agent(organization, AgentRole.OWNER)


@pytest.fixture
def customer(organization: Organization) -> Customer:
    return make.customer(organization)


@pytest.fixture
def browser() -> Client:
    """A client that keeps no cookies; tests say what it sends."""
    return Client()
