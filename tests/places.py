"""How actions and pushes name a chat, a thread of it, and an event in that."""

from __future__ import annotations

from collections.abc import Mapping

NAMES = {
    "chat": ("chat_id",),
    "thread": ("chat_id", "thread_id"),
    "event": ("chat_id", "thread_id", "event_id"),
}
"""The ids a push about each of them begins with."""


def at(ids: Mapping[str, str], location: str) -> dict[str, str]:
    """Return how the actions on properties name one of them."""
    if location == "chat":
        return {"id": ids["chat_id"]}
    return {name: ids[name] for name in NAMES[location]}
