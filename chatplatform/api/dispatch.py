"""The only pipeline. Every call of every transport goes through :func:`dispatch`, in this order:

find action → check version window → authenticate → rate limit → upgrade payload → validate →
check scopes → run the handler (in one transaction if it writes) → add what only the requester's
client sees → downgrade → answer. What agents and bots called is noted (``services/api_calls.py``).

It runs on a database thread, whole; nothing in it waits for the event loop.
"""

from __future__ import annotations

import time
from typing import Any

from chatplatform import clock, domain_events
from chatplatform.api import ratelimit, registry, versions
from chatplatform.api.action import Action
from chatplatform.api.call import AUTHORS_UNTIL, WEB, Call, Outcome
from chatplatform.api.context import Context
from chatplatform.api.errors import as_protocol_error
from chatplatform.api.perform import perform
from chatplatform.domain_events import Cause, DomainEvent
from chatplatform.errors import (
    Authentication,
    CustomerBanned,
    UnsupportedVersion,
)
from chatplatform.requester import AgentRequester, Requester, cause_of
from chatplatform.services import api_calls, authentication


def dispatch(call: Call) -> Outcome:
    """Serve ``call``; never raise. Must run on a thread that may use the database."""
    began = time.perf_counter()
    with domain_events.collect() as events:
        try:
            outcome = _serve(call, events)
        except Exception as error:
            refusal = as_protocol_error(error, action=call.action, api=call.api)
            outcome = Outcome(error=refusal, events=events)
    # Read from the call: whoever it is from is known even where the call was refused.
    if isinstance(call.requester, AgentRequester):
        api_calls.note(
            call.requester,
            api=call.api,
            action=call.action,
            version=call.version,
            transport=call.transport,
            error=outcome.error.type if outcome.error is not None else "",
            seconds=time.perf_counter() - began,
        )
    return outcome


def authenticate(call: Call, *, even_suspended: bool = False) -> Requester:
    """Return who sent ``call``, by its credentials; raise ``Authentication`` for nobody.

    ``even_suspended``: agents who are suspended may, too.
    """
    if call.api == "customer":
        return authentication.authenticate_customer(call.credentials, call.query, call.address)
    return authentication.authenticate_agent(call.credentials, even_suspended=even_suspended)


def _known_anyway(call: Call) -> Requester | None:
    """Return who sent a call that anybody may send, when a customer's valid token says so.

    The official Python SDK leaves the organisation out of such calls but sends its token.
    """
    if call.api != "customer" or not call.credentials:
        return None
    try:
        return authentication.identify_customer(call.credentials, call.address)
    except (Authentication, CustomerBanned):
        return None


def _serve(call: Call, events: list[DomainEvent]) -> Outcome:
    if call.version not in versions.VERSIONS:
        raise UnsupportedVersion(f"version {call.version[:16]!r} is not supported")
    action = registry.find(call.api, call.action, call.transport, call.version)
    requester = call.requester
    if requester is None:
        requester = (
            _known_anyway(call)
            if action.public
            else authenticate(call, even_suspended=action.while_suspended)
        )
        call.requester = requester
    if requester is not None:
        ratelimit.count(requester.rate_key)
    requester = _author(call, action, requester)
    ctx = _context(call, requester)
    with domain_events.caused_by(_cause(call, requester)):
        answer = perform(action, ctx, call.payload)
    return Outcome(
        payload=answer,
        events=events,
        session=ctx.session,
        ends_session=ctx.ends_session,
        version_of_answer=ctx.version_of_answer,
    )


def _cause(call: Call, requester: Requester | None) -> Cause:
    """Return who causes what the call changes; of a call that anybody may send, the way alone."""
    if requester is None:
        return Cause("", "", "", call.transport, call.address, call.user_agent)
    return cause_of(requester, call.transport, call.address, call.user_agent)


def _author(call: Call, action: Action, requester: Requester | None) -> Requester | None:
    """Return who acts: the requester, or the bot they name, up to 3.5 (protocol.md 5.3).

    What is about the connection itself, and so has no Web door, stays its owner's.
    """
    if not call.author_id or call.version > AUTHORS_UNTIL or not action.exists(WEB, call.version):
        return requester
    if not isinstance(requester, AgentRequester):
        return requester
    return authentication.acting_as(requester, call.author_id)


def _context(call: Call, requester: Requester | None) -> Context[Any]:
    return Context(
        requester=requester,
        organization_id=requester.organization_id if requester else None,  # type: ignore[arg-type]
        client_id=requester.client_id if requester else "",
        version=call.version,
        transport=call.transport,
        request_id=call.request_id,
        connection_id=call.connection_id,
        now=clock.now(),
        address=call.address,
        user_agent=call.user_agent,
        base_url=call.base_url,
        query=call.query,
        upload=call.upload,
        deadline=call.deadline,
        terms=call.terms,
    )
