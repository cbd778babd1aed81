"""Listing customers and bans (protocol.md 2.8). Each order comes from an index of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from chatplatform import clock, limits
from chatplatform.models import ChatListing, Customer, CustomerBan, Organization
from chatplatform.models.customers import NEVER
from chatplatform.selectors.chats import COUNT_AT_MOST

MONTH = timedelta(days=30)

Condition = tuple[str, Any]
"""What a field is compared with: ``values``, ``exclude_values``, ``lt``, …, ``eq``, and a value."""

_COLUMNS: Final = {
    "created_at": "created_at",
    "threads_count": "threads_count",
    "visits_count": "visits_count",
    "agent_last_event": "agent_spoke_at",
    "customer_last_event": "customer_spoke_at",
}
"""The orders, and the columns they go by."""

_FIELDS: Final = {
    "name": "name",
    "email": "email",
    "chats_count": "chats_count",
    "threads_count": "threads_count",
    "visits_count": "visits_count",
    "created_at": "created_at",
    "agent_last_event_created_at": "agent_spoke_at",
    "customer_last_event_created_at": "customer_spoke_at",
}
"""The filters that compare a column."""


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """What a list is narrowed to: conditions by the protocol's filter names, all of which hold."""

    conditions: Mapping[str, Condition] = field(default_factory=dict)
    without_chats: bool = True


@dataclass(frozen=True, slots=True)
class Listing:
    """Customers in one of the protocol's orders; equal ones by when they were made.

    ``hidden`` are those the licence keeps no longer (``limits.customers_retention``).
    """

    sort_by: str
    rows: QuerySet[Customer]
    hidden: QuerySet[Customer] | None

    def beyond(self, *, ascending: bool, limit: int, position: list[Any] | None) -> list[Customer]:
        """Return up to ``limit`` customers with their visits, beyond ``position``. One read."""
        column = _COLUMNS[self.sort_by]
        rows = self.rows.select_related("last_visit")
        if position is not None:
            rows = rows.filter(_beyond(column, _read(position), ascending))
        sign = "" if ascending else "-"
        return list(rows.order_by(f"{sign}{column}", f"{sign}created_at", f"{sign}id")[:limit])

    def position_of(self, customer: Customer) -> list[Any]:
        """Return what names the order and the place of ``customer`` in it, as JSON."""
        value = getattr(customer, _COLUMNS[self.sort_by])
        shown = value if isinstance(value, int) else clock.to_wire(value)
        return [self.sort_by, shown, clock.to_wire(customer.created_at), str(customer.id)]

    def count(self) -> int:
        """Return how many there are, or ``COUNT_AT_MOST`` when there are more."""
        return self.rows.order_by()[:COUNT_AT_MOST].count()

    def count_hidden(self) -> int:
        """Return how many the licence hides, counted as :meth:`count` does."""
        return 0 if self.hidden is None else self.hidden.order_by()[:COUNT_AT_MOST].count()


def listing(organization_id: UUID, narrowed: CustomerFilter, sort_by: str) -> Listing:
    """Return the organisation's customers that pass a filter, in the order ``sort_by``."""
    rows = Customer.objects.filter(organization_id=organization_id)
    for name, condition in narrowed.conditions.items():
        rows = rows.filter(_passes(name, condition))
    if not narrowed.without_chats:
        rows = rows.filter(chats_count__gt=0)
    properties = Organization.objects.get(id=organization_id).properties
    months = limits.limit(properties, "customers_retention")
    if months == limits.UNLIMITED:
        return Listing(sort_by, rows, None)
    kept = _seen_since(clock.now() - months * MONTH)
    return Listing(sort_by, rows.filter(kept), rows.exclude(kept))


def _seen_since(moment: Any) -> Q:
    return (
        Q(created_at__gte=moment) | Q(agent_spoke_at__gte=moment) | Q(customer_spoke_at__gte=moment)
    )


def _passes(name: str, condition: Condition) -> Q:
    kind, value = condition
    if name == "customer_id":
        return _among(kind, "id", _uuids(value))
    if name == "country":
        return _in_country(kind, value)
    if name == "chat_group_ids":
        return _in_groups(kind, value)
    column = _FIELDS[name]
    if kind in ("values", "exclude_values"):
        return _among(kind, column, value)
    compared = Q(**{f"{column}__{'exact' if kind == 'eq' else kind}": value})
    return compared & Q(**{f"{column}__gt": NEVER}) if column.endswith("spoke_at") else compared


def _among(kind: str, column: str, values: Iterable[Any]) -> Q:
    found = Q(**{f"{column}__in": list(values)})
    return found if kind == "values" else ~found


def _uuids(texts: Iterable[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue  # nobody has such an id
    return found


def _in_country(kind: str, countries: list[str]) -> Q:
    country = "last_visit__geolocation__country"
    found = Q(**{f"{country}__in": countries})
    if kind == "values":
        return found
    return Q(last_visit__isnull=True) | Q(**{f"{country}__isnull": True}) | ~found


def _in_groups(kind: str, numbers: list[int]) -> Q:
    listed = ChatListing.objects.filter(
        organization_id=OuterRef("organization_id"),
        reader__in=[f"g:{number}" for number in numbers],
        chat__customer_id=OuterRef("id"),
    )
    return Q(Exists(listed)) if kind == "values" else ~Q(Exists(listed))


def _read(position: list[Any]) -> tuple[Any, Any, UUID]:
    value, created_at, key = position
    if not isinstance(value, int):
        value = clock.from_wire(value)
    return value, clock.from_wire(created_at), UUID(key)


def _beyond(column: str, edge: tuple[Any, Any, UUID], rising: bool) -> Q:
    value, created_at, key = edge
    side = "gt" if rising else "lt"
    return Q(**{f"{column}__{side}e": value}) & (  # the bound alone lets the index begin there
        Q(**{f"{column}__{side}": value})
        | Q(**{column: value, f"created_at__{side}": created_at})
        | Q(**{column: value, "created_at": created_at, f"id__{side}": key})
    )


def running_bans(organization_id: UUID) -> QuerySet[CustomerBan]:
    """Return the organisation's bans that hold, the newest first."""
    return CustomerBan.objects.filter(
        organization_id=organization_id, expires_at__gt=clock.now()
    ).order_by("-id")


def is_banned(customer: Customer) -> bool:
    """Tell whether a ban of the customer holds."""
    return running_bans(customer.organization_id).filter(customer=customer).exists()
