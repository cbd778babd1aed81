"""Who configures, and through whose application."""

import pytest

from chatplatform.models import Agent, Application, Organization
from tests import make


@pytest.fixture
def shop(acme: Organization) -> Application:
    """Return the application of an integration of the organisation's."""
    return make.application(acme)


@pytest.fixture
def seat(acme: Organization) -> Agent:
    """Return the seat of an administrator."""
    return make.agent(acme, "administrator", name="Boss", login_status="not_accepting_chats")
