"""Reading what was registered, finding things by their properties, and licence and group values.

Objects that carry only the protocol's own properties cost no read (:func:`definitions_for`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import orjson
from django.db import connection
from django.db.models import BooleanField, F, Func, Q, Value

from chatplatform import limits, properties
from chatplatform.errors import Authorization, GroupNotFound, Validation
from chatplatform.models import Chat, Event, Group, Organization, PropertyDefinition, Thread
from chatplatform.properties import DEFAULTS, Definitions, Location, Party, Properties
from chatplatform.requester import AgentRequester, Requester

ConditionKind = Literal["exists", "values", "exclude_values"]


def party(requester: Requester) -> Party:
    """Return as whom ``requester`` reads and writes properties."""
    kind: properties.Kind = "agent" if isinstance(requester, AgentRequester) else "customer"
    return Party(kind, requester.client_id)


# --- definitions ------------------------------------------------------------------------------


def definitions_for(organization_id: UUID, *held: Mapping[str, Any]) -> Definitions:
    """Return the definitions that ``held`` (anything by namespace) may need.

    One read, and none where every namespace is the protocol's own.
    """
    registered = {namespace for one in held for namespace in one}
    registered -= properties.reserved_namespaces()
    if not registered:
        return DEFAULTS
    return _definitions(Q(organization_id=organization_id, namespace__in=registered))


def definitions_by_organization(
    held: Iterable[tuple[UUID, Mapping[str, Any]]],
) -> dict[UUID, Definitions]:
    """Return the definitions that what organisations hold (anything by namespace) may need.

    An organisation whose namespaces all are the protocol's own is left out. One read at most.
    """
    needed: dict[UUID, set[str]] = {}
    for organization_id, values in held:
        if registered := values.keys() - properties.reserved_namespaces():
            needed.setdefault(organization_id, set()).update(registered)
    if not needed:
        return {}
    found: dict[UUID, list[properties.Definition]] = {one: [] for one in needed}
    for row in PropertyDefinition.objects.filter(
        organization_id__in=needed, namespace__in=set().union(*needed.values())
    ):
        found[row.organization_id].append(properties.definition(row))
    return {organization_id: Definitions(several) for organization_id, several in found.items()}


def definitions_of(rows: Sequence[Chat | Thread | Event]) -> Definitions:
    """Return the definitions that the properties of one organisation's ``rows`` need.

    One read at most, as :func:`definitions_for`.
    """
    if not rows:
        return DEFAULTS
    return definitions_for(rows[0].organization_id, *(row.properties for row in rows))


def _definitions(wanted: Q) -> Definitions:
    rows = PropertyDefinition.objects.filter(wanted)
    return Definitions(properties.definition(row) for row in rows)


def owned_by(organization_id: UUID, client_id: str) -> list[PropertyDefinition]:
    """Return what the application registered, private or public, by name."""
    rows = PropertyDefinition.objects.filter(organization_id=organization_id, namespace=client_id)
    return list(rows.order_by("name"))


# --- filters ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """What one property must be: set or not (``exists``), or among ``values`` or not."""

    namespace: str
    name: str
    kind: ConditionKind
    value: Any


Given = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""What a client filters by: ``{namespace: {name: {kind: value}}}``."""


def conditions(requester: Requester, given: Given, *, location: Location) -> tuple[Condition, ...]:
    """Return the conditions in ``given`` on the properties of a ``location``.

    To filter is to read. Raise :class:`Validation` for names nobody registered and for anything
    but exactly one kind each, :class:`Authorization` for what the requester may not read there.
    Values that the property can not have match nothing.
    """
    definitions = definitions_for(requester.organization_id, given)
    reader = party(requester)
    found = []
    for namespace, names in given.items():
        for name, condition in names.items():
            definition = definitions.find(namespace, name)
            label = f"filters.properties.{namespace[:100]}.{name[:100]}"
            if definition is None or len(condition) != 1:
                raise Validation(f"`{label}` is not a filter")
            if not definition.allows(
                "read", location=location, kind=reader.kind, client_id=reader.client_id
            ):
                raise Authorization(f"`{label}` can not be read here")
            ((kind, value),) = condition.items()
            if kind != "exists":
                value = tuple(one for one in value if definition.fits(one))
            found.append(Condition(namespace, name, kind, value))  # type: ignore[arg-type]
    return tuple(found)


def narrowed_by(conditions: Iterable[Condition], *, prefix: str = "") -> Q:
    """Return the filter for rows whose ``<prefix>properties`` meet every condition.

    On PostgreSQL ``exists`` and ``values`` are found through indexes on chats' and threads'
    properties (migration 0002).
    """
    narrowed = Q()
    for one in conditions:
        narrowed &= _met(one, f"{prefix}properties")
    return narrowed


