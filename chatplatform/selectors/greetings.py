"""Reading greetings, and what a customer is shown of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from chatplatform import clock
from chatplatform.errors import GreetingNotFound
from chatplatform.models import Chat, Greeting, Group, ShownGreeting, WelcomeMessage
from chatplatform.records import Record


def access_greeting(organization_id: UUID, greeting_id: int) -> Greeting:
    """Return the organisation's greeting; raise :class:`GreetingNotFound`."""
    greeting = (
        Greeting.objects.select_related("group")
        .filter(organization_id=organization_id, id=greeting_id)
        .first()
    )
    if greeting is None:
        raise GreetingNotFound
    return greeting


def list_greetings(
    organization_id: UUID,
    group_numbers: Iterable[int] | None = None,
    *,
    after: int = 0,
    limit: int = 100,
) -> tuple[list[Greeting], int]:
    """Return greetings with ids beyond ``after``, oldest first, and how many there are in all.

    ``group_numbers``: of these groups only; none given: of all. Two reads.
    """
    greetings = Greeting.objects.filter(organization_id=organization_id)
    if group_numbers is not None:
        greetings = greetings.filter(group__number__in=set(group_numbers))
    rows = greetings.filter(id__gt=after).select_related("group").order_by("id")
    return list(rows[:limit]), greetings.count()


def greeting_record(greeting: Greeting) -> Record:
    """Return a greeting as its makers see it."""
    record: Record = {
        "id": greeting.pk,
        "type": greeting.type,
        "active": greeting.active,
        "name": greeting.name,
        "group": greeting.group.number,
        "rules": greeting.rules,
        "properties": greeting.properties,
    }
    for name in ("active_from", "active_until"):
        if (moment := getattr(greeting, name)) is not None:
            record[name] = clock.to_wire(moment)
    if greeting.rich_message:
        record["rich_message"] = greeting.rich_message
    return record


def greets(organization_id: UUID) -> bool:
    """Tell whether any of the organisation's groups may greet somebody now or later. One read."""
    return (
        Greeting.objects.filter(organization_id=organization_id, active=True)
        .exclude(active_until__lte=clock.now())
        .exists()
    )


def shown_before(customer_id: UUID, moment: datetime) -> Record | None:
    """Return the greeting the customer has looked at since before ``moment``, with ``accepted``.

    None while they are in a chat, and for a greeting of an earlier visit.
    """
    shown = (
        ShownGreeting.objects.filter(customer_id=customer_id, current=True, shown_at__lt=moment)
        .select_related("customer")
        .first()
    )
    if shown is None or shown.visit_id != shown.customer.last_visit_id:
        return None
    if is_chatting(customer_id):
        return None
    return {**shown.content, "accepted": shown.accepted_at is not None}


def is_chatting(customer_id: UUID) -> bool:
    """Tell whether the customer has a running chat."""
    return Chat.objects.filter(customer_id=customer_id, active_thread_id__isnull=False).exists()


def welcome_words(group: Group, default: str) -> str:
    """Return what a group welcomes customers with: its own words, or ``default``. One read."""
    own = WelcomeMessage.objects.filter(group=group).first()
    return own.text if own is not None else default
