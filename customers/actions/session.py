"""Customer Chat API: logging in."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired
from urllib.parse import urlencode

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from chatplatform.api.action import Empty, Request, action
from chatplatform.api.context import CustomerContext, SessionTerms
from chatplatform.api.sessions import wanted_pushes
from chatplatform.api.wire import shapes as wire
from chatplatform.api.wire.chats import GroupId
from chatplatform.api.wire.customers import CustomerData
from chatplatform.models import Customer, Organization
from chatplatform.records import Record
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors import greetings, groups
from chatplatform.services import channels, presence, routing
from chatplatform.services import customers as customer_services
from customers import shapes
from customers.actions.people import Page
from customers.setup import versions_of

MAX_STORAGE_KEYS = 100
CHATS_AT_LOGIN = 25


class ApplicationInput(Request):
    """The client's name, version and channel; ``channel_type`` shows in ``list_channels``."""

    name: str | None = None
    version: str | None = None
    channel_type: str | None = None


class Login(Request):
    """``login``; ``pushes`` maps versions to push names or ``all``."""

    token: str
    customer: CustomerData | None = None
    customer_page: Page | None = None
    customer_side_storage: dict[str, Annotated[str, Field(max_length=4096)]] | None = None
    is_mobile: bool | None = None
    group_id: GroupId | None = None
    referrer: Annotated[str, Field(max_length=8192)] = ""
    application: ApplicationInput | None = None
    pushes: dict[str, Annotated[list[str], Field(max_length=200)]] | None = None

    @model_validator(mode="after")
    def _storage_is_small(self) -> Login:
        if len(self.customer_side_storage or ()) > MAX_STORAGE_KEYS:
            raise ValueError(f"customer_side_storage can have {MAX_STORAGE_KEYS} keys")
        return self


class LoginChat(TypedDict):
    """A chat in ``login``'s answer."""

    chat_id: str
    has_unread_events: bool
    has_active_thread: bool


class LoginShape(TypedDict):
    """``login``'s answer."""

    customer: dict[str, Any]
    has_active_thread: bool
    chats: list[LoginChat]
    greeting: NotRequired[dict[str, Any]]
    __priv_dynamic_config: dict[str, Any]


@action("customer", web=None, writes=True)
def login(ctx: CustomerContext, request: Login) -> LoginShape:
    """Log in to the RTM API."""
    pushes = wanted_pushes(request.pushes, ctx.version)
    page = request.customer_page
    record = customer_services.customer_logged_in(
        ctx.requester.customer_id,
        ctx.connection_id,
        values=request.customer.values() if request.customer else {},
        group_number=request.group_id,
        page={"url": page.url, "title": page.title} if page else None,
        referrer=request.referrer,
        address=ctx.address,
        user_agent=ctx.user_agent,
        side_storage=request.customer_side_storage,
    )
    channels.note_login(
        ctx.requester, request.application.channel_type if request.application else None
    )
    group = Customer.objects.values_list("group_number", flat=True).get(
        id=ctx.requester.customer_id
    )
    ctx.session = SessionTerms(
        requester=ctx.requester, pushes=pushes, group_numbers=frozenset({group})
    )
    chats = chat_selectors.chats_beyond(
        ctx.organization_id,
        chat_selectors.readers_of(ctx.requester),
        chat_selectors.ChatFilter(),
        ascending=False,
        limit=CHATS_AT_LOGIN,
    )
    found: list[LoginChat] = [
        {
            "chat_id": chat.id,
            "has_unread_events": chat_selectors.has_unread_events(chat, ctx.requester.user_id),
            "has_active_thread": chat.active_thread_id is not None,
        }
        for chat in chats
    ]
    answer: LoginShape = {
        "customer": shapes.customer(record),
        "has_active_thread": any(chat["has_active_thread"] for chat in found),
        "chats": found,
        "__priv_dynamic_config": _dynamic_config(ctx, group),
    }
    greeting = greetings.shown_before(ctx.requester.customer_id, ctx.now)
    if greeting is not None:
        answer["greeting"] = shapes.greeting(greeting)
    return answer


def _dynamic_config(ctx: CustomerContext, number: int) -> Record:
    """Return what the official widget reads: groups, and where the rest of its set-up is kept."""
    organization = Organization.objects.get(id=ctx.organization_id)
    statuses = routing.group_statuses(organization)
    online = [group for group, status in statuses.items() if status != "offline"]
    monitoring = {"id": number, **_addresses(ctx, organization, number)}
    return {"online_groups_ids": online, "customer_groups": {"monitoring": monitoring}}


def _addresses(ctx: CustomerContext, organization: Organization, number: int) -> dict[str, str]:
    found = groups.access_group(organization, number)
    configured, worded = versions_of(found)
    door = f"{ctx.base_url}/v{ctx.version}/customer/action"
    group = {"organization_id": str(organization.id), "group_id": number}
    texts = urlencode({**group, "language": found.language_code, "version": worded})
    return {
        "static_config_url": (
            f"{door}/get_configuration?{urlencode({**group, 'version': configured})}"
        ),
        "language_config_url": f"{door}/get_localization?{texts}",
    }


@action("customer", web=None, rtm="3.6", writes=True)
def activate_customer_page(ctx: CustomerContext, request: Empty) -> wire.Nothing:
    """Say that the customer looks at this connection's page (protocol.md 9.1)."""
    presence.note_page_focus(ctx.connection_id, focused=True)
    return {}


@action("customer", web=None, rtm="3.6", writes=True)
def deactivate_customer_page(ctx: CustomerContext, request: Empty) -> wire.Nothing:
    """Say that the customer looks elsewhere (protocol.md 9.1)."""
    presence.note_page_focus(ctx.connection_id, focused=False)
    return {}
