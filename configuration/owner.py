"""Whose objects a call is about: bots, webhooks and properties belong to applications.

A Bearer token names its application; a personal access token names none, so that the request must
(protocol.md 6). Where both are given the request wins, from 3.5 on; before, such a request is
malformed.
"""

from __future__ import annotations

from typing import Final

from chatplatform.api.context import AgentContext
from chatplatform.errors import Authorization, NotFound, Validation
from chatplatform.models import Application, Installation
from chatplatform.selectors import organizations, webhooks

_PARAMETER_WINS_SINCE: Final = "3.5"


def owner(ctx: AgentContext, owner_client_id: str | None, *all_scopes: str) -> Application:
    """Return the application a call is about, of the requester's own organisation.

    ``all_scopes``: the token needs one of them to name another application than its own; none
    given, any token may. Raise :class:`Validation` where no application is named or may be,
    :class:`NotFound` for one that is not the organisation's, :class:`Authorization` without the
    scope.
    """
    wanted = _client_id(ctx, owner_client_id)
    found = named_owner(ctx, wanted)
    if all_scopes and wanted != ctx.client_id and not ctx.requester.has_scope(*all_scopes):
        raise Authorization("the application is another than the token's")
    return found


def named_owner(ctx: AgentContext, owner_client_id: str) -> Application:
    """Return the application of the requester's organisation that has this client id.

    For calls that name one whatever the token and version. Raise :class:`NotFound`.
    """
    found = organizations.application(owner_client_id)
    if found is None or found.organization_id != ctx.organization_id:
        raise NotFound("Application not found")
    return found


def installation(ctx: AgentContext, owner_client_id: str | None) -> Installation:
    """Return the application a call is about as it is installed on the requester's licence.

    Whoever's it is: what it does on a licence is the licence's to decide. Raise
    :class:`Validation` as :func:`owner` does, and :class:`NotFound` where it is not installed.
    """
    return webhooks.access_installation(ctx.organization_id, _client_id(ctx, owner_client_id))


def _client_id(ctx: AgentContext, owner_client_id: str | None) -> str:
    if owner_client_id and ctx.client_id and ctx.version < _PARAMETER_WINS_SINCE:
        raise Validation("`owner_client_id` goes with a personal access token only")
    wanted = owner_client_id or ctx.client_id
    if not wanted:
        raise Validation("`owner_client_id` is required with a personal access token")
    return wanted
