"""Samples of the actions about agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chatplatform.models import Agent
from tests import make

if TYPE_CHECKING:
    from tests.samples import Scene
    from tests.world import User


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what the samples are about; return the ids by role, each of its own name."""
    people: dict[str, dict[str, Any]] = {
        "colleague": {"groups": [{"id": scene.group.number, "priority": "normal"}]},
        "idler": {"suspended": True},
        "applicant": {"awaiting_approval": True},
    }
    for role, values in people.items():
        address = f"{scene.label}-{role}@example.com"
        made = make.agent(scene.organization, email=address, name=f"{scene.label} {role}")
        Agent.objects.filter(pk=made.pk).update(
            **{name: value for name, value in values.items() if name != "groups"}
        )
    return {role: f"{scene.label}-{role}@example.com" for role in people}


_WEEK = {
    "timezone": "Europe/Warsaw",
    "schedule": [
        {"day": "monday", "enabled": True, "start": "08:00", "end": "12:30"},
        {"day": "friday", "enabled": True, "start": "13:30", "end": "16:00"},
    ],
}
_FIELDS = [
    "work_scheduler",
    "groups",
    "email_subscriptions",
    "notifications",
    "job_title",
    "mobile",
    "max_chats_count",
    "suspended",
    "awaiting_approval",
    "last_logout",
]


def _chosen(s: Scene) -> dict[str, Any]:
    return {
        "login_status": "accepting chats",
        "job_title": "Support",
        "mobile": "+48123456789",
        "max_chats_count": 5,
        "groups": [{"id": s.group.number, "priority": "last"}],
        "notifications": ["new_visitor", "new_goal"],
        "email_subscriptions": ["weekly_summary"],
        "work_scheduler": _WEEK,
    }


SINGLE: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "create_agent": lambda s: {
        "id": f"{s.label}-new@example.com",
        "name": "New Agent",
        "role": "normal",
        "awaiting_approval": True,
        **_chosen(s),
    },
    "update_agent": lambda s: {
        "id": s.things["colleague"],
        "role": "administrator",
        **_chosen(s),
    },
    "delete_agent": lambda s: {"id": s.things["colleague"]},
    "suspend_agent": lambda s: {"id": s.things["colleague"]},
    "unsuspend_agent": lambda s: {"id": s.things["idler"]},
    "approve_agent": lambda s: {"id": s.things["applicant"]},
}


def _batch(single: Callable[[Scene], dict[str, Any]]) -> Callable[[Scene], dict[str, Any]]:
    return lambda s: {"requests": [single(s)]}


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    **SINGLE,
    **{f"batch_{name}s": _batch(single) for name, single in SINGLE.items()},
    "get_agent": lambda s: {"id": s.things["colleague"], "fields": _FIELDS},
    "list_agents": lambda s: {
        "filters": {"group_ids": [0, s.group.number], "suspended": False},
        "fields": _FIELDS,
    },
    "request_agent_unsuspension": lambda s: {},
}

CALLERS: dict[str, str] = {
    name: "oona"
    for single in ("create_agent", "delete_agent", "unsuspend_agent", "approve_agent")
    for name in (single, f"batch_{single}s")
}
"""Who calls a sample, where it is not Ann, the administrator."""

NARROW: dict[tuple[str, str], Callable[[Scene], tuple[User, dict[str, Any]]]] = {
    ("get_agent", "agents--my:ro"): lambda s: (s.bob, {"id": s.bob.id}),
    ("update_agent", "agents--my:rw"): lambda s: (s.bob, {"id": s.bob.id, "job_title": "Bob"}),
    ("update_agent", "agents--all:rw"): lambda s: (s.ann, {"id": s.bob.id, **_chosen(s)}),
    ("update_agent", "accounts.roles.lc--all:rw"): lambda s: (
        s.ann,
        {"id": s.bob.id, "role": "administrator"},
    ),
    ("delete_agent", "agents--my:rw"): lambda s: (s.bob, {"id": s.bob.id}),
    ("delete_agent", "accounts--my:rw"): lambda s: (s.bob, {"id": s.bob.id}),
}
"""Who may call what with a scope that reaches less than the sample."""
