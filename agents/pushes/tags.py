"""Pushes about tags, and threads that carry them."""

from __future__ import annotations

from collections.abc import Iterable

from agents.pushes.reach import in_full
from chatplatform.api import told
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events import Record
from chatplatform.domain_events.tags import (
    TagCreated,
    TagDeleted,
    TagUpdated,
    ThreadTagged,
    ThreadUntagged,
)

_ALL = frozenset({"tags--all:ro"})
_TAGS = _ALL | {"tags--groups:ro"}


@push("agent", "tag_created", since="3.5")
def tag_created(event: TagCreated) -> Push:
    """There is a new tag."""
    return _of_groups(told.tag_created(event), event.group_ids)


@push("agent", "tag_updated", since="3.5")
def tag_updated(event: TagUpdated) -> Push:
    """A tag belongs to other groups now; those it left are told, too."""
    return _of_groups(told.tag_updated(event), (*event.group_ids, *event.left))


@push("agent", "tag_deleted", since="3.5")
def tag_deleted(event: TagDeleted) -> Push:
    """A tag can be put on no more threads."""
    return _of_groups(told.tag_deleted(event), event.group_ids)


def _of_groups(payload: Record, group_ids: Iterable[int]) -> Push:
    """Reach who may list tags of one of the groups (protocol.md 2.11)."""
    numbers = frozenset(group_ids)
    return Push(payload, Reach.ACCESS, group_ids=numbers, scopes=_TAGS, opened_by=_ALL)


@push("agent", "thread_tagged")
def thread_tagged(event: ThreadTagged) -> Push:
    """A thread carries a tag now."""
    return in_full(event, told.thread_tag(event))


@push("agent", "thread_untagged")
def thread_untagged(event: ThreadUntagged) -> Push:
    """A thread carries a tag no more."""
    return in_full(event, told.thread_tag(event))
