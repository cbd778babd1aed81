"""Calling an action from one of our own pages, for the person who looks at it.

The admin and the console change things as every other client does: through the action, with its
validation, its scopes, its service, and what that tells. There is no second set of rules.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from chatplatform import clock, domain_events
from chatplatform.api import registry, versions
from chatplatform.api.call import WEB
from chatplatform.api.context import Context
from chatplatform.api.perform import perform
from chatplatform.domain_events import Cause
from chatplatform.requester import AgentRequester


def call(
    requester: AgentRequester,
    cause: Cause,
    name: str,
    payload: dict[str, Any] | None = None,
    *,
    api: str = "configuration",
    base_url: str = "",
) -> Any:
    """Run the action ``name`` in the newest version and return its answer.

    ``cause`` says who did it and through which door. What it tells leaves after the commit of the
    caller's transaction, if there is one. Raise the :class:`ProtocolError` that refuses it; then
    nothing changed.
    """
    action = registry.find(api, name, WEB, versions.NEWEST)
    ctx = Context(
        requester=requester,
        organization_id=requester.organization_id,
        client_id=requester.client_id,
        version=versions.NEWEST,
        transport=WEB,
        request_id=str(uuid4()),
        connection_id="",
        now=clock.now(),
        address=cause.address,
        user_agent=cause.user_agent,
        base_url=base_url,
    )
    with domain_events.caused_by(cause):
        return perform(action, ctx, payload or {})
