"""Pushes about tags, and threads that carry them."""

from __future__ import annotations

from agents.pushes.reach import about, in_full
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.tags import (
    TagCreated,
    TagDeleted,
    TagUpdated,
    ThreadTagged,
    ThreadUntagged,
)

_TAGS = frozenset({"tags--all:ro", "tags--groups:ro"})


@push("agent", "tag_created", since="3.5")
def tag_created(event: TagCreated) -> Push:
    """There is a new tag."""
    payload = {
        "name": event.name,
        "group_ids": event.group_ids,
        "created_at": event.created_at,
        "author_id": event.author_id,
    }
    return Push(payload, Reach.AGENTS, scopes=_TAGS)


@push("agent", "tag_updated", since="3.5")
def tag_updated(event: TagUpdated) -> Push:
    """A tag belongs to other groups now."""
    payload = {"name": event.name, "group_ids": event.group_ids}
    return Push(payload, Reach.AGENTS, scopes=_TAGS)


@push("agent", "tag_deleted", since="3.5")
def tag_deleted(event: TagDeleted) -> Push:
    """A tag can be put on no more threads."""
    return Push({"name": event.name}, Reach.AGENTS, scopes=_TAGS)


@push("agent", "thread_tagged")
def thread_tagged(event: ThreadTagged) -> Push:
    """A thread carries a tag now."""
    return in_full(event, {**about(event), "tag": event.tag})


@push("agent", "thread_untagged")
def thread_untagged(event: ThreadUntagged) -> Push:
    """A thread carries a tag no more."""
    return in_full(event, {**about(event), "tag": event.tag})
