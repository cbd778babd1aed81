"""Reading tags."""

from __future__ import annotations

from collections.abc import Collection

from chatplatform.models import Tag
from chatplatform.requester import AgentRequester
from chatplatform.selectors import groups

READ_ALL = "tags--all:ro"
"""The scope to see tags of groups one is not in, and of no group."""


def visible_tags(requester: AgentRequester, group_ids: Collection[int] = ()) -> list[Tag]:
    """Return the tags that belong to one of ``group_ids``, or any, in the order they were made.

    Without :data:`READ_ALL` only those of one's own groups are there. At most two reads.
    """
    found = list(Tag.objects.filter(organization_id=requester.organization_id).order_by("id"))
    if not requester.has_scope(READ_ALL):
        found = _of(found, groups.group_numbers_of(requester.agent_id))
    return _of(found, group_ids) if group_ids else found


def _of(tags: list[Tag], group_ids: Collection[int]) -> list[Tag]:
    wanted = set(group_ids)
    return [tag for tag in tags if not wanted.isdisjoint(tag.group_ids)]
