"""What older versions of the Configuration API know differently of agents."""

from __future__ import annotations

from typing import Any, Final

from chatplatform.api.versions.change import (
    Record,
    Schema,
    VersionChange,
    every,
    every_form,
    replaced,
    schema_replaced,
    schema_without,
    without,
)

_WRITTEN: Final = frozenset({"create_agent", "update_agent"})
_READ: Final = frozenset({"get_agent", "list_agents"})
_NEWER: Final = ("account_id", "last_logout")
_LAST_LOGOUT: Final = "last_logout"
_MAX_CHATS_BEFORE_3_5: Final = 100


def _with(schema: Schema, *names: str) -> Schema:
    text: Schema = {"type": "string"}
    return {**schema, "properties": {**schema["properties"], **dict.fromkeys(names, text)}}


def _many_chats(schema: Schema) -> Schema:
    chats = {**schema["properties"]["max_chats_count"], "maximum": _MAX_CHATS_BEFORE_3_5}
    return {**schema, "properties": {**schema["properties"], "max_chats_count": chats}}


def _fewer_wishes(payload: Record) -> Record:
    """Take out what a client of 3.4 can not ask for, as any field that is not known."""

    def fields(names: Any) -> Any:
        if not isinstance(names, list):
            return names
        return [name for name in names if name != _LAST_LOGOUT]

    def filters(wanted: Any) -> Any:
        return without(wanted, ("suspended",)) if isinstance(wanted, dict) else wanted

    return replaced(replaced(payload, "fields", fields), "filters", filters)


def _fewer_wishes_schema(schema: Schema) -> Schema:
    fields = schema["properties"]["fields"]
    items = fields["items"]
    known = [name for name in items["enum"] if name != _LAST_LOGOUT]
    schema = schema_replaced(schema, "filters", lambda one: schema_without(one, ("suspended",)))
    changed = {**fields, "items": {**items, "enum": known}}
    return {**schema, "properties": {**schema["properties"], "fields": changed}}


TO_3_6: tuple[VersionChange, ...] = ()

TO_3_5 = (
    VersionChange(
        sentence="An agent's picture can be chosen when they are made.",
        api="configuration",
        requests=frozenset({"create_agent"}),
        schema=lambda schema: _with(schema, "avatar"),
    ),
    VersionChange(
        sentence="An agent's name and picture can be changed.",
        api="configuration",
        requests=frozenset({"update_agent"}),
        schema=lambda schema: _with(schema, "name", "avatar"),
    ),
)

TO_3_4 = (
    VersionChange(
        sentence="An agent may have a hundred chats at a time.",
        api="configuration",
        requests=_WRITTEN,
        schema=_many_chats,
    ),
    VersionChange(
        sentence="Clients can not ask for the last logout, nor for suspended agents alone.",
        api="configuration",
        requests=_READ,
        upgrade=_fewer_wishes,
        schema=_fewer_wishes_schema,
    ),
    VersionChange(
        sentence="Agents are shown without account and last logout.",
        api="configuration",
        responses=_READ,
        downgrade=lambda answer: every(answer, lambda agent: without(agent, _NEWER)),
        schema=lambda schema: every_form(schema, lambda agent: schema_without(agent, _NEWER)),
    ),
)
