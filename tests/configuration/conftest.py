"""Through whose application somebody configures."""

import pytest

from chatplatform.models import Application, Organization
from tests import make


@pytest.fixture
def shop(acme: Organization) -> Application:
    """Return the application of an integration of the organisation's."""
    return make.application(acme)
