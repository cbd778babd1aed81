"""Samples of the actions about bans."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests import make

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what the samples are about; return the ids by role, each of its own name."""
    rascal = make.customer(scene.organization, name=f"{scene.label}-rascal")
    scene.ann.call("ban_customer", id=str(rascal.id), ban={"days": 3})
    return {"rascal": str(rascal.id)}


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "list_customer_bans": lambda s: {},
    "ban_customer": lambda s: {"customer_id": s.emil.id, "ip": "93.184.216.34", "seconds": 3600},
    "unban_customer": lambda s: {"customer_id": s.things["rascal"]},
}

CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
