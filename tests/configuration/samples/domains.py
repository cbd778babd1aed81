"""Samples of the actions about allowed domains."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chatplatform.services import domains

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what the samples are about; return the ids by role, each of its own name."""
    return {"domain": domains.allow_domain(scene.organization, f"{scene.label}.example").domain}


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "add_allowed_domain": lambda s: {"domain": "shop.example"},
    "list_allowed_domains": lambda s: {},
    "delete_allowed_domain": lambda s: {"domain": s.things["domain"]},
}

CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
