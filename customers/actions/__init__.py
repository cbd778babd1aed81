"""The Customer Chat API's actions; importing this package registers them."""

from customers.actions import (
    chats,
    configuration,
    events,
    forms,
    greetings,
    people,
    properties,
    session,
)

__all__ = [
    "chats",
    "configuration",
    "events",
    "forms",
    "greetings",
    "people",
    "properties",
    "session",
]
