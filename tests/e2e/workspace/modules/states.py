"""What the modules are given: answers and pushes of the server, as small as they can be."""

from collections.abc import Callable
from typing import Any

ME = "ann@example.com"
CUSTOMER = "customer-1"
Evaluate = Callable[..., Any]
"""Runs a script body on the page, with ``given``."""
After = Callable[..., Any]
"""Returns the state after some actions, or what ``ask`` says about it."""


def at(second: int) -> str:
    """Return a moment of one minute as the protocol writes it."""
    return f"2026-01-01T10:00:{second:02}.000000Z"


def event(number: int, author: str = CUSTOMER, **more: Any) -> dict[str, Any]:
    """Return a stored message; ``number`` orders it."""
    return {
        "id": f"T1_{number}",
        "type": "message",
        "text": f"text {number}",
        "author_id": author,
        "created_at": at(number),
        "visibility": "all",
        **more,
    }


def users(*agents: str, seen: str = "") -> list[dict[str, Any]]:
    """Return the customer and these agents, all present; I have seen all up to ``seen``."""
    seat = {"type": "agent", "present": True, "visibility": "all", "events_seen_up_to": seen}
    return [
        {"id": CUSTOMER, "type": "customer", "name": "Cora", "present": True},
        *({"id": agent, "name": agent, **seat} for agent in agents),
    ]


def chat(
    *events: dict[str, Any], agents: tuple[str, ...] = (ME,), seen: str = "", **thread: Any
) -> dict[str, Any]:
    """Return a chat with one thread as ``get_chat`` and ``incoming_chat`` carry it."""
    return {
        "id": "C1",
        "users": users(*agents, seen=seen),
        "access": {"group_ids": [0]},
        "properties": {},
        "is_followed": False,
        "thread": {
            "id": "T1",
            "active": True,
            "created_at": at(0),
            "events": list(events),
            **thread,
        },
    }


LOGIN = {
    "type": "login",
    "payload": {
        "my_profile": {"id": ME, "name": "Ann", "routing_status": "accepting_chats"},
        "chats_info": [],
    },
}


def push(action: str, payload: Any, now: int = 0) -> dict[str, Any]:
    """Return a push as the store takes it."""
    return {"type": "push", "action": action, "payload": payload, "now": now}


def said(event: dict[str, Any], thread: str = "T1") -> dict[str, Any]:
    """Return the push of an event of the chat."""
    return push("incoming_event", {"chat_id": "C1", "thread_id": thread, "event": event})
