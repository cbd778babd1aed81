"""Agent Chat API: the licence."""

from __future__ import annotations

from typing_extensions import TypedDict

from chatplatform import clock
from chatplatform.api.action import Empty, action
from chatplatform.api.context import AgentContext
from chatplatform.errors import LicenseNotFound
from chatplatform.selectors import organizations

NEVER = "9999-12-31T23:59:59.000000Z"
"""When a licence of one's own server expires."""


class LicenseShape(TypedDict):
    """``get_license_info``'s answer."""

    license_id: str
    expires_at: str
    created_at: str
    in_trial: bool


@action("agent", web="3.5", rtm=None, until="3.5")
def get_license_info(ctx: AgentContext, request: Empty) -> LicenseShape:
    """Tell when the licence began and when it ends."""
    organization = organizations.by_id(ctx.organization_id)
    if organization is None:
        raise LicenseNotFound
    return {
        "license_id": str(organization.license_id),
        "expires_at": NEVER,
        "created_at": clock.to_wire(organization.created_at),
        "in_trial": False,
    }
