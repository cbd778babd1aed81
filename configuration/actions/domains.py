"""Configuration API: the domains whose pages may show the chat."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.api.action import Empty, Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire import shapes
from chatplatform.selectors import domains as selectors
from chatplatform.services import domains
from configuration.organization import organization_of

MANAGE = ("domain_manage",)


class NamedDomain(Request):
    """``add_allowed_domain`` and ``delete_allowed_domain``."""

    domain: Annotated[str, Field(min_length=1, max_length=domains.MAX_LENGTH)]


class DomainsShape(TypedDict):
    """The domains, subdomains of each included; none: every page may show the chat."""

    domains: list[str]


@action("configuration", scopes=MANAGE, web="3.7", rtm=None, writes=True)
def add_allowed_domain(ctx: AgentContext, request: NamedDomain) -> shapes.Nothing:
    """Let pages of a domain show the chat."""
    domains.allow_domain(organization_of(ctx), request.domain)
    return {}


@action("configuration", scopes=MANAGE, web="3.7", rtm=None)
def list_allowed_domains(ctx: AgentContext, request: Empty) -> DomainsShape:
    """List the domains whose pages may show the chat."""
    return {"domains": selectors.allowed_domains(ctx.organization_id)}


@action("configuration", scopes=MANAGE, web="3.7", rtm=None, writes=True)
def delete_allowed_domain(ctx: AgentContext, request: NamedDomain) -> shapes.Nothing:
    """Take a domain from the list."""
    domains.disallow_domain(organization_of(ctx), request.domain)
    return {}
