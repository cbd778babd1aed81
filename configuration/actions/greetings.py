"""Configuration API: greetings."""

from __future__ import annotations

from typing import Annotated, Final, NotRequired, cast

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.api import pagination
from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId
from chatplatform.greeting_content import (
    Content,
    Kind,
    Moment,
    Name,
    Properties,
    RichMessage,
    Rules,
)
from chatplatform.records import Record
from chatplatform.selectors import greetings as selectors
from chatplatform.selectors import groups
from chatplatform.services import greetings
from configuration.organization import organization_of
from configuration.wire.groups import GroupIds

READ = ("greetings:ro",)
WRITE = ("greetings:rw",)
PAGE: Final = 100
"""How many greetings a page holds, and by default does."""

GreetingId = Annotated[int, Field(ge=1, lt=2**63)]


class RuleUrlShape(TypedDict):
    """A URL of a rule, and how it is compared."""

    url: str
    operator: str


class RuleShape(TypedDict):
    """When a greeting is shown; which fields there are goes with ``type``."""

    condition: str
    type: str
    operator: NotRequired[str]
    value: NotRequired[str]
    urls: NotRequired[list[RuleUrlShape]]
    session_field: NotRequired[dict[str, str]]


class ButtonShape(TypedDict):
    """A button of a card."""

    text: str
    postback_id: str
    button_id: str
    type: NotRequired[str]
    value: NotRequired[str]
    webview_height: NotRequired[str]
    target: NotRequired[str]
    role: NotRequired[str]


class ImageShape(TypedDict):
    """A card's picture."""

    url: str
    name: NotRequired[str]
    content_type: NotRequired[str]
    size: NotRequired[int]
    width: NotRequired[int]
    height: NotRequired[int]
    alternative_text: NotRequired[str]


class ElementShape(TypedDict):
    """A card."""

    title: NotRequired[str]
    subtitle: NotRequired[str]
    image: NotRequired[ImageShape]
    buttons: NotRequired[list[ButtonShape]]


class RichMessageShape(TypedDict):
    """What a greeting says in other than plain words."""

    template_id: str
    elements: list[ElementShape]


class GreetingShape(TypedDict):
    """A greeting as its makers see it."""

    id: int
    type: str
    active: bool
    active_from: NotRequired[str]
    active_until: NotRequired[str]
    name: str
    group: int
    rules: list[RuleShape]
    properties: dict[str, str]
    rich_message: NotRequired[RichMessageShape]


class CreateGreeting(Content, Request):
    """``create_greeting``; ``group`` is for good."""

    group: GroupId


class GreetingIdShape(TypedDict):
    """Which greeting it has become."""

    id: int


@action("configuration", scopes=WRITE, web="3.6", rtm=None, writes=True)
def create_greeting(ctx: AgentContext, request: CreateGreeting) -> GreetingIdShape:
    """Make a greeting for the customers on a group's pages."""
    values = request.model_dump(exclude={"group"}, exclude_unset=True, by_alias=True)
    made = greetings.create_greeting(organization_of(ctx), request.group, values)
    return {"id": made.pk}


class UpdateGreeting(Request):
    """``update_greeting``; what is not given stays, and null takes a time or the cards away."""

    id: GreetingId
    type: Kind | None = None
    active: bool | None = None
    active_from: Moment | None = None
    active_until: Moment | None = None
    name: Name | None = None
    rules: Rules | None = None
    properties: Properties | None = None
    rich_message: RichMessage | None = None

    def values(self) -> Record:
        """Return what is to be changed."""
        given = self.model_dump(exclude={"id"}, exclude_unset=True, by_alias=True)
        return {
            name: value
            for name, value in given.items()
            if value is not None or name in ("active_from", "active_until", "rich_message")
        }


@action("configuration", scopes=WRITE, web="3.6", rtm=None, writes=True)
def update_greeting(ctx: AgentContext, request: UpdateGreeting) -> shapes.Nothing:
    """Change a greeting."""
    greetings.update_greeting(organization_of(ctx), request.id, request.values())
    return {}


class NamedGreeting(Request):
    """``delete_greeting`` and ``get_greeting``."""

    id: GreetingId


@action("configuration", scopes=WRITE, web="3.6", rtm=None, writes=True)
def delete_greeting(ctx: AgentContext, request: NamedGreeting) -> shapes.Nothing:
    """Forget a greeting."""
    greetings.delete_greeting(organization_of(ctx), request.id)
    return {}


@action("configuration", scopes=READ, web="3.6", rtm=None)
def get_greeting(ctx: AgentContext, request: NamedGreeting) -> GreetingShape:
    """Return a greeting."""
    found = selectors.access_greeting(ctx.organization_id, request.id)
    return cast(GreetingShape, selectors.greeting_record(found))


class GreetingFilters(Request):
    """Of which groups; none given: of all."""

    groups: GroupIds | None = None


class ListGreetings(GreetingFilters):
    """``list_greetings``; ``page_id`` stands alone."""

    page_id: Annotated[str, Field(max_length=4096)] | None = None
    limit: int | None = None


class GreetingList(TypedDict):
    """A page of greetings, oldest first."""

    greetings: list[GreetingShape]
    found_greetings: int
    next_page_id: NotRequired[str]


@action("configuration", scopes=READ, web="3.6", rtm=None)
def list_greetings(ctx: AgentContext, request: ListGreetings) -> GreetingList:
    """Return greetings, page by page."""
    page = pagination.read(
        ctx.requester,
        "list_greetings",
        request,
        default_limit=PAGE,
        max_limit=PAGE,
        default_sort_order="asc",
        filters=GreetingFilters,
    )
    groups.check_existing(ctx.organization_id, page.filters.groups or ())
    rows, found = selectors.list_greetings(
        ctx.organization_id,
        page.filters.groups,
        after=page.position[0] if page.position else 0,
        limit=page.limit + 1,
    )
    shown, neighbours = pagination.finish(
        ctx.requester, "list_greetings", page, rows, lambda greeting: [greeting.pk]
    )
    listed = [cast(GreetingShape, selectors.greeting_record(greeting)) for greeting in shown]
    answer: GreetingList = {"greetings": listed, "found_greetings": found}
    if "next_page_id" in neighbours:
        answer["next_page_id"] = neighbours["next_page_id"]
    return answer
