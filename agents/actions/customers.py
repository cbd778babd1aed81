"""Agent Chat API: customers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, NotRequired

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from agents.actions.scopes import BAN_CUSTOMERS, READ_CUSTOMERS, WRITE_CUSTOMERS
from chatplatform import ids
from chatplatform.api import chats as shared
from chatplatform.api import pagination
from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext, CustomerSubscription
from chatplatform.api.wire import shapes
from chatplatform.api.wire.chats import GroupId, SortOrder
from chatplatform.api.wire.customers import (
    CustomerData,
    CustomerShape,
    MonitoredShape,
)
from chatplatform.errors import LimitReached
from chatplatform.selectors import customers as customer_selectors
from chatplatform.selectors import monitoring, people
from chatplatform.services import bans
from chatplatform.services import customers as customer_services
from chatplatform.services import monitoring as monitoring_services

MAX_SUBSCRIPTIONS = 10
"""Subscriptions one connection may have at once."""
LAST_WITH_LISTS = "3.5"

CustomerId = Annotated[str, Field(max_length=4096)]


class GetCustomer(Request):
    """``get_customer``."""

    id: CustomerId


@action("agent", scopes=READ_CUSTOMERS)
def get_customer(ctx: AgentContext, request: GetCustomer) -> CustomerShape:
    """Return a customer."""
    customer = people.access_customer(ctx.organization_id, request.id)
    return people.full_customer(customer)  # type: ignore[return-value]


class UpdateCustomer(CustomerData):
    """``update_customer``; at least one field beside the id."""

    id: CustomerId

    @model_validator(mode="after")
    def _something_given(self) -> UpdateCustomer:
        if not self.model_fields_set - {"id"}:
            raise ValueError("at least one field is required")
        return self


@action("agent", scopes=WRITE_CUSTOMERS, writes=True)
def update_customer(ctx: AgentContext, request: UpdateCustomer) -> shapes.Nothing:
    """Change a customer's data."""
    customer = people.access_customer(ctx.organization_id, request.id)
    customer_services.update_customer(customer.id, request.values(), ctx.requester)
    return {}


class CreatedShape(TypedDict):
    """``create_customer``'s answer."""

    customer_id: str


@action("agent", scopes=WRITE_CUSTOMERS, until=LAST_WITH_LISTS, writes=True)
def create_customer(ctx: AgentContext, request: CustomerData) -> CreatedShape:
    """Make a customer."""
    customer = customer_services.create_customer(ctx.organization_id, request.values())
    return {"customer_id": str(customer.id)}


class BanTerms(Request):
    """How long a ban holds."""

    days: Annotated[int, Field(ge=1, le=36_500)]


class BanCustomer(Request):
    """``ban_customer``."""

    id: CustomerId
    ban: BanTerms


@action("agent", scopes=BAN_CUSTOMERS, writes=True)
def ban_customer(ctx: AgentContext, request: BanCustomer) -> shapes.Nothing:
    """Ban a customer for some days."""
    bans.ban_customer(ctx.requester, request.id, days=request.ban.days)
    return {}


# --- lists ------------------------------------------------------------------------------------


class _OneCondition(Request):
    @model_validator(mode="after")
    def _one_given(self) -> _OneCondition:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("a filter has exactly one condition")
        return self

    def condition(self) -> customer_selectors.Condition:
        """Return the condition's kind and value."""
        ((kind, value),) = self.model_dump(exclude_none=True).items()
        return kind, value


Texts = Annotated[list[Annotated[str, Field(max_length=255)]], Field(max_length=100)]


class TextFilter(_OneCondition):
    """Texts among which the field's is, or is not."""

    values: Texts | None = None
    exclude_values: Texts | None = None


Groups = Annotated[list[GroupId], Field(max_length=40)]


class GroupFilter(_OneCondition):
    """Groups among which a chat's is, or none is."""

    values: Groups | None = None
    exclude_values: Groups | None = None


Count = Annotated[int, Field(ge=0, lt=2**31)]


class CountFilter(_OneCondition):
    """A bound on a count."""

    lte: Count | None = None
    lt: Count | None = None
    gte: Count | None = None
    gt: Count | None = None
    eq: Count | None = None


Moment = Annotated[str, Field(max_length=64)]


class MomentFilter(_OneCondition):
    """A bound on a moment, RFC 3339."""

    lte: Moment | None = None
    lt: Moment | None = None
    gte: Moment | None = None
    gt: Moment | None = None
    eq: Moment | None = None

    def condition(self) -> customer_selectors.Condition:
        """Return the condition's kind and moment; raise ``Validation`` for no moment."""
        ((kind, value),) = self.model_dump(exclude_none=True).items()
        return kind, shared.moment(value, f"filters.{kind}")


