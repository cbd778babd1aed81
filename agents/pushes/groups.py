"""Pushes about groups: which there are, and how they are configured."""

from __future__ import annotations

from chatplatform.api import told
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.groups import GroupCreated, GroupDeleted, GroupUpdated

_GROUPS = frozenset({"groups--all:ro"})


@push("agent", "group_created")
def group_created(event: GroupCreated) -> Push:
    """There is a new group: everything, empty fields too."""
    return Push(told.group_created(event), Reach.AGENTS, scopes=_GROUPS)


@push("agent", "group_updated")
def group_updated(event: GroupUpdated) -> Push:
    """A group's configuration changed: the changed fields only."""
    return Push(told.group_updated(event), Reach.AGENTS, scopes=_GROUPS)


@push("agent", "group_deleted")
def group_deleted(event: GroupDeleted) -> Push:
    """A group is no more."""
    return Push(told.group_deleted(event), Reach.AGENTS, scopes=_GROUPS)
