"""Configuration API: canned responses."""

from __future__ import annotations

from typing import Annotated, Final, NotRequired, cast

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.api import pagination
from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId
from chatplatform.records import canned_response_record
from chatplatform.selectors import canned_responses as selectors
from chatplatform.services import canned_responses
from chatplatform.services.canned_responses import (
    MAX_TAGS,
    TAG_LENGTH,
    TEXT_LENGTH,
    ResponseValues,
)
from configuration.wire.groups import GroupIds

CREATE = ("canned_responses_write",)
READ = ("canned_responses--groups:ro", "canned_responses--all:ro")
WRITE = ("canned_responses--groups:rw", "canned_responses--all:rw")
PAGE: Final = 100
LONGEST_PAGE: Final = 100_000

ResponseId = Annotated[int, Field(ge=1, lt=2**63)]
Text = Annotated[str, Field(max_length=TEXT_LENGTH)]
Tag = Annotated[str, Field(min_length=1, max_length=TAG_LENGTH)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS)]


class CreateCannedResponse(Request):
    """``create_canned_response``; markup is taken out of ``text``."""

    text: Text
    tags: Tags
    group_id: GroupId
    is_private: bool = False


class CannedResponseIdShape(TypedDict):
    """Which response it has become."""

    id: int


@action("configuration", scopes=CREATE, web="3.7", rtm=None, writes=True)
def create_canned_response(
    ctx: AgentContext, request: CreateCannedResponse
) -> CannedResponseIdShape:
    """Keep a text for the agents of a group, or for oneself."""
    made = canned_responses.create_canned_response(
        ctx.requester,
        request.text,
        request.tags,
        request.group_id,
        is_private=request.is_private,
    )
    return {"id": made.pk}


class UpdateCannedResponse(Request):
    """``update_canned_response``; what is not given stays."""

    id: ResponseId
    text: Text | None = None
    tags: Tags | None = None
    group_id: GroupId | None = None
    is_private: bool | None = None


@action("configuration", scopes=WRITE, web="3.7", rtm=None, writes=True)
def update_canned_response(ctx: AgentContext, request: UpdateCannedResponse) -> shapes.Nothing:
    """Change a canned response."""
    given = request.model_dump(exclude={"id"}, exclude_none=True)
    values = cast(ResponseValues, given)
    canned_responses.update_canned_response(ctx.requester, request.id, values)
    return {}


class DeleteCannedResponse(Request):
    """``delete_canned_response``."""

    id: ResponseId


@action("configuration", scopes=WRITE, web="3.7", rtm=None, writes=True)
def delete_canned_response(ctx: AgentContext, request: DeleteCannedResponse) -> shapes.Nothing:
    """Forget a canned response."""
    canned_responses.delete_canned_response(ctx.requester, request.id)
    return {}


class CannedResponseFilters(Request):
    """Which responses; without ``group_ids``, of every group one may see."""

    group_ids: GroupIds | None = None
    include_private: bool | None = None
    include_all_private: bool | None = None


class ListCannedResponses(CannedResponseFilters):
    """``list_canned_responses``; ``page_id`` stands alone."""

    limit: int | None = None
    page_id: Annotated[str, Field(max_length=8192)] | None = None


class CannedResponseShape(TypedDict):
    """A prepared text; ``author_id`` changed it last."""

    id: int
    text: str
    tags: list[str]
    group_id: int
    is_private: bool
    author_id: str
    created_at: str
    updated_at: str


class CannedResponseList(TypedDict):
    """A page of responses, oldest first; it has fewer than asked for where they are long."""

    canned_responses: list[CannedResponseShape]
    found_canned_responses: int
    next_page_id: NotRequired[str]


@action("configuration", scopes=READ, web="3.7", rtm=None)
def list_canned_responses(ctx: AgentContext, request: ListCannedResponses) -> CannedResponseList:
    """Return the canned responses one may use, page by page."""
    page = pagination.read(
        ctx.requester,
        "list_canned_responses",
        request,
        default_limit=PAGE,
        max_limit=LONGEST_PAGE,
        default_sort_order="asc",
        filters=CannedResponseFilters,
    )
    rows, more, found = selectors.list_canned_responses(
        ctx.requester,
        page.filters.group_ids,
        include_private=bool(page.filters.include_private),
        include_all_private=bool(page.filters.include_all_private),
        after=page.position[0] if page.position else 0,
        limit=page.limit,
    )
    shown, neighbours = pagination.finish(
        ctx.requester,
        "list_canned_responses",
        page,
        rows,
        lambda response: [response.pk],
        more=more,
    )
    listed = [cast(CannedResponseShape, canned_response_record(response)) for response in shown]
    answer: CannedResponseList = {"canned_responses": listed, "found_canned_responses": found}
    if "next_page_id" in neighbours:
        answer["next_page_id"] = neighbours["next_page_id"]
    return answer
