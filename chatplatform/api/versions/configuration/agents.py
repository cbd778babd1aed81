"""What older versions of the Configuration API know differently of agents."""

from __future__ import annotations

from typing import Any, Final

from chatplatform.api.versions.change import (
    Record,
    Schema,
    VersionChange,
    each,
    each_item,
    replaced,
    schema_replaced,
    schema_without,
    without,
)
from chatplatform.api.versions.schedules import (
    FIELD,
    from_days,
    one_interval_a_day,
    schema_of_days,
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
        sentence="An agent's working hours are one interval a day, by the day's name, in no time "
        "zone of their own.",
        api="configuration",
        requests=_WRITTEN,
        upgrade=lambda payload: replaced(payload, FIELD, from_days),
        schema=schema_of_days,
    ),
    VersionChange(
        sentence="So they are when one agent is read, from the first beginning of a day to its "
        "last end.",
        api="configuration",
        responses=frozenset({"get_agent"}),
        downgrade=one_interval_a_day,
        schema=schema_of_days,
    ),
    VersionChange(
        sentence="And in lists of agents.",
        api="configuration",
        responses=frozenset({"list_agents"}),
        downgrade=lambda agents: each(agents, one_interval_a_day),
        schema=lambda schema: each_item(schema, schema_of_days),
    ),
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
        sentence="An agent is shown without account and last logout.",
        api="configuration",
        responses=frozenset({"get_agent"}),
        downgrade=lambda agent: without(agent, _NEWER),
        schema=lambda schema: schema_without(schema, _NEWER),
    ),
    VersionChange(
        sentence="So are the agents of a list.",
        api="configuration",
        responses=frozenset({"list_agents"}),
        downgrade=lambda agents: each(agents, lambda agent: without(agent, _NEWER)),
        schema=lambda schema: each_item(schema, lambda item: schema_without(item, _NEWER)),
    ),
)
