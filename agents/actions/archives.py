"""Agent Chat API: the archives, and what is made of a single thread."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import AliasChoices, Field, model_validator
from typing_extensions import TypedDict

from agents.actions.scopes import READ_CHATS, WRITE_CHATS
from chatplatform import clock
from chatplatform.api import chats as shared
from chatplatform.api import pagination
from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.pagination import PageRequest
from chatplatform.api.properties import conditions
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId, SortOrder
from chatplatform.api.wire.properties import PropertyFilters
from chatplatform.errors import Validation
from chatplatform.models import Thread
from chatplatform.selectors import archives, transcripts
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors.archives import Among, ArchiveFilter, FormFilter, ResponseFilter, When
from chatplatform.services import summaries
from chatplatform.words import Query

Id = Annotated[str, Field(max_length=254)]
Number = Annotated[int, Field(ge=0, lt=2**63)]
Values = Annotated[list[Id], Field(max_length=200)]
Numbers = Annotated[list[Number], Field(max_length=200)]
AgentType = Literal["human", "chatbot", "ai_agent"]
Moment = Annotated[str, Field(max_length=64)]


class _OneOf(Request):
    """Exactly one of ``exists``, ``values`` and ``exclude_values``."""

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        kinds = ("exists", "values", "exclude_values")
        if sum(getattr(self, kind, None) is not None for kind in kinds) != 1:
            raise ValueError("exactly one of `exists`, `values` and `exclude_values` is needed")
        return self


class ValueFilter(_OneOf):
    """Texts to be among or not."""

    exists: bool | None = None
    values: Values | None = None
    exclude_values: Values | None = None
    require_every_value: bool = False


class NumberFilter(_OneOf):
    """Numbers to be among or not."""

    exists: bool | None = None
    values: Numbers | None = None
    exclude_values: Numbers | None = None
    require_every_value: bool = False


class EventTypeFilter(_OneOf):
    """Event types to be among or not; there is no thread without any."""

    values: Values | None = None
    exclude_values: Values | None = None
    require_every_value: bool = False


class GroupsFilter(Request):
    """Groups to be among or not."""

    values: Annotated[list[GroupId], Field(max_length=200)] | None = None
    exclude_values: Annotated[list[GroupId], Field(max_length=200)] | None = None


class AgentsFilter(Request):
    """Agents to be among or not."""

    values: Values | None = None
    exclude_values: Values | None = None


class _Bounded(Request):
    """Bounds on when something happened, RFC 3339, and on the groups it happened in."""

    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    groups: GroupsFilter | None = None

    def when(self, field: str) -> When:
        """Return the bounds; raise ``Validation`` for what is no time."""
        groups = self.groups or GroupsFilter()
        return When(
            begin=shared.moment(self.from_, f"{field}.from"),
            end=shared.moment(self.to, f"{field}.to"),
            group_ids=_tuple(groups.values),
            exclude_group_ids=_tuple(groups.exclude_values),
        )


class FormsFilter(_Bounded):
    """A filled form and its answers; ``answer_id`` is short for one of ``values``."""

    type: Literal["pre_chat", "post_chat"] | None = None
    exists: bool | None = None
    answer_id: Id | None = None
    values: Values | None = None
    exclude_values: Values | None = None

    def as_filter(self) -> FormFilter:
        """Return the filter for the selector."""
        values = [*(self.values or ()), self.answer_id] if self.answer_id else self.values
        answers = Among(self.exists, _tuple(values), _tuple(self.exclude_values))
        return FormFilter(self.type, answers, self.when("filters.forms"))


class GreetingsFilter(_Bounded):
    """An accepted greeting."""

    exists: bool | None = None
    values: Numbers | None = None
    exclude_values: Numbers | None = None

    def among(self) -> Among:
        """Return the filter for the selector."""
        return Among(self.exists, _tuple(self.values), _tuple(self.exclude_values))


class AgentResponseFilter(_Bounded):
    """An agent's response; ``first`` looks at first responses only."""

    exists: bool | None = None
    first: bool = False
    agents: AgentsFilter | None = None

    def as_filter(self) -> ResponseFilter:
        """Return the filter for the selector."""
        agents = self.agents or AgentsFilter()
        among = Among(self.exists, _tuple(agents.values), _tuple(agents.exclude_values))
        return ResponseFilter(self.first, among, self.when("filters.agent_response"))


