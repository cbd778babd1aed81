"""What each plan allows of the things that are counted (protocol.md 8)."""

from __future__ import annotations

from typing import Final, Literal

Plan = Literal["starter", "team", "enterprise", "enterpriseplus"]
Resource = Literal[
    "agents",
    "groups",
    "banned",
    "queue",
    "queue_continuous",
    "groups_per_agent",
    "access_rules",
    "group_chooser_groups",
]

_OF_ALL: Final[dict[Resource, int]] = {"agents": 400, "queue_continuous": 150}

LIMITS: Final[dict[Plan, dict[Resource, int]]] = {
    "starter": {
        **_OF_ALL,
        "groups": 1,
        "banned": 50,
        "queue": 10,
        "groups_per_agent": 1,
        "access_rules": 0,
        "group_chooser_groups": 1,
    },
    "team": {
        **_OF_ALL,
        "groups": 20,
        "banned": 200,
        "queue": 50,
        "groups_per_agent": 10,
        "access_rules": 200,
        "group_chooser_groups": 25,
    },
    "enterprise": {
        **_OF_ALL,
        "groups": 40,
        "banned": 400,
        "queue": 100,
        "groups_per_agent": 20,
        "access_rules": 200,
        "group_chooser_groups": 25,
    },
    "enterpriseplus": {
        **_OF_ALL,
        "groups": 80,
        "banned": 400,
        "queue": 100,
        "groups_per_agent": 40,
        "access_rules": 200,
        "group_chooser_groups": 25,
    },
}
"""How many of each there may be, by plan."""
