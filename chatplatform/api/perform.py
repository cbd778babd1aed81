"""What one request goes through once it is known who asks; see ``dispatch.py`` for the rest.

Every call passes here once, and every request of a batch (``batches.py``) once more.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction

from chatplatform.api import owned, versions
from chatplatform.api.action import Action
from chatplatform.api.context import Context
from chatplatform.api.versions.structures import root_of
from chatplatform.errors import Authorization, Validation
from chatplatform.requester import AgentRequester, Requester


def perform(action: Action, ctx: Context[Any], payload: Any) -> Any:
    """Run ``action`` on ``payload``, any JSON, and return the answer, both in the call's version.

    Upgrade → validate → check scopes → run the handler (in one transaction if it writes) → add what
    only the requester's client sees → downgrade. Raise whatever refuses it; then nothing changed.
    """
    if not isinstance(payload, dict):
        raise Validation("payload must be an object")
    upgraded = versions.upgrade_request(action, ctx.version, payload)
    request = action.request.model_validate(upgraded)
    _check_scopes(action, ctx.requester)
    response = _run(action, ctx, request)
    if ctx.client_id:
        response = owned.shown_to(ctx.client_id, response, root_of(action.api, action.name))
    return versions.downgrade_response(action, ctx.version, response)


def _check_scopes(action: Action, requester: Requester | None) -> None:
    if isinstance(requester, AgentRequester) and not action.permits(requester.scopes):
        wanted = (" and " if action.every_scope else " or ").join(sorted(action.scopes))
        raise Authorization(f"the token lacks the scope {wanted}")


def _run(action: Action, ctx: Context[Any], request: Any) -> Any:
    if not action.writes:
        return action.handler(ctx, request)
    with transaction.atomic():
        response = action.handler(ctx, request)
        ctx.commit_point()
    return response
