"""The Agent Chat API's actions; importing this package registers them."""

from agents.actions import (
    archives,
    chats,
    customers,
    events,
    licenses,
    multicasts,
    properties,
    routing,
    session,
    tags,
    transfers,
)

__all__ = [
    "archives",
    "chats",
    "customers",
    "events",
    "licenses",
    "multicasts",
    "properties",
    "routing",
    "session",
    "tags",
    "transfers",
]
