"""Pushes about the customer, and the group whose pages they are on."""

from __future__ import annotations

from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.customers import CustomerSideStorageUpdated, CustomerUpdated
from chatplatform.domain_events.routing import GroupStatusUpdated
from customers import shapes


@push("customer", "groups_status_updated", since="3.5")
def groups_status_updated(event: GroupStatusUpdated) -> Push:
    """One's own group went online or offline."""
    groups = [{"id": event.group_id, "status": event.status}]
    return Push({"groups": groups}, Reach.ACCESS, group_ids=frozenset({event.group_id}))


@push("customer", "customer_updated")
def customer_updated(event: CustomerUpdated) -> Push:
    """One's own data changed."""
    return Push(
        shapes.customer(event.customer),
        Reach.USERS,
        user_ids=frozenset({event.customer_id}),
    )


@push("customer", "customer_side_storage_updated")
def customer_side_storage_updated(event: CustomerSideStorageUpdated) -> Push:
    """What the client that logged in shall keep is not what it sent."""
    return Push(
        {"customer_side_storage": event.side_storage},
        Reach.USERS,
        user_ids=frozenset({event.customer_id}),
        to_requester_only=True,
    )