class CustomerFilters(Request):
    """What ``list_customers`` is narrowed to."""

    country: TextFilter | None = None
    email: TextFilter | None = None
    name: TextFilter | None = None
    customer_id: TextFilter | None = None
    chats_count: CountFilter | None = None
    threads_count: CountFilter | None = None
    visits_count: CountFilter | None = None
    created_at: MomentFilter | None = None
    agent_last_event_created_at: MomentFilter | None = None
    customer_last_event_created_at: MomentFilter | None = None
    chat_group_ids: GroupFilter | None = None
    include_customers_without_chats: bool = True

    def as_filter(self) -> customer_selectors.CustomerFilter:
        """Return the filter for the selector; raise ``Validation`` for malformed moments."""
        conditions = {
            name: value.condition()
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), _OneCondition)
        }
        return customer_selectors.CustomerFilter(
            conditions, without_chats=self.include_customers_without_chats
        )


class ListCustomers(Request):
    """``list_customers``."""

    filters: CustomerFilters | None = None
    sort_order: SortOrder | None = None
    sort_by: Literal[
        "created_at", "threads_count", "visits_count", "agent_last_event", "customer_last_event"
    ] = "created_at"
    limit: int | None = None
    page_id: Annotated[str, Field(max_length=32_768)] | None = None


class CustomerList(TypedDict):
    """``list_customers``'s answer."""

    customers: list[CustomerShape]
    total_customers: int
    limited_customers: NotRequired[int]
    next_page_id: NotRequired[str]
    previous_page_id: NotRequired[str]


@action("agent", scopes=READ_CUSTOMERS, until=LAST_WITH_LISTS)
def list_customers(ctx: AgentContext, request: ListCustomers) -> CustomerList:
    """List the organisation's customers."""
    page = pagination.read(
        ctx.requester, "list_customers", request, default_limit=10, max_limit=100
    )
    sort_by = request.sort_by if page.position is None else page.position[0]
    listing = customer_selectors.listing(
        ctx.organization_id, (page.filters or CustomerFilters()).as_filter(), sort_by
    )
    rows = listing.beyond(
        ascending=page.ascending,
        limit=page.limit + 1,
        position=page.position[1:] if page.position else None,
    )
    customers, page_ids = pagination.finish(
        ctx.requester, "list_customers", page, rows, listing.position_of
    )
    answer: CustomerList = {
        "customers": people.customer_records(customers),  # type: ignore[typeddict-item]
        "total_customers": listing.count(),
        **page_ids,  # type: ignore[typeddict-item]
    }
    if hidden := listing.count_hidden():
        answer["limited_customers"] = hidden
    return answer


# --- subscriptions ----------------------------------------------------------------------------


class SubscribeCustomers(Request):
    """``subscribe_customers``; the agent's own groups and the licence's limit unless given."""

    group_ids: Annotated[list[GroupId], Field(min_length=1, max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, lt=2**31)] | None = None


class SubscriptionShape(TypedDict):
    """``subscribe_customers``'s answer."""

    subscription_id: str
    customers: list[MonitoredShape]


@action("agent", scopes=READ_CUSTOMERS, web=None, rtm="3.6")
def subscribe_customers(ctx: AgentContext, request: SubscribeCustomers) -> SubscriptionShape:
    """Hear of the customers on the pages of some groups, on this connection."""
    held = _subscriptions(ctx)
    if len(held) >= MAX_SUBSCRIPTIONS:
        raise LimitReached(f"A connection can have {MAX_SUBSCRIPTIONS} subscriptions")
    numbers, limit, customers = monitoring_services.subscribed(
        ctx.requester, request.group_ids, request.limit
    )
    subscription_id = ids.opaque_id()
    _hold(ctx, {**held, subscription_id: CustomerSubscription(numbers, limit)})
    shown = monitoring.monitored(customers, ctx.requester.public_id)
    return {"subscription_id": subscription_id, "customers": shown}  # type: ignore[typeddict-item]


def _subscriptions(ctx: AgentContext) -> dict[str, CustomerSubscription]:
    return dict(ctx.terms.subscriptions) if ctx.terms is not None else {}


def _hold(ctx: AgentContext, subscriptions: dict[str, CustomerSubscription]) -> None:
    ctx.commit_point()
    if ctx.terms is not None:
        ctx.session = replace(ctx.terms, subscriptions=subscriptions)


class UnsubscribeCustomers(Request):
    """``unsubscribe_customers``."""

    subscription_id: Annotated[str, Field(max_length=64)]


@action("agent", scopes=READ_CUSTOMERS, web=None, rtm="3.6")
def unsubscribe_customers(ctx: AgentContext, request: UnsubscribeCustomers) -> shapes.Nothing:
    """End a subscription of this connection; one that is not there any more is no error."""
    held = _subscriptions(ctx)
    if held.pop(request.subscription_id, None) is not None:
        _hold(ctx, held)
    return {}
