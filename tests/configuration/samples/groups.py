"""Samples of the actions about groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chatplatform.services import groups

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what the samples are about; return the ids by role, each of its own name."""
    everybody = {scene.ann.id: "normal", scene.bob.id: "last"}
    made = groups.create_group(scene.organization, f"{scene.label} crew", "en", everybody)
    return {"crew": made.number}


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "create_group": lambda s: {
        "name": "New group",
        "language_code": "de",
        "agent_priorities": {s.ann.id: "normal", s.bob.id: "supervisor"},
    },
    "update_group": lambda s: {
        "id": s.things["crew"],
        "name": "Newer group",
        "language_code": "pl",
        "agent_priorities": {s.ann.id: "first", s.eve.id: "normal"},
    },
    "delete_group": lambda s: {"id": s.things["crew"]},
    "list_groups": lambda s: {"fields": ["routing_status"]},
    "get_group": lambda s: {
        "id": s.things["crew"],
        "fields": ["agent_priorities", "routing_status"],
    },
}

CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
