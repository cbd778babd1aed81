"""Finding chats, threads, events and customers wherever they occur in a payload.

Structures are found by where they stand, never by what they look like: an event's ``content`` and
other data of clients may hold anything, and are not looked into.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chatplatform.api.versions.change import DROP, Schema

Visitor = Callable[[dict[str, Any]], Any]

PAYLOAD = "payload"
USER = "user"
CUSTOMER = "customer"
OPEN = "open"
"""What has names that clients chose: none of them means a structure."""
_ENTRY = "entry"
"""A value of ``last_event_per_type``: an object around one event."""

_PLACES = {
    "chat": "chat",
    "chats": "chat",
    "chats_info": "chat",
    "chats_summary": "chat",
    "thread": "thread",
    "threads": "thread",
    "last_thread_info": "thread",
    "last_thread_summary": "thread",
    "event": "event",
    "events": "event",
    "user": USER,
    "users": USER,
    "my_profile": USER,
    "customer": CUSTOMER,
    "customers": CUSTOMER,
}
"""Under which names structures stand, alone or in a list."""
_BY_TYPE = "last_event_per_type"
_HOLDERS = frozenset({PAYLOAD, "chat", "thread", _ENTRY})
"""What may hold structures; the others are leaves."""
_NAMES = frozenset((*_PLACES, _BY_TYPE))

_ROOTS = {
    ("agent", "get_chat"): "chat",
    ("customer", "get_chat"): "chat",
    ("agent", "get_customer"): CUSTOMER,
    ("customer", "get_customer"): CUSTOMER,
    ("agent", "customer_updated"): CUSTOMER,
    ("agent", "customer_statistics_updated"): CUSTOMER,
    ("agent", "incoming_customer"): CUSTOMER,
    ("customer", "customer_updated"): CUSTOMER,
    ("configuration", "list_properties"): OPEN,
    ("configuration", "list_license_properties"): OPEN,
    ("configuration", "list_group_properties"): OPEN,
    ("customer", "list_license_properties"): OPEN,
    ("customer", "list_group_properties"): OPEN,
}
"""Responses and pushes that are a structure themselves."""


def root_of(api: str, name: str) -> str:
    """Return what the payload of an action's response, or of a push, is as a whole."""
    return _ROOTS.get((api, name), PAYLOAD)


def rewrite(value: Any, kind: str, visitors: Mapping[str, Visitor]) -> Any:
    """Return ``value``, a structure of ``kind``, with ``visitors`` applied from the inside out.

    Nothing is altered; what no visitor changes is the same object. A structure a visitor drops
    leaves the list or map around it; from any other place it takes its holder with it.
    """
    if isinstance(value, list):
        return _rewrite_list(value, kind, visitors)
    if not isinstance(value, dict):
        return value
    if kind in _HOLDERS:
        value = _rewrite_children(value, visitors)
        if value is DROP:
            return DROP
    if kind == USER and value.get("type") == CUSTOMER:
        kind = CUSTOMER
    visitor = visitors.get(kind)
    return value if visitor is None else visitor(value)


def _rewrite_list(values: list[Any], kind: str, visitors: Mapping[str, Visitor]) -> list[Any]:
    changed = [rewrite(value, kind, visitors) for value in values]
    if all(new is old for new, old in zip(changed, values, strict=True)):
        return values
    return [value for value in changed if value is not DROP]


def _rewrite_children(record: dict[str, Any], visitors: Mapping[str, Visitor]) -> Any:
    result = record
    for name in record.keys() & _NAMES:
        old = record[name]
        if name == _BY_TYPE:
            new = _rewrite_map(old, visitors)
        else:
            new = rewrite(old, _PLACES[name], visitors)
        if new is DROP:
            return DROP
        if new is not old:
            if result is record:
                result = dict(record)
            result[name] = new
    return result


def _rewrite_map(entries: Any, visitors: Mapping[str, Visitor]) -> Any:
    if not isinstance(entries, dict):
        return entries
    changed = {name: rewrite(entry, _ENTRY, visitors) for name, entry in entries.items()}
    if all(changed[name] is entry for name, entry in entries.items()):
        return entries
    return {name: entry for name, entry in changed.items() if entry is not DROP}


def rewrite_schema(schema: Schema, kind: str, visitors: Mapping[str, Visitor]) -> Schema:
    """Return the JSON ``schema`` of a ``kind`` with ``visitors`` applied as :func:`rewrite` does.

    ``schema`` holds no references.
    """
    for union in ("anyOf", "oneOf"):
        if union in schema:
            forms = [rewrite_schema(form, kind, visitors) for form in schema[union]]
            return {**schema, union: forms}
    if "items" in schema:
        return {**schema, "items": rewrite_schema(schema["items"], kind, visitors)}
    if "properties" not in schema:
        return schema
    if kind in _HOLDERS:
        schema = {**schema, "properties": _rewrite_properties(schema["properties"], visitors)}
    if kind == USER and _type_of(schema) in (CUSTOMER, None):
        kind = CUSTOMER
    visitor = visitors.get(kind)
    return schema if visitor is None else visitor(schema)


def _rewrite_properties(
    properties: dict[str, Schema], visitors: Mapping[str, Visitor]
) -> dict[str, Schema]:
    changed = dict(properties)
    for name in properties.keys() & _NAMES:
        schema = properties[name]
        if name != _BY_TYPE:
            changed[name] = rewrite_schema(schema, _PLACES[name], visitors)
        elif isinstance(schema.get("additionalProperties"), dict):
            entry = rewrite_schema(schema["additionalProperties"], _ENTRY, visitors)
            changed[name] = {**schema, "additionalProperties": entry}
    return changed


def _type_of(schema: Schema) -> Any:
    declared = schema["properties"].get("type", {})
    return declared.get("const", (declared.get("enum") or [None])[0])


def strip_hints(value: Any, kind: str) -> Any:
    """Return ``value`` without the private fields of its structures.

    A structure may carry fields whose names begin with one underscore: hints for the changes of
    older versions and for single applications, meant for nobody else.
    """
    return rewrite(value, kind, _STRIPPERS)


def _without_hints(record: dict[str, Any]) -> dict[str, Any]:
    for name in record:
        if name[:1] == "_" and name[:2] != "__":
            break
    else:
        return record
    return {name: value for name, value in record.items() if name[:1] != "_" or name[:2] == "__"}


_STRIPPERS: dict[str, Visitor] = dict.fromkeys(
    (PAYLOAD, "chat", "thread", "event", USER, CUSTOMER), _without_hints
)
