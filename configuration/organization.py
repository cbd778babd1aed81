"""Whose configuration a call is about: always the requester's own organisation."""

from __future__ import annotations

from chatplatform.api.context import AgentContext
from chatplatform.errors import LicenseNotFound
from chatplatform.models import Organization
from chatplatform.selectors import organizations


def organization_of(ctx: AgentContext) -> Organization:
    """Return the requester's organisation. One read; raise :class:`LicenseNotFound`."""
    found = organizations.by_id(ctx.organization_id)
    if found is None:
        raise LicenseNotFound
    return found