class AgentTypesFilter(Request):
    """Kinds of agents who took part; each kind once in all."""

    all_values: Annotated[list[AgentType], Field(max_length=3)] = Field(default_factory=list)
    any_values: Annotated[list[AgentType], Field(max_length=3)] = Field(default_factory=list)
    exclude_values: Annotated[list[AgentType], Field(max_length=3)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = [*self.all_values, *self.any_values, *self.exclude_values]
        if len(set(named)) < len(named):
            raise ValueError("an agent type can be used once")
        return self


class ArchiveFilters(Request):
    """What ``list_archives`` is narrowed to; ``thread_ids`` stands alone."""

    query: Annotated[str, Field(max_length=1000)] | None = None
    from_: Annotated[Moment | None, Field(alias="from")] = None
    to: Moment | None = None
    chat_ids: Annotated[list[Id], Field(max_length=1000)] | None = None
    thread_ids: Annotated[list[Id], Field(max_length=20)] | None = None
    group_ids: Annotated[list[GroupId], Field(max_length=200)] | None = None
    properties: PropertyFilters | None = None
    agents: ValueFilter | None = None
    tags: ValueFilter | None = None
    sales: NumberFilter | None = None
    goals: NumberFilter | None = None
    customer_countries: ValueFilter | None = None
    forms: Annotated[
        Annotated[list[FormsFilter], Field(max_length=10)] | None,
        Field(validation_alias=AliasChoices("forms", "surveys")),
    ] = None
    event_types: EventTypeFilter | None = None
    greetings: GreetingsFilter | None = None
    agent_response: AgentResponseFilter | None = None
    agent_types: AgentTypesFilter | None = None
    customer_id: Id | None = None
    customer_email: Id | None = None

    @model_validator(mode="after")
    def _threads_stand_alone(self) -> Self:
        given = [name for name in self.model_fields_set if getattr(self, name) is not None]
        if self.thread_ids is not None and len(given) > 1:
            raise ValueError("`thread_ids` can not be used with other filters")
        return self


def _tuple(values: list[Any] | None) -> tuple[Any, ...] | None:
    return None if values is None else tuple(values)


def _among(given: ValueFilter | NumberFilter | EventTypeFilter | None) -> Among:
    if given is None:
        return Among()
    return Among(
        exists=getattr(given, "exists", None),
        values=_tuple(given.values),
        exclude_values=_tuple(given.exclude_values),
        every=given.require_every_value,
    )


def _filter(ctx: AgentContext, given: ArchiveFilters) -> ArchiveFilter:
    agent_types = given.agent_types or AgentTypesFilter()
    greetings = given.greetings
    return ArchiveFilter(
        query=Query.read(given.query) if given.query and given.query.strip() else None,
        created=When(
            shared.moment(given.from_, "filters.from"), shared.moment(given.to, "filters.to")
        ),
        chat_ids=_tuple(given.chat_ids),
        thread_ids=_tuple(given.thread_ids),
        group_ids=_tuple(given.group_ids),
        properties=conditions(ctx, given.properties, location="thread"),
        agents=_among(given.agents),
        tags=_among(given.tags),
        sales=_among(given.sales),
        goals=_among(given.goals),
        customer_countries=_among(given.customer_countries),
        event_types=_among(given.event_types),
        forms=tuple(form.as_filter() for form in given.forms or ()),
        greetings=greetings.among() if greetings else None,
        greetings_when=greetings.when("filters.greetings") if greetings else When(),
        agent_response=given.agent_response.as_filter() if given.agent_response else None,
        all_agent_types=tuple(agent_types.all_values),
        any_agent_types=tuple(agent_types.any_values),
        no_agent_types=tuple(agent_types.exclude_values),
        customer_id=given.customer_id,
        customer_email=given.customer_email,
    )


class Highlights(Request):
    """What stands around what ``filters.query`` found; both or none."""

    pre_tag: Annotated[str, Field(max_length=100)] | None = None
    post_tag: Annotated[str, Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.pre_tag is None) != (self.post_tag is None):
            raise ValueError("`pre_tag` and `post_tag` are used together")
        return self


class ListArchives(Request):
    """``list_archives``; a page is asked for with the same ``highlights`` as the first."""

    filters: ArchiveFilters | None = None
    sort_order: SortOrder | None = None
    limit: int | None = None
    page_id: str | None = None
    highlights: Highlights | None = None


class ArchivedThreadShape(shapes.ThreadShape):
    """A thread with its neighbours among those the agent may find."""

    previous_accessible_thread_id: NotRequired[str]
    next_accessible_thread_id: NotRequired[str]


class ArchivedChatShape(TypedDict):
    """A chat with one of its threads."""

    id: str
    users: list[shapes.UserShape]
    properties: dict[str, dict[str, Any]]
    access: shapes.AccessShape
    thread: ArchivedThreadShape
    is_followed: bool


class ArchiveList(TypedDict):
    """``list_archives``'s answer."""

    chats: list[ArchivedChatShape]
    found_chats: int
    next_page_id: NotRequired[str]
    previous_page_id: NotRequired[str]


@action("agent", scopes=READ_CHATS)
def list_archives(ctx: AgentContext, request: ListArchives) -> ArchiveList:
    """List threads the agent may see, each with its chat, by their creation."""
    page = _page(ctx, request)
    wanted = _filter(ctx, page.filters or ArchiveFilters())
    found = archives.found(ctx.requester, wanted)
    rows = archives.threads_beyond(
        found,
        ascending=page.ascending,
        limit=page.limit + 1,
        position=_position(page),
    )
    threads, page_ids = pagination.finish(ctx.requester, "list_archives", page, rows, _place)
    chats = archives.archive_records(threads, ctx.requester)
    if request.highlights is not None and wanted.query:
        before = request.highlights.pre_tag
        after = request.highlights.post_tag
        archives.highlighted(
            chats,
            wanted.query,
            "<em>" if before is None else before,
            "</em>" if after is None else after,
        )
    return {
        "chats": chats,  # type: ignore[typeddict-item]
        "found_chats": archives.count_threads(found),
        **page_ids,
    }


def _page(ctx: AgentContext, request: ListArchives) -> PageRequest:
    alone = request.filters is not None and request.filters.thread_ids is not None
    if alone and (request.limit is not None or request.sort_order is not None):
        raise Validation("`filters.thread_ids` can not be used with pages")
    return pagination.read(
        ctx.requester,
        "list_archives",
        request,
        default_limit=20 if alone else 10,
        max_limit=100,
    )


def _position(page: PageRequest) -> archives.Position | None:
    if page.position is None:
        return None
    created, thread_id = page.position
    return clock.from_wire(created), thread_id


def _place(thread: Thread) -> list[Any]:
    return [clock.to_wire(thread.created_at), thread.id]


class ThreadOfChat(Request):
    """An action on one thread."""

    chat_id: str
    thread_id: str


class TranscriptShape(TypedDict):
    """``get_thread_transcript``'s answer."""

    transcript: str


@action("agent", scopes=READ_CHATS, web="3.6", rtm="3.6")
def get_thread_transcript(ctx: AgentContext, request: ThreadOfChat) -> TranscriptShape:
    """Return what was said in a thread as plain text."""
    chat = chat_selectors.access_chat(ctx.requester, request.chat_id)
    thread = chat_selectors.access_thread(ctx.requester, chat, request.thread_id)
    return {"transcript": transcripts.transcript(chat, thread, reader=ctx.requester)}


@action("agent", scopes=WRITE_CHATS, web="3.6", rtm="3.6", writes=True)
def request_thread_summary(ctx: AgentContext, request: ThreadOfChat) -> shapes.Nothing:
    """Have a thread summed up; the summary comes as a push."""
    summaries.request_thread_summary(ctx.requester, request.chat_id, request.thread_id)
    return {}
