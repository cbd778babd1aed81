"""3.7 → 3.6."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatplatform.api.versions import configuration
from chatplatform.api.versions.change import (
    Record,
    Schema,
    VersionChange,
    each,
    each_form,
    object_form,
    renamed,
    replaced,
    schema_renamed,
    schema_replaced,
    schema_without,
    without,
)

HINT = "_last_event_per_type"
"""A chat entry's newest events over all of its threads; the newest shape has the last thread's."""


def _newest_events(entry: Record, thread: Any) -> Record:
    """Return ``last_event_per_type`` as it was: each event beside its thread's id and start."""
    if HINT in entry:
        hinted: Record = entry[HINT]
        return hinted
    if not isinstance(thread, dict):
        return {}
    return {
        event_type: {
            "thread_id": thread.get("id"),
            "thread_created_at": thread.get("created_at"),
            **holder,
        }
        for event_type, holder in thread.get("last_event_per_type", {}).items()
    }


def _agent_entry(entry: Record) -> Record:
    thread = entry.get("last_thread_info")
    entry = {**without(entry, (HINT,)), "last_event_per_type": _newest_events(entry, thread)}
    entry = renamed(entry, "last_thread_info", "last_thread_summary")
    return replaced(
        entry, "last_thread_summary", lambda summary: without(summary, ("last_event_per_type",))
    )


def _customer_entry(entry: Record) -> Record:
    thread = entry.get("last_thread_info")
    events = _newest_events(entry, thread)
    entry = {**without(entry, (HINT, "last_thread_info")), "last_event_per_type": events}
    if isinstance(thread, dict):
        entry["last_thread_id"] = thread.get("id")
        entry["last_thread_created_at"] = thread.get("created_at")
    return entry


_TEXT = {"type": "string"}
_RESTRICTED = {
    "type": "object",
    "properties": {"restricted_access": _TEXT},
    "required": ["restricted_access"],
}
"""What stands for an event of an older thread that its reader may not see (protocol.md 2.5)."""


def _events_schema(thread: Schema, of_holder: Callable[[Schema], Schema]) -> Schema:
    events = dict(thread["properties"].get("last_event_per_type", {"type": "object"}))
    if isinstance(events.get("additionalProperties"), dict):
        events["additionalProperties"] = each_form(events["additionalProperties"], of_holder)
    return events


def _holder_schema(holder: Schema) -> Schema:
    placed = {"thread_id": _TEXT, "thread_created_at": _TEXT, **holder["properties"]}
    return {**holder, "properties": placed}


def _agent_holder_schema(holder: Schema) -> Schema:
    holder = _holder_schema(holder)
    event = {"anyOf": [holder["properties"]["event"], _RESTRICTED]}
    return {**holder, "properties": {**holder["properties"], "event": event}}


def _entry_schema(entry: Schema, of_holder: Callable[[Schema], Schema]) -> Schema:
    """Return the entry's schema with its newest events beside its thread."""
    thread = object_form(entry["properties"].get("last_thread_info", {}))
    moved = {**entry["properties"], "last_event_per_type": _events_schema(thread, of_holder)}
    return {**entry, "properties": moved}


def _agent_entry_schema(entry: Schema) -> Schema:
    entry = _entry_schema(entry, _agent_holder_schema)
    entry = schema_renamed(entry, "last_thread_info", "last_thread_summary")
    return schema_replaced(
        entry,
        "last_thread_summary",
        lambda thread: schema_without(thread, ("last_event_per_type",)),
    )


def _customer_entry_schema(entry: Schema) -> Schema:
    entry = _entry_schema(entry, _holder_schema)
    entry = schema_without(entry, ("last_thread_info",))
    placed = {"last_thread_id": _TEXT, "last_thread_created_at": _TEXT}
    return {**entry, "properties": {**entry["properties"], **placed}}


def _of_agents(payload: Record) -> Record:
    payload = replaced(payload, "chats_info", lambda entries: each(entries, _agent_entry))
    return renamed(payload, "chats_info", "chats_summary")


def _of_customers(payload: Record) -> Record:
    payload = replaced(payload, "chats_info", lambda entries: each(entries, _customer_entry))
    return renamed(payload, "chats_info", "chats_summary")


def _agents_schema(schema: Schema) -> Schema:
    return _list_schema(schema, _agent_entry_schema)


def _customers_schema(schema: Schema) -> Schema:
    return _list_schema(schema, _customer_entry_schema)


def _list_schema(schema: Schema, entry_schema: Any) -> Schema:
    properties = schema.get("properties", {})
    entries = properties.get("chats_info")
    if entries and "items" in entries:
        entries = {**entries, "items": each_form(entries["items"], entry_schema)}
        schema = {**schema, "properties": {**properties, "chats_info": entries}}
    return schema_renamed(schema, "chats_info", "chats_summary")


CHANGES = (
    VersionChange(
        sentence="Agents' chat lists are called `chats_summary`; an entry's `last_thread_summary` "
        "stands beside its `last_event_per_type`, which covers all threads and names them.",
        api="agent",
        responses=frozenset({"list_chats", "login"}),
        downgrade=_of_agents,
        schema=_agents_schema,
    ),
    VersionChange(
        sentence="Customers' chat lists are called `chats_summary`; an entry has `last_thread_id`, "
        "`last_thread_created_at` and a `last_event_per_type` over all threads.",
        api="customer",
        responses=frozenset({"list_chats"}),
        downgrade=_of_customers,
        schema=_customers_schema,
    ),
    *configuration.TO_3_6,
)
