"""Pushes about canned responses: private ones reach their author, the others who may list them."""

from __future__ import annotations

from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events import Record
from chatplatform.domain_events.canned_responses import (
    CannedResponseCreated,
    CannedResponseDeleted,
    CannedResponseEvent,
    CannedResponseUpdated,
)

_ALL = "canned_responses--all:ro"
_RESPONSES = frozenset({"canned_responses--groups:ro", _ALL})


def _to_readers(
    payload: Record, *, group_id: int, author_id: str, is_private: bool, but: Push | None = None
) -> Push:
    if is_private:
        author = frozenset({author_id})
        return Push(payload, Reach.USERS, user_ids=author, scopes=_RESPONSES, unless=but)
    return Push(
        payload,
        Reach.ACCESS,
        group_ids=frozenset({group_id}),
        opened_by=frozenset({_ALL}),
        scopes=_RESPONSES,
        unless=but,
    )


def _place(event: CannedResponseEvent) -> Record:
    return {
        "group_id": event.group_id,
        "author_id": event.author_id,
        "is_private": event.is_private,
    }


@push("agent", "canned_response_created", since="3.7")
def canned_response_created(event: CannedResponseCreated) -> Push:
    """There is a new response."""
    return _to_readers(event.response, **_place(event))


@push("agent", "canned_response_updated", since="3.7")
def canned_response_updated(event: CannedResponseUpdated) -> Push:
    """A response changed."""
    return _to_readers(event.response, **_place(event))


@push("agent", "canned_response_deleted", since="3.7")
def canned_response_deleted(event: CannedResponseDeleted) -> Push:
    """A response is no more, or no longer for those who could see it."""
    payload = {"id": event.response_id}
    still = _to_readers(payload, **event.now) if event.now is not None else None
    return _to_readers(payload, **_place(event), but=still)
