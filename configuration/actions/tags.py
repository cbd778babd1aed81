"""Configuration API: the tags there are. Putting them on threads is the Agent Chat API's."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.models.tags import MAX_TAG_NAME
from chatplatform.records import tag_record
from chatplatform.selectors import tags as tag_selectors
from chatplatform.services import tags
from configuration.wire.groups import GroupIds

READ = ("tags--all:ro", "tags--groups:ro")
WRITE = ("tags--all:rw", "tags--groups:rw")

Name = Annotated[str, Field(min_length=1, max_length=MAX_TAG_NAME)]


class TagShape(TypedDict):
    """A tag."""

    name: str
    group_ids: list[int]
    author_id: str
    created_at: str


class CreateTag(Request):
    """``create_tag``; a tag of no groups can be given some later."""

    name: Name
    group_ids: GroupIds = Field(default_factory=list)


@action("configuration", scopes=WRITE, web="3.5", rtm=None, writes=True)
def create_tag(ctx: AgentContext, request: CreateTag) -> shapes.Nothing:
    """Make a tag."""
    tags.create_tag(ctx.requester, request.name, request.group_ids)
    return {}


class UpdateTag(Request):
    """``update_tag``; ``name`` is the tag's own, in its case. Without groups nothing changes."""

    name: Name
    group_ids: GroupIds | None = None


@action("configuration", scopes=WRITE, web="3.5", rtm=None, writes=True)
def update_tag(ctx: AgentContext, request: UpdateTag) -> shapes.Nothing:
    """Give a tag other groups."""
    tags.update_tag(ctx.requester, request.name, request.group_ids)
    return {}


class DeleteTag(Request):
    """``delete_tag``; ``name`` in its own case."""

    name: Name


@action("configuration", scopes=WRITE, web="3.5", rtm=None, writes=True)
def delete_tag(ctx: AgentContext, request: DeleteTag) -> shapes.Nothing:
    """Delete a tag; threads that carry it keep it."""
    tags.delete_tag(ctx.requester, request.name)
    return {}


class TagFilters(Request):
    """The groups whose tags are wanted; none named: those of any."""

    group_ids: GroupIds


class ListTags(Request):
    """``list_tags``."""

    filters: TagFilters | None = None


@action("configuration", scopes=READ, web="3.5", rtm=None)
def list_tags(ctx: AgentContext, request: ListTags) -> list[TagShape]:
    """List the tags."""
    group_ids = request.filters.group_ids if request.filters else ()
    found = tag_selectors.visible_tags(ctx.requester, group_ids)
    return [tag_record(tag) for tag in found]  # type: ignore[misc]