def _met(condition: Condition, column: str) -> Q:
    has = _has(condition, column)
    if condition.kind == "exists":
        return has if condition.value else ~has
    among = Q(pk__in=[])
    for value in condition.value:
        among |= _holds(condition, column, value)
    return among if condition.kind == "values" else ~(has & among)


def _has(condition: Condition, column: str) -> Q:
    if connection.vendor == "postgresql":
        template = "(chatplatform_property_names(%(expressions)s])"
        return _true(template, ") @> ARRAY[", column, f"{condition.namespace}.{condition.name}")
    return _true("(JSON_TYPE(%(expressions)s) IS NOT NULL)", ", ", column, _path(condition))


def _holds(condition: Condition, column: str, value: Any) -> Q:
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__contains": {condition.namespace: {condition.name: value}}})
    held = Func(F(column), Value(_path(condition)), function="JSON_EXTRACT")
    return _true("(%(expressions)s)", " = ", held, value)


def _path(condition: Condition) -> str:
    """Return the way to the value in SQLite's notation."""
    steps = (orjson.dumps(step).decode() for step in (condition.namespace, condition.name))
    return ".".join(("$", *steps))


def _true(template: str, joined_by: str, left: Any, right: Any) -> Q:
    answers = BooleanField()
    right = Value(right)
    return Q(Func(left, right, template=template, arg_joiner=joined_by, output_field=answers))


# --- licence and groups -----------------------------------------------------------------------


def license_properties(organization: Organization, reader: Party) -> Properties:
    """Return what ``reader`` may read of the licence's properties, defaults included. One read."""
    definitions = _with_defaults_at(organization.id, organization.properties)
    return properties.visible_to(
        reader, organization.properties, location="license", definitions=definitions
    )


def complete_license_properties(organization: Organization, reader: Party) -> Properties:
    """Return the same with what the platform itself says: limits and statistics. Two reads."""
    said: Properties = {
        limits.NAMESPACE: limits.defaults(),
        "statistics": _statistics(organization),
    }
    stored = properties.merge(said, organization.properties)
    definitions = _with_defaults_at(organization.id, stored)
    return properties.visible_to(reader, stored, location="license", definitions=definitions)


def _statistics(organization: Organization) -> dict[str, str]:
    threads = Thread.objects.filter(organization=organization).order_by("created_at")
    moments = {
        "first_chat_date": threads.values_list("created_at", flat=True).first(),
        "website_last_activity": organization.website_last_activity,
    }
    return {name: moment.date().isoformat() for name, moment in moments.items() if moment}


def group_properties(organization_id: UUID, number: int, reader: Party) -> Properties:
    """Return what ``reader`` may read of a group's properties, defaults included. Two reads.

    Raise :class:`GroupNotFound`.
    """
    group = Group.objects.filter(organization_id=organization_id, number=number).first()
    if group is None:
        raise GroupNotFound
    definitions = _with_defaults_at(organization_id, group.properties)
    return properties.visible_to(
        reader, group.properties, location="group", definitions=definitions
    )


def groups_properties(
    organization_id: UUID, numbers: Collection[int], reader: Party
) -> list[tuple[int, Properties]]:
    """Return what ``reader`` may read of these groups' properties, by number; of all for none.

    Defaults are included. Two reads. Raise :class:`GroupNotFound`.
    """
    groups = Group.objects.filter(organization_id=organization_id).order_by("number")
    if numbers:
        groups = groups.filter(number__in=numbers)
    stored = dict(groups.values_list("number", "properties"))
    if not stored.keys() >= set(numbers):
        raise GroupNotFound
    definitions = _with_defaults_at(organization_id, *stored.values())
    return [
        (
            number,
            properties.visible_to(reader, values, location="group", definitions=definitions),
        )
        for number, values in stored.items()
    ]


def _with_defaults_at(organization_id: UUID, *stored: Properties) -> Definitions:
    namespaces = {namespace for values in stored for namespace in values}
    needed = Q(namespace__in=namespaces) | Q(default_value__isnull=False)
    return _definitions(Q(organization_id=organization_id) & needed)


def narrowed(
    found: Properties, *, namespace: str | None = None, name: str | None = None, prefix: str = ""
) -> Properties:
    """Return those of ``found`` in one namespace, of one name, or whose names begin alike."""
    kept: Properties = {}
    for space, values in found.items():
        if namespace is None or space == namespace:
            wanted = {
                key: value
                for key, value in values.items()
                if key.startswith(prefix) and name in (None, key)
            }
            if wanted:
                kept[space] = wanted
    return kept
