"""Samples of the actions about access rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests import make

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what the samples are about; return the ids by role, each of its own name."""
    pages = {"values": [{"value": f"{scene.label}.example", "exact_match": True}]}
    places = {"values": [{"country": "United States", "country_code": "US"}]}
    first, last = (
        make.access_rule(scene.organization, 0, domain=pages, geolocation=places) for _ in range(2)
    )
    return {"rule": first.public_id, "last_rule": last.public_id}


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "add_auto_access": lambda s: {
        "access": {"groups": [0]},
        "conditions": {
            "url": {"values": [{"value": "/sales", "exact_match": False}]},
            "domain": {"exclude_values": [{"value": "other.example", "exact_match": True}]},
            "geolocation": {
                "values": [
                    {"country": "Poland", "country_code": "PL", "region": "x", "city": "Wroclaw"}
                ]
            },
        },
        "description": "Sales in Wroclaw",
        "next_id": s.things["rule"],
    },
    "update_auto_access": lambda s: {
        "id": s.things["last_rule"],
        "access": {"groups": [0]},
        "conditions": {"url": {"values": [{"value": "/new"}]}},
        "description": "Other pages",
        "next_id": s.things["rule"],
    },
    "delete_auto_access": lambda s: {"id": s.things["rule"]},
    "list_auto_accesses": lambda s: {},
}

CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
