"""Configuration API: properties: which there are, and what licence and groups have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from chatplatform.api.action import Request, action
from chatplatform.api.context import AgentContext
from chatplatform.api.wire.chats import GroupId
from chatplatform.api.wire.properties import (
    Name,
    NamesInput,
    Namespace,
    PropertiesInput,
    PropertiesShape,
)
from chatplatform.api.wire.shapes import Nothing
from chatplatform.errors import Authorization
from chatplatform.models import PropertyDefinition
from chatplatform.models.properties import DESCRIPTION_LENGTH
from chatplatform.properties import Properties
from chatplatform.selectors import organizations
from chatplatform.selectors import properties as selectors
from chatplatform.services import properties as services
from configuration.owner import named_owner
from configuration.wire.groups import GroupIds

CONFIGURE = ("properties.configuration:rw",)
READ_LICENSE = ("properties.license.value--my:ro", "properties.license.value--all:ro")
WRITE_ANY_LICENSE_PROPERTY = "properties.license.value--all:rw"
WRITE_LICENSE = ("properties.license.value--my:rw", WRITE_ANY_LICENSE_PROPERTY)
READ_GROUP = ("properties.group.value--my:ro", "properties.group.value--all:ro")
WRITE_ANY_GROUP_PROPERTY = "properties.group.value--all:rw"
WRITE_GROUP = ("properties.group.value--my:rw", WRITE_ANY_GROUP_PROPERTY)
"""Of each pair the first opens the requester's own namespace, the second every one."""


# --- which there are --------------------------------------------------------------------------


class OwnProperty(Request):
    """A property, by its name and the application that owns it."""

    owner_client_id: Namespace
    name: Name


Right = Literal["read", "write"]
Rights = Annotated[list[Right], Field(min_length=1, max_length=8)]
Location = Literal["chat", "thread", "event", "license", "group"]
Access = dict[Location, dict[Literal["agent", "customer"], Rights]]
"""Rights by location and kind of user."""


class ValueRange(Request):
    """Which integers are allowed, both ends included."""

    from_: Annotated[int | None, Field(alias="from")] = None
    to: int | None = None

    def bounds(self) -> dict[str, int]:
        """Return the ends that are given."""
        ends = {"from": self.from_, "to": self.to}
        return {name: end for name, end in ends.items() if end is not None}


class RegisterProperty(OwnProperty):
    """``register_property``; a ``domain`` or a ``range`` narrows the values of the type."""

    type: Literal["int", "bool", "string", "tokenized_string"]
    access: Annotated[Access, Field(min_length=1)]
    description: Annotated[str, Field(max_length=DESCRIPTION_LENGTH)] = ""
    domain: Annotated[list[Any], Field(max_length=services.MAX_DOMAIN)] | None = None
    range: ValueRange | None = None
    default_value: Any = None


@action("configuration", scopes=CONFIGURE, rtm=None, writes=True)
def register_property(ctx: AgentContext, request: RegisterProperty) -> Nothing:
    """Let an application have a property, private for the time being."""
    owner = named_owner(ctx, request.owner_client_id)
    services.register_property(
        owner.organization,
        owner.client_id,
        request.name,
        kind=request.type,
        access={
            place: {kind: list(rights) for kind, rights in kinds.items()}
            for place, kinds in request.access.items()
        },
        domain=request.domain,
        value_range=None if request.range is None else request.range.bounds(),
        default_value=request.default_value,
        description=request.description,
    )
    return {}


@action("configuration", scopes=CONFIGURE, rtm=None, writes=True)
def unregister_property(ctx: AgentContext, request: OwnProperty) -> Nothing:
    """Take a private property back."""
    owner = named_owner(ctx, request.owner_client_id)
    services.unregister_property(owner.organization, owner.client_id, request.name)
    return {}


class PublishProperty(OwnProperty):
    """``publish_property``; ``access_type`` is what other applications may do."""

    access_type: Rights


@action("configuration", scopes=CONFIGURE, rtm=None, writes=True)
def publish_property(ctx: AgentContext, request: PublishProperty) -> Nothing:
    """Open a property to other applications, for good."""
    owner = named_owner(ctx, request.owner_client_id)
    services.publish_property(
        owner.organization, owner.client_id, request.name, list(request.access_type)
    )
    return {}


class ListProperties(Request):
    """``list_properties``."""

    owner_client_id: Namespace


RangeShape = TypedDict("RangeShape", {"from": NotRequired[int], "to": NotRequired[int]})
"""Which integers are allowed, both ends included."""


class PropertyShape(TypedDict):
    """A property as it was registered. ``public_access`` is empty while it is private."""

    type: str
    description: str
    access: dict[str, dict[str, list[str]]]
    public_access: list[str]
    domain: NotRequired[list[Any]]
    range: NotRequired[RangeShape]
    default_value: NotRequired[Any]


@action("configuration", scopes=CONFIGURE, rtm=None)
def list_properties(ctx: AgentContext, request: ListProperties) -> dict[str, PropertyShape]:
    """Return an application's properties, private and public, by name."""
    owner = named_owner(ctx, request.owner_client_id)
    rows = selectors.owned_by(ctx.organization_id, owner.client_id)
    return {row.name: _shape(row) for row in rows}


