"""Pushes about how the customer is greeted."""

from __future__ import annotations

from chatplatform.api.pushes import Push, Reach, push
from chatplatform.domain_events.greetings import (
    GreetingAccepted,
    GreetingCanceled,
    GreetingShown,
    WelcomeMessageSent,
)
from customers import shapes


@push("customer", "incoming_greeting")
def incoming_greeting(event: GreetingShown) -> Push:
    """A greeting is shown."""
    return _to(event.customer_id, shapes.greeting(event.greeting))


@push("customer", "greeting_accepted")
def greeting_accepted(event: GreetingAccepted) -> Push:
    """It was seen."""
    return _to(event.customer_id, {"unique_id": event.unique_id})


@push("customer", "greeting_canceled")
def greeting_canceled(event: GreetingCanceled) -> Push:
    """It was closed, or a newer one took its place."""
    return _to(event.customer_id, {"unique_id": event.unique_id})


@push("customer", "incoming_welcome_message", since="3.6")
def incoming_welcome_message(event: WelcomeMessageSent) -> Push:
    """A welcome message that was asked for."""
    return _to(event.customer_id, {"id": event.welcome_id, "event": event.event})


def _to(customer_id: str, payload: dict[str, object]) -> Push:
    return Push(payload, Reach.USERS, user_ids=frozenset({customer_id}))
