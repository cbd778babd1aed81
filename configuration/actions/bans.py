"""Configuration API: bans of customers and addresses."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from chatplatform.api.action import Empty, Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.records import ban_record
from chatplatform.selectors.customers import running_bans
from chatplatform.services import bans

READ = ("banlist_read",)
WRITE = ("banlist_write",)
MAX_SECONDS = 36_500 * 24 * 60 * 60
"""A hundred years, as in the Agent Chat API."""

Address = Annotated[str, Field(min_length=1, max_length=180)]
CustomerId = Annotated[str, Field(min_length=1, max_length=64)]


class BanShape(TypedDict):
    """A ban that holds; ``thread_id`` is the running thread it ended."""

    agent_id: str
    created_at: str
    expires_at: str
    ip: NotRequired[str]
    customer_id: NotRequired[str]
    thread_id: NotRequired[str]


@action("configuration", scopes=READ, web="3.6", rtm=None)
def list_customer_bans(ctx: AgentContext, request: Empty) -> list[BanShape]:
    """List the bans that hold, the newest first."""
    return [ban_record(ban) for ban in running_bans(ctx.organization_id)]  # type: ignore[misc]


class BanCustomer(Request):
    """``ban_customer``; a customer, an address, or both."""

    seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)]
    ip: Address | None = None
    customer_id: CustomerId | None = None

    @model_validator(mode="after")
    def _somebody_is_named(self) -> BanCustomer:
        if self.ip is None and self.customer_id is None:
            raise ValueError("`ip` or `customer_id` is required")
        return self


@action("configuration", scopes=WRITE, web="3.7", rtm=None, writes=True)
def ban_customer(ctx: AgentContext, request: BanCustomer) -> shapes.Nothing:
    """Turn a customer or an address away for a time."""
    bans.ban(
        ctx.requester,
        seconds=request.seconds,
        customer_id=request.customer_id or "",
        ip=request.ip or "",
    )
    return {}


class UnbanCustomer(Request):
    """``unban_customer``; either a customer or an address."""

    ip: Address | None = None
    customer_id: CustomerId | None = None

    @model_validator(mode="after")
    def _one_is_named(self) -> UnbanCustomer:
        if (self.ip is None) is (self.customer_id is None):
            raise ValueError("either `ip` or `customer_id` is required")
        return self


@action("configuration", scopes=WRITE, web="3.6", rtm=None, writes=True)
def unban_customer(ctx: AgentContext, request: UnbanCustomer) -> shapes.Nothing:
    """Let a customer or an address in again."""
    bans.unban(ctx.organization_id, ip=request.ip or "", customer_id=request.customer_id or "")
    return {}
