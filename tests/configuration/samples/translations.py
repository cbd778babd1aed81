"""Samples of the actions about translations."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what the samples are about; return the ids by role, each of its own name."""
    return {}


def _words(s: Scene) -> dict[str, Any]:
    return {
        "group_id": s.group.number,
        "language": "en",
        "phrases": {
            "Welcome_title": f"{s.label} welcome",
            "Agents_not_available_continuous": "Nobody is here.",
            "User_in_queue": "You are number %number%.",
            "Client": "Guest",
            "Embedded_textarea_placeholder": "Type here",
            "Offline_message_sent": "Thank you.",
        },
    }


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "update_translations": _words,
    "batch_update_translations": lambda s: {"requests": [_words(s), _words(s)]},
    "list_translations": lambda s: {"group_id": s.group.number, "language": "en"},
}

CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
