"""Properties as clients give them and filter by them (protocol.md 2.10)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from chatplatform.api.action import Request
from chatplatform.models.properties import NAME_LENGTH, NAMESPACE_LENGTH

MAX_NAMESPACES = 100
MAX_NAMES = 100
"""Properties of one namespace that a request may name."""

Namespace = Annotated[str, Field(max_length=NAMESPACE_LENGTH)]
Name = Annotated[str, Field(max_length=NAME_LENGTH)]

PropertiesInput = Annotated[
    dict[Namespace, Annotated[dict[Name, Any], Field(max_length=MAX_NAMES)]],
    Field(max_length=MAX_NAMESPACES),
]
"""Values by namespace and name."""

PropertiesShape = dict[str, dict[str, Any]]
"""The same in answers."""

NamesInput = Annotated[
    dict[Namespace, Annotated[list[Name], Field(max_length=MAX_NAMES)]],
    Field(max_length=MAX_NAMESPACES),
]
"""Names by namespace."""


class PropertyFilter(Request):
    """A condition on one property; exactly one of its fields."""

    exists: bool | None = None
    values: Annotated[list[Any], Field(max_length=200)] | None = None
    exclude_values: Annotated[list[Any], Field(max_length=200)] | None = None


PropertyFilters = Annotated[
    dict[Namespace, Annotated[dict[Name, PropertyFilter], Field(max_length=MAX_NAMES)]],
    Field(max_length=MAX_NAMESPACES),
]
"""Conditions by namespace and name, all of which must be met."""


Id = Annotated[str, Field(max_length=64)]


class UpdateChatProperties(Request):
    """``update_chat_properties``."""

    id: Id
    properties: PropertiesInput


class DeleteChatProperties(Request):
    """``delete_chat_properties``."""

    id: Id
    properties: NamesInput


class UpdateThreadProperties(Request):
    """``update_thread_properties``."""

    chat_id: Id
    thread_id: Id
    properties: PropertiesInput


class DeleteThreadProperties(Request):
    """``delete_thread_properties``."""

    chat_id: Id
    thread_id: Id
    properties: NamesInput


class UpdateEventProperties(UpdateThreadProperties):
    """``update_event_properties``."""

    event_id: Id


class DeleteEventProperties(DeleteThreadProperties):
    """``delete_event_properties``."""

    event_id: Id
