"""What the property actions of the Agent and the Customer API share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from chatplatform import properties
from chatplatform.api.context import Context
from chatplatform.api.pushes import Push
from chatplatform.api.wire.properties import PropertyFilters
from chatplatform.properties import Location
from chatplatform.selectors import properties as property_selectors
from chatplatform.selectors.properties import Condition


class PropertiesChanged(Protocol):
    """A domain event about properties (``domain_events/properties.py``)."""

    @property
    def properties(self) -> dict[str, Any]:
        """Those every agent may read."""

    @property
    def hints(self) -> dict[str, Any]:
        """Those only some may read."""


def conditions(
    ctx: Context[Any], filters: PropertyFilters | None, *, location: Location
) -> tuple[Condition, ...]:
    """Return ``filters.properties`` of a list for the selector.

    Raise what ``selectors.properties.conditions`` raises.
    """
    given = {
        namespace: {name: one.model_dump(exclude_none=True) for name, one in names.items()}
        for namespace, names in (filters or {}).items()
    }
    return property_selectors.conditions(ctx.requester, given, location=location)


def delta(event: PropertiesChanged) -> dict[str, Any]:
    """Return the fields by which a push shows what was set or deleted, hints among them."""
    return {"properties": event.properties, **event.hints}


def owners_only(push: Push) -> Push | None:
    """Return ``push`` for those who are shown anything of its properties.

    That is nobody (``None``), or only clients of the applications whose own properties it holds.
    """
    if push.payload["properties"]:
        return push
    owners = push.payload.get(properties.OWN)
    return replace(push, client_ids=frozenset(owners)) if owners else None
