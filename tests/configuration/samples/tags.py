"""Samples of the actions about tags; the scene has ``{label}-tag``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what the samples are about; return the ids by role, each of its own name."""
    return {"tag": f"{scene.label}-tag"}


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "create_tag": lambda s: {"name": "new-tag", "group_ids": [0]},
    "update_tag": lambda s: {"name": s.things["tag"], "group_ids": [0, s.things["crew"]]},
    "delete_tag": lambda s: {"name": s.things["tag"]},
    "list_tags": lambda s: {"filters": {"group_ids": [0]}},
}

CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