def _shape(row: PropertyDefinition) -> PropertyShape:
    shape: PropertyShape = {
        "type": row.type,
        "description": row.description,
        "access": row.access,
        "public_access": row.public_access or [],
    }
    if row.domain is not None:
        shape["domain"] = row.domain
    if row.range is not None:
        shape["range"] = row.range
    if row.default_value is not None:
        shape["default_value"] = row.default_value
    return shape


# --- of the licence ---------------------------------------------------------------------------


class UpdateLicenseProperties(Request):
    """``update_license_properties``."""

    properties: PropertiesInput


@action("configuration", scopes=WRITE_LICENSE, rtm=None, writes=True)
def update_license_properties(ctx: AgentContext, request: UpdateLicenseProperties) -> Nothing:
    """Set properties of the licence."""
    _check_namespaces(ctx, WRITE_LICENSE, request.properties)
    services.update_license_properties(ctx.requester, request.properties)
    return {}


class DeleteLicenseProperties(Request):
    """``delete_license_properties``."""

    properties: NamesInput


@action("configuration", scopes=WRITE_LICENSE, rtm=None, writes=True)
def delete_license_properties(ctx: AgentContext, request: DeleteLicenseProperties) -> Nothing:
    """Delete properties of the licence."""
    _check_namespaces(ctx, WRITE_LICENSE, request.properties)
    services.delete_license_properties(ctx.requester, request.properties)
    return {}


class ListLicenseProperties(Request):
    """``list_license_properties``: all, those of a namespace, or whose names begin alike."""

    namespace: Namespace | None = None
    name_prefix: Name = ""


@action("configuration", scopes=READ_LICENSE, rtm=None)
def list_license_properties(ctx: AgentContext, request: ListLicenseProperties) -> PropertiesShape:
    """Return the licence's properties, with the defaults of those that are not set."""
    organization = organizations.by_id(ctx.organization_id)
    assert organization is not None
    found = selectors.complete_license_properties(organization, selectors.party(ctx.requester))
    return _narrowed(ctx, READ_LICENSE, request, found)


# --- of groups --------------------------------------------------------------------------------


class UpdateGroupProperties(Request):
    """``update_group_properties``."""

    group_id: GroupId
    properties: PropertiesInput


@action("configuration", scopes=WRITE_GROUP, rtm=None, writes=True)
def update_group_properties(ctx: AgentContext, request: UpdateGroupProperties) -> Nothing:
    """Set properties of a group."""
    _check_namespaces(ctx, WRITE_GROUP, request.properties)
    services.update_group_properties(ctx.requester, request.group_id, request.properties)
    return {}


class DeleteGroupProperties(Request):
    """``delete_group_properties``."""

    id: GroupId
    properties: NamesInput


@action("configuration", scopes=WRITE_GROUP, rtm=None, writes=True)
def delete_group_properties(ctx: AgentContext, request: DeleteGroupProperties) -> Nothing:
    """Delete properties of a group."""
    _check_namespaces(ctx, WRITE_GROUP, request.properties)
    services.delete_group_properties(ctx.requester, request.id, request.properties)
    return {}


class ListGroupProperties(ListLicenseProperties):
    """``list_group_properties``."""

    id: GroupId


@action("configuration", scopes=READ_GROUP, rtm=None, until="3.4")
def list_group_properties(ctx: AgentContext, request: ListGroupProperties) -> PropertiesShape:
    """Return a group's properties, with the defaults of those that are not set."""
    reader = selectors.party(ctx.requester)
    found = selectors.group_properties(ctx.organization_id, request.id, reader)
    return _narrowed(ctx, READ_GROUP, request, found)


class ListGroupsProperties(ListLicenseProperties):
    """``list_groups_properties``; no ``group_ids`` are all."""

    group_ids: GroupIds


class GroupPropertiesShape(TypedDict):
    """A group's properties."""

    id: int
    properties: PropertiesShape


@action("configuration", scopes=READ_GROUP[1:], web="3.5", rtm=None)
def list_groups_properties(
    ctx: AgentContext, request: ListGroupsProperties
) -> list[GroupPropertiesShape]:
    """Return several groups' properties, with the defaults of those that are not set."""
    reader = selectors.party(ctx.requester)
    found = selectors.groups_properties(ctx.organization_id, request.group_ids, reader)
    return [
        {"id": number, "properties": _narrowed(ctx, READ_GROUP, request, values)}
        for number, values in found
    ]


# --- whose ------------------------------------------------------------------------------------


def _check_namespaces(
    ctx: AgentContext, scopes: tuple[str, str], namespaces: Iterable[str]
) -> None:
    """Raise :class:`Authorization` where the token opens its own namespace alone."""
    _, of_all = scopes
    if not ctx.requester.has_scope(of_all) and set(namespaces) - {ctx.client_id}:
        raise Authorization(f"other namespaces than the token's need the scope {of_all}")


def _narrowed(
    ctx: AgentContext,
    scopes: tuple[str, str],
    request: ListLicenseProperties,
    found: Properties,
) -> PropertiesShape:
    """Return what was asked for of ``found``, as far as the token opens it."""
    _, of_all = scopes
    if not ctx.requester.has_scope(of_all):
        found = selectors.narrowed(found, namespace=ctx.client_id)
    return selectors.narrowed(found, namespace=request.namespace, prefix=request.name_prefix)
