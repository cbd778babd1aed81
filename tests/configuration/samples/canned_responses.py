"""Samples of the actions about canned responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what the samples are about; return the ids by role, each of its own name."""
    made = scene.ann.configuration.call(
        "create_canned_response",
        text=f"{scene.label} response",
        tags=[f"{scene.label}-hello"],
        group_id=0,
    )
    return {"canned_response": made["id"]}


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "create_canned_response": lambda s: {
        "text": f"{s.label} new response",
        "tags": [f"{s.label}-hello"],
        "group_id": 0,
        "is_private": True,
    },
    "update_canned_response": lambda s: {
        "id": s.things["canned_response"],
        "text": f"{s.label} changed response",
        "tags": [f"{s.label}-hello"],
        "group_id": 0,
        "is_private": False,
    },
    "delete_canned_response": lambda s: {"id": s.things["canned_response"]},
    "list_canned_responses": lambda s: {
        "group_ids": [0],
        "include_private": True,
        "include_all_private": False,
        "limit": 10,
    },
}

CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
