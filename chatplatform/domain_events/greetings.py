"""How customers are greeted."""

from __future__ import annotations

from dataclasses import dataclass

from chatplatform.domain_events import DomainEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class GreetingShown(DomainEvent):
    """A customer is greeted; ``greeting`` is a ``ShownGreeting.content``."""

    customer_id: str
    greeting: Record


@dataclass(frozen=True, kw_only=True, slots=True)
class GreetingAccepted(DomainEvent):
    """A customer has seen the greeting they were shown."""

    customer_id: str
    unique_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class GreetingCanceled(DomainEvent):
    """A customer is no longer shown a greeting: they closed it, or a newer one came."""

    customer_id: str
    unique_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WelcomeMessageSent(DomainEvent):
    """A customer who opened the chat is welcomed; ``event`` is an event record without id."""

    customer_id: str
    welcome_id: str
    event: Record
