"""Pushes about customers, to the agents who watch or see them (protocol.md 2.8)."""

from __future__ import annotations

from agents.pushes.reach import (
    CUSTOMERS,
    of_others,
    of_own,
    of_seen,
    of_watched,
    page_watchers,
    watchers,
)
from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.chats import ChatStarted
from chatplatform.domain_events.customers import (
    CustomerBanned,
    CustomerCame,
    CustomerInvitedNoMore,
    CustomerLeft,
    CustomerPageUpdated,
    CustomerStatisticsUpdated,
    CustomerTransferred,
    CustomerUpdated,
    MonitoringStarted,
    SubscribedCustomersCounted,
    TicketCreated,
    TicketDeleted,
)
from chatplatform.records import Record


@push("agent", "incoming_customers")
def incoming_customers(event: MonitoringStarted) -> Push:
    """Right after login: the customers the agent watches."""
    return Push(
        {"customer_monitoring_level": event.level, "customers": event.customers},
        Reach.USERS,
        user_ids=frozenset({event.agent_id}),
        scopes=CUSTOMERS,
        to_requester_only=True,
    )


@push("agent", "incoming_customer")
def customer_came(event: CustomerCame) -> Push:
    """A customer came, or does something that shows them to more agents."""
    return of_others(event, event.customer, watchers(event))


@push("agent", "incoming_customer")
def own_customer_came(event: CustomerCame) -> Push:
    """A customer came back to the agents who talk to them."""
    return of_own(event, {**event.customer, "followed": True})


@push("agent", "incoming_customer")
def customer_invited_no_more(event: CustomerInvitedNoMore) -> Push | None:
    """A greeting waits for a customer no more: who watches those invited is told what they do."""
    if not event.online:
        return None
    return of_others(event, event.customer, frozenset({("invited", event.group_id)}))


@push("agent", "customer_transferred")
def customer_transferred(event: CustomerTransferred) -> Push:
    """A customer's pages belong to one's group no more; those who talk to them keep them.

    Who watches the new group as well is told of the customer anew right after.
    """
    payload = {
        "id": event.customer_id,
        "transferred_to": {"group_ids": [event.group_id]},
        "followed": False,
    }
    return of_others(event, payload, page_watchers(event, event.left))


@push("agent", "incoming_customer")
def customer_moved_in(event: CustomerTransferred) -> Push:
    """A customer's pages belong to one's group now."""
    return of_others(event, event.customer, watchers(event))


@push("agent", "customer_updated")
def customer_updated(event: CustomerUpdated) -> Push:
    """A customer's data changed: the changed fields only."""
    return of_seen(event, {"id": event.customer_id, "type": "customer", **event.changes})


@push("agent", "customer_page_updated")
def customer_page_updated(event: CustomerPageUpdated) -> Push:
    """A customer opened a page."""
    payload = {"customer_id": event.customer_id, "visit_id": event.visit_id, **event.page}
    return of_watched(event, payload)


@push("agent", "customer_statistics_updated", since="3.6")
def customer_statistics_updated(event: CustomerStatisticsUpdated) -> Push:
    """A count about a customer changed."""
    return of_watched(event, {"customer_id": event.customer_id, "statistics": event.statistics})


@push("agent", "customer_left")
def customer_left(event: CustomerLeft) -> Push:
    """A customer left the pages."""
    return of_watched(event, {"id": event.customer_id, "left_at": event.left_at})


@push("agent", "customer_banned")
def customer_banned(event: CustomerBanned) -> Push:
    """A customer was banned; the agent who did it is told in any case."""
    payload = {"customer_id": event.customer_id, "ban": {"days": event.days}}
    return of_seen(event, payload, besides=event.agent_id)


@push("agent", "ticket_created", since="3.6")
def ticket_created(event: TicketCreated) -> Push:
    """A customer left a ticket."""
    payload = {
        "customer_id": event.customer_id,
        "ticket_id": event.ticket_id,
        "silo": event.silo,
        "created_at": event.created_at,
    }
    return of_watched(event, payload)


@push("agent", "ticket_deleted", since="3.6")
def ticket_deleted(event: TicketDeleted) -> Push:
    """A customer's ticket was deleted."""
    return of_watched(event, {"customer_id": event.customer_id, "ticket_id": event.ticket_id})


@push("agent", "subscribed_customers_totals_updated", since="3.6")
def subscribed_customers_totals_updated(event: SubscribedCustomersCounted) -> Push:
    """How many customers one's subscriptions match that are over their limits."""
    return Push(
        event.totals,
        Reach.USERS,
        user_ids=frozenset({event.agent_id}),
        scopes=CUSTOMERS,
        to_requester_only=True,
    )


@push("agent", "incoming_customer")
def customer_began_to_chat(event: ChatStarted) -> Push | None:
    """A customer's chat runs: who watches those who chat, or the pages they are on, sees it.

    Agents of the chat have the customer from ``incoming_chat``.
    """
    customer = next((user for user in event.chat["users"] if user["type"] == "customer"), None)
    if customer is None or not event.chat["thread"]["active"]:
        return None
    queued = "queue" in event.chat["thread"]
    watching = {("chatting", number) for number in event.group_ids}
    if customer["_online"]:
        watching.add(("online", customer["_group"]))
    return Push(
        _monitored(customer, "queued" if queued else "chatting"),
        Reach.USERS,
        watchers=frozenset(watching),
        except_user_ids=frozenset(event.participants),
        scopes=CUSTOMERS,
    )


def _monitored(user: Record, state: str) -> Record:
    """Return a chat's customer as those who watch them are shown."""
    shown = {name: user[name] for name in user if name not in ("present", "events_seen_up_to")}
    return {
        **shown,
        "online": user["_online"],
        "state": state,
        "group_ids": [user["_group"]],
        "followed": False,
    }
