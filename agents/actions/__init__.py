"""The Agent Chat API's actions; importing this package registers them."""

from agents.actions import chats, events, routing, session

__all__ = ["chats", "events", "routing", "session"]
