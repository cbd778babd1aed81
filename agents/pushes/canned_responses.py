"""Pushes about canned responses: private ones reach their author, the others their group."""

from __future__ import annotations

from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events import Record
from chatplatform.domain_events.canned_responses import (
    CannedResponseCreated,
    CannedResponseDeleted,
    CannedResponseEvent,
    CannedResponseUpdated,
)

_RESPONSES = frozenset({"canned_responses--groups:ro", "canned_responses--all:ro"})


def _to_readers(event: CannedResponseEvent, payload: Record) -> Push:
    author = frozenset({event.author_id})
    if event.is_private:
        return Push(payload, Reach.USERS, user_ids=author, scopes=_RESPONSES)
    groups = frozenset({event.group_id})
    return Push(payload, Reach.ACCESS, user_ids=author, group_ids=groups, scopes=_RESPONSES)


@push("agent", "canned_response_created", since="3.7")
def canned_response_created(event: CannedResponseCreated) -> Push:
    """There is a new response."""
    return _to_readers(event, event.response)


@push("agent", "canned_response_updated", since="3.7")
def canned_response_updated(event: CannedResponseUpdated) -> Push:
    """A response changed."""
    return _to_readers(event, event.response)


@push("agent", "canned_response_deleted", since="3.7")
def canned_response_deleted(event: CannedResponseDeleted) -> Push:
    """A response is no more, or no longer for those who could see it."""
    return _to_readers(event, {"id": event.response_id})
