"""The properties a licence or a group can have, with what each is set to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chatplatform import properties
from chatplatform.models import Application, Group, Organization, PropertyDefinition
from chatplatform.properties import Definition, Location, Party


@dataclass(frozen=True, slots=True)
class Slot:
    """A property somebody may read where it is. ``value`` is ``None`` where nothing is set.

    ``whose`` is the name of the application it belongs to; empty for the protocol's own.
    """

    definition: Definition
    value: Any
    writable: bool
    whose: str = ""
    description: str = ""


def slots(holder: Organization | Group, reader: Party) -> list[Slot]:
    """Return what ``reader`` may read of a licence or a group, by namespace and name. Two reads.

    What an application keeps to itself is left out for readers through another one.
    """
    organization_id = holder.pk if isinstance(holder, Organization) else holder.organization_id
    registered = PropertyDefinition.objects.filter(organization_id=organization_id)
    applications = Application.objects.filter(organization_id=organization_id)
    names = dict(applications.values_list("client_id", "name"))
    found = [Slot(one, None, False) for one in properties.defaults()]
    found += [
        Slot(
            properties.definition(row),
            None,
            False,
            names.get(row.namespace, row.namespace),
            row.description,
        )
        for row in registered
    ]
    return sorted(
        _held(found, holder, reader), key=lambda one: (one.whose, one.definition.namespace)
    )


def _held(found: list[Slot], holder: Organization | Group, reader: Party) -> Iterator[Slot]:
    location: Location = "license" if isinstance(holder, Organization) else "group"
    of = {"location": location, "kind": reader.kind, "client_id": reader.client_id}
    for one in sorted(found, key=lambda slot: slot.definition.name):
        definition = one.definition
        if not definition.allows("read", **of):
            continue
        value = holder.properties.get(definition.namespace, {}).get(definition.name)
        if value is not None and not definition.admits(value):
            value = None  # left over from another definition of its name
        yield Slot(definition, value, definition.allows("write", **of), one.whose, one.description)
