"""Agent Chat API: logging in and out."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.api import ratelimit
from chatplatform.api.action import Request, action
from chatplatform.api.call import WEB
from chatplatform.api.context import AgentContext, SessionTerms
from chatplatform.api.sessions import wanted_pushes
from chatplatform.api.wire import shapes
from chatplatform.errors import Authentication, Authorization
from chatplatform.models import Agent, Organization
from chatplatform.records import Record, agent_record
from chatplatform.selectors import chats as chat_selectors
from chatplatform.selectors import groups, people
from chatplatform.selectors.properties import license_properties, party
from chatplatform.services import authentication, monitoring, presence

CHATS_AT_LOGIN = 100
NEVER = 4_102_444_800
"""2100-01-01: a self-hosted licence does not expire."""

MonitoringLevel = Literal["my", "chatting", "invited", "online", "highest_available"]


class ApplicationInput(Request):
    """The client's name and version; informational."""

    name: str | None = None
    version: str | None = None


class Login(Request):
    """``login``; ``pushes`` maps versions to push names or ``all``."""

    token: str
    timezone: Annotated[str, Field(max_length=64)] | None = None
    reconnect: bool = False
    application: ApplicationInput | None = None
    away: bool = False
    customer_monitoring_level: MonitoringLevel | None = None
    pushes: dict[str, Annotated[list[str], Field(max_length=200)]] | None = None


class LicenseShape(TypedDict):
    """The licence; times in Unix seconds."""

    id: str
    organization_id: str
    plan: str
    creation_timestamp: int
    expiration_timestamp: int
    in_trial: bool
    website_last_activity: NotRequired[str]


class LoginShape(TypedDict):
    """``login``'s answer."""

    license: LicenseShape
    my_profile: dict[str, Any]
    chats_info: list[shapes.ChatInfoShape]
    access: shapes.AccessShape
    properties: dict[str, dict[str, Any]]


@action("agent", web=None, writes=True)
def login(ctx: AgentContext, request: Login) -> LoginShape:
    """Log in to the RTM API."""
    pushes = wanted_pushes(request.pushes, ctx.version)
    agent = presence.agent_logged_in(
        ctx.requester,
        ctx.connection_id,
        reconnect=request.reconnect,
        away=request.away,
        timezone=request.timezone,
        monitoring_level=request.customer_monitoring_level,
    )
    organization = Organization.objects.get(id=ctx.organization_id)
    numbers = groups.group_numbers_of(agent.id)
    ctx.session = SessionTerms(
        requester=ctx.requester,
        pushes=pushes,
        group_numbers=numbers,
        away=request.away,
        monitoring_level=agent.monitoring_level,
        groups_revision=organization.groups_revision,
    )
    infos = _chats_at_login(ctx)
    monitoring.start(ctx.requester, agent.monitoring_level, numbers)
    return {
        "license": _license(organization),
        "my_profile": _profile(agent),
        "chats_info": infos,  # type: ignore[typeddict-item]
        "access": {"group_ids": sorted(numbers)},
        "properties": license_properties(organization, party(ctx.requester)),
    }


def _chats_at_login(ctx: AgentContext) -> list[Record]:
    """Return the active chats the agent may see: their own, queued and others'."""
    if not ctx.requester.has_scope("chats--access:ro", "chats--all:ro"):
        return []
    chats = chat_selectors.chats_beyond(
        ctx.organization_id,
        chat_selectors.readers_of(ctx.requester),
        chat_selectors.ChatFilter(active=True),
        ascending=False,
        limit=CHATS_AT_LOGIN,
    )
    return chat_selectors.chat_infos(chats, ctx.requester)


def _license(organization: Organization) -> LicenseShape:
    shape: LicenseShape = {
        "id": str(organization.license_id),
        "organization_id": str(organization.id),
        "plan": organization.plan,
        "creation_timestamp": int(organization.created_at.timestamp()),
        "expiration_timestamp": NEVER,
        "in_trial": False,
    }
    if organization.website_last_activity is not None:
        shape["website_last_activity"] = organization.website_last_activity.date().isoformat()
    return shape


def _profile(agent: Agent) -> Record:
    attentive = people.attention(agent.organization_id, [agent.public_id])
    shown = {name: value for name, value in agent_record(agent).items() if name[0] != "_"}
    return {
        **shown,
        "present": True,
        "routing_status": people.shown_status(agent, attentive.get(agent.public_id)),
        "permission": agent.role,
    }


class Logout(Request):
    """``logout``; on the Web API an administrator may name another agent."""

    agent_id: str | None = None


@action("agent", web="3.6", writes=True)
def logout(ctx: AgentContext, request: Logout) -> shapes.Nothing:
    """Log out: this connection, or on the Web API every session of an agent."""
    if ctx.transport == WEB:
        presence.log_out_agent(ctx.requester, request.agent_id)
    else:
        presence.agent_logged_out(ctx.requester, ctx.connection_id)
        ctx.ends_session = True
    return {}


class UpdateSession(Request):
    """``update_session``; ``token`` with its scheme, as at login."""

    token: Annotated[str, Field(max_length=8192)]


@action("agent", web=None, rtm="3.6")
def update_session(ctx: AgentContext, request: UpdateSession) -> shapes.Nothing:
    """Go on with another token of the same agent."""
    try:
        requester = authentication.authenticate_agent(request.token)
    except Authentication:
        ratelimit.failed_authentication(ctx.address)
        raise
    if requester.agent_id != ctx.requester.agent_id:
        raise Authorization("the token belongs to another agent")
    if ctx.terms is not None:
        ctx.session = replace(ctx.terms, requester=requester)
    return {}


class ChangePushNotifications(Request):
    """``change_push_notifications``."""

    firebase_token: Annotated[str, Field(max_length=4096)]
    platform: Literal["ios", "android"]
    enabled: bool


@action("agent", web=None)
def change_push_notifications(
    ctx: AgentContext, request: ChangePushNotifications
) -> shapes.Nothing:
    """Accept a wish of the official mobile applications; there is nobody to send them to."""
    return {}
