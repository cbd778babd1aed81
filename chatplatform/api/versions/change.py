"""What a version change is, and the small vocabulary most of them are written in.

A change says in one sentence how an older version differs from the next newer one, names what it
applies to, and translates with pure functions: none alters what it is given, because a push is
shared by every version.

The same change is told twice: once for data (``upgrade``, ``downgrade``), once for the JSON
schemas of the published documents (``schema``, always from the newer to the older).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
Schema = dict[str, Any]


class _Drop:
    """What a downgrade returns for something the older version has no word for."""

    def __repr__(self) -> str:
        return "DROP"


DROP: Any = _Drop()
"""Left out of the list or map that holds it; alone in a push, the push is not sent at all."""


def same(value: Any) -> Any:
    """Return ``value``."""
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """One difference between a version and the next newer one.

    ``api``: the API it is about (``None``: each). It applies to exactly one of:

    * ``structure`` - ``"chat"``, ``"thread"``, ``"event"`` or ``"customer"``, wherever it occurs in
      responses and pushes;
    * ``requests``, ``responses``, ``pushes`` - the whole payloads of these actions and pushes;
    * ``webhooks`` - the whole bodies of these webhooks, whose payloads have been through what is
      changed for the agents' push of their name.

    ``upgrade`` turns an older request into a newer one; requests are not validated yet, so it
    must take any JSON. ``downgrade`` turns newer data into older and may return :data:`DROP` for a
    structure or a push.
    """

    sentence: str
    api: str | None = None
    structure: str = ""
    requests: frozenset[str] = frozenset()
    responses: frozenset[str] = frozenset()
    pushes: frozenset[str] = frozenset()
    webhooks: frozenset[str] = frozenset()
    upgrade: Callable[[Any], Any] = same
    downgrade: Callable[[Any], Any] = same
    schema: Callable[[Schema], Schema] = same

    def concerns(self, api: str) -> bool:
        """Tell whether the change is about ``api``."""
        return self.api is None or self.api == api


def without(record: Record, names: Iterable[str]) -> Record:
    """Return ``record`` without the fields ``names``; itself when it has none of them."""
    gone = record.keys() & names
    if not gone:
        return record
    return {name: value for name, value in record.items() if name not in gone}


def renamed(record: Record, old: str, new: str) -> Record:
    """Return ``record`` with its field ``old`` called ``new``, in the same place."""
    if old not in record:
        return record
    return {new if name == old else name: value for name, value in record.items() if name != new}


def replaced(record: Record, name: str, change: Callable[[Any], Any]) -> Record:
    """Return ``record`` with ``change`` made to its field ``name``, if it has one."""
    if name not in record:
        return record
    value = record[name]
    changed = change(value)
    return record if changed is value else {**record, name: changed}


def each(records: Any, change: Callable[[Any], Any]) -> Any:
    """Return the list ``records`` with ``change`` made to every object in it."""
    if not isinstance(records, list):
        return records
    return [change(record) if isinstance(record, dict) else record for record in records]


def every(answer: Any, change: Callable[[Any], Any]) -> Any:
    """Return ``answer``, an object or a list of such, with ``change`` made to every object."""
    return each(answer, change) if isinstance(answer, list) else change(answer)


def each_initial_event(payload: Record, change: Callable[[Record], Any]) -> Record:
    """Return a request that opens a thread with ``change`` made to every event in it."""

    def of_thread(thread: Any) -> Any:
        if not isinstance(thread, dict):
            return thread
        return replaced(thread, "events", lambda events: each(events, change))

    def of_chat(chat: Any) -> Any:
        return replaced(chat, "thread", of_thread) if isinstance(chat, dict) else chat

    return replaced(payload, "chat", of_chat)


def schema_without(schema: Schema, names: Iterable[str]) -> Schema:
    """Return an object's ``schema`` without the properties ``names``."""
    gone = set(names)
    changed = {**schema, "properties": without(schema.get("properties", {}), gone)}
    if "required" in schema:
        changed["required"] = [name for name in schema["required"] if name not in gone]
    return changed


def schema_renamed(schema: Schema, old: str, new: str) -> Schema:
    """Return an object's ``schema`` with the property ``old`` called ``new``."""
    changed = {**schema, "properties": renamed(schema.get("properties", {}), old, new)}
    if "required" in schema:
        changed["required"] = [new if name == old else name for name in schema["required"]]
    return changed


def schema_replaced(schema: Schema, name: str, change: Callable[[Schema], Schema]) -> Schema:
    """Return an object's ``schema`` with ``change`` made to each form of its property ``name``."""
    properties = schema.get("properties", {})
    if name not in properties:
        return schema
    return {
        **schema,
        "properties": {**properties, name: each_form(properties[name], change)},
    }


def each_form(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Return ``schema`` with ``change`` made to it, or to the object forms of its union."""
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return {**schema, union: [each_form(form, change) for form in schema[union]]}
    return change(schema) if "properties" in schema else schema


def each_item(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Return ``schema`` with ``change`` made to the object forms of the items of its lists."""
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return {**schema, union: [each_item(form, change) for form in schema[union]]}
    return {**schema, "items": each_form(schema["items"], change)} if "items" in schema else schema


def every_form(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Return the ``schema`` of an object, or of a list of such, with ``change`` made to theirs."""
    return each_item(each_form(schema, change), change)


def object_form(schema: Schema) -> Schema:
    """Return the first object form of ``schema``, or the schema of an empty object."""
    for form in schema.get("anyOf") or schema.get("oneOf") or (schema,):
        if "properties" in form:
            return dict(form)
    return {"type": "object", "properties": {}}


def removed(
    sentence: str, structure: str, names: Iterable[str], api: str | None = None
) -> VersionChange:
    """Return the change that an older ``structure`` does not have the fields ``names``."""
    gone = frozenset(names)
    return VersionChange(
        sentence=sentence,
        api=api,
        structure=structure,
        downgrade=lambda record: without(record, gone),
        schema=lambda schema: schema_without(schema, gone),
    )
