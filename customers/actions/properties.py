"""Customer Chat API: properties of chats, threads and events, and those of licence and groups."""

from __future__ import annotations

from typing import Any

from chatplatform.api.action import action
from chatplatform.api.context import Context, CustomerContext
from chatplatform.api.wire.chats import GroupId
from chatplatform.api.wire.properties import (
    DeleteChatProperties,
    DeleteEventProperties,
    DeleteThreadProperties,
    Name,
    Namespace,
    PropertiesShape,
    UpdateChatProperties,
    UpdateEventProperties,
    UpdateThreadProperties,
)
from chatplatform.api.wire.shapes import Nothing
from chatplatform.properties import Party, Properties
from chatplatform.selectors import properties as selectors
from chatplatform.services import properties as services
from customers.actions.configuration import OfOrganization, organization_of


@action("customer", writes=True)
def update_chat_properties(ctx: CustomerContext, request: UpdateChatProperties) -> Nothing:
    """Set properties of a chat."""
    services.update_chat_properties(ctx.requester, request.id, request.properties)
    return {}


@action("customer", writes=True)
def delete_chat_properties(ctx: CustomerContext, request: DeleteChatProperties) -> Nothing:
    """Delete properties of a chat."""
    services.delete_chat_properties(ctx.requester, request.id, request.properties)
    return {}


@action("customer", writes=True)
def update_thread_properties(ctx: CustomerContext, request: UpdateThreadProperties) -> Nothing:
    """Set properties of a thread."""
    services.update_thread_properties(
        ctx.requester, request.chat_id, request.thread_id, request.properties
    )
    return {}


@action("customer", writes=True)
def delete_thread_properties(ctx: CustomerContext, request: DeleteThreadProperties) -> Nothing:
    """Delete properties of a thread."""
    services.delete_thread_properties(
        ctx.requester, request.chat_id, request.thread_id, request.properties
    )
    return {}


@action("customer", writes=True)
def update_event_properties(ctx: CustomerContext, request: UpdateEventProperties) -> Nothing:
    """Set properties of an event."""
    services.update_event_properties(
        ctx.requester, request.chat_id, request.thread_id, request.event_id, request.properties
    )
    return {}


@action("customer", writes=True)
def delete_event_properties(ctx: CustomerContext, request: DeleteEventProperties) -> Nothing:
    """Delete properties of an event."""
    services.delete_event_properties(
        ctx.requester, request.chat_id, request.thread_id, request.event_id, request.properties
    )
    return {}


class ListLicenseProperties(OfOrganization):
    """``list_license_properties``: all, those of a namespace, of a name or beginning alike."""

    namespace: Namespace | None = None
    name: Name | None = None
    name_prefix: Name = ""


@action("customer", rtm=None, public=True, http_method="GET")
def list_license_properties(ctx: Context[Any], request: ListLicenseProperties) -> PropertiesShape:
    """Return the licence's properties that customers may read."""
    organization = organization_of(ctx, request)
    return _narrowed(request, selectors.license_properties(organization, _reader(ctx)))


class ListGroupProperties(ListLicenseProperties):
    """``list_group_properties``."""

    id: GroupId


@action("customer", rtm=None, public=True, http_method="GET")
def list_group_properties(ctx: Context[Any], request: ListGroupProperties) -> PropertiesShape:
    """Return a group's properties that customers may read."""
    organization = organization_of(ctx, request)
    found = selectors.group_properties(organization.id, request.id, _reader(ctx))
    return _narrowed(request, found)


def _reader(ctx: Context[Any]) -> Party:
    """Return as whom a call is read; without a token through nobody's client."""
    return Party("customer", ctx.client_id)


def _narrowed(request: ListLicenseProperties, found: Properties) -> PropertiesShape:
    return selectors.narrowed(
        found, namespace=request.namespace, name=request.name, prefix=request.name_prefix
    )
