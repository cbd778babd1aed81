"""An organisation's customers as people look through them: the newest first, and never counted."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from chatplatform import clock
from chatplatform.models import Customer
from chatplatform.selectors.customers import Listing

SEARCHED: Final = 20_000
"""Among how many customers, the newest, a part of a name or of an e-mail address is looked for."""

Place = tuple[str, UUID]
"""Where a customer stands among the others: when they were made, as the wire has it, and the id."""


def page(
    organization_id: UUID,
    text: str,
    limit: int,
    before: Place | None = None,
    after: Place | None = None,
) -> list[Customer]:
    """Return up to ``limit`` customers with their last visits, the newest first.

    They are older than ``before``, or the next ones newer than ``after``. ``text`` is the whole of
    an id, of the id that the organisation knows somebody by, or of an e-mail address; or a part of
    a name or address of one of the newest :data:`SEARCHED`; empty: whoever there is. One read
    then, else five at most, each from an index.
    """
    rows, text = Customer.objects.filter(organization_id=organization_id), text.strip()
    found: dict[UUID, Customer] = {}
    for some in _found(organization_id, rows, text) if text else [rows]:
        of_them = Listing("created_at", some, None).beyond(
            ascending=after is not None, limit=limit, position=_position(after or before)
        )
        found |= {one.pk: one for one in of_them}
    in_order = sorted(
        found.values(), key=lambda one: (one.created_at, one.pk), reverse=after is None
    )[:limit]
    return in_order if after is None else in_order[::-1]


def place_of(customer: Customer) -> Place:
    """Return where a customer stands."""
    return clock.to_wire(customer.created_at), customer.pk


def with_id(rows: QuerySet[Customer], text: str) -> QuerySet[Customer]:
    """Return the one of ``rows`` with this id."""
    try:
        return rows.filter(pk=UUID(text.strip()))
    except ValueError:
        return rows.none()


def _position(place: Place | None) -> list[Any] | None:
    return None if place is None else [place[0], place[0], str(place[1])]


def _found(organization_id: UUID, rows: QuerySet[Customer], text: str) -> list[QuerySet[Customer]]:
    """Return who is found by each of the ways, which no index serves together."""
    newest = rows.order_by("-created_at", "-id").values_list("created_at", flat=True)
    oldest = newest[SEARCHED - 1 : SEARCHED].first()
    searched = rows if oldest is None else rows.filter(created_at__gte=oldest)
    return [
        with_id(rows, text),
        rows.filter(
            external_identity__organization_id=organization_id, external_identity__external_id=text
        ),
        rows.filter(Exact(Lower("email"), text.lower())),
        searched.filter(Q(name__icontains=text) | Q(email__icontains=text)),
    ]
