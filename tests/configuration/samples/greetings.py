"""Samples of the actions about greetings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests import make

if TYPE_CHECKING:
    from tests.samples import Scene


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what the samples are about; return the ids by role, each of its own name."""
    made = make.greeting(
        scene.organization,
        make.rule(value="/kept"),
        group=scene.group.number,
        text=f"{scene.label} kept greeting",
    )
    return {"kept_greeting": made.pk}


def _whole(s: Scene) -> dict[str, Any]:
    return {
        "type": "announcement",
        "active": True,
        "active_from": "2024-01-01T00:00:00Z",
        "active_until": "2124-01-01T00:00:00Z",
        "name": f"{s.label} news",
        "group": s.group.number,
        "rules": [
            {"condition": "and", "type": "visit_time_site", "operator": "equals", "value": "30"},
            {
                "condition": "or",
                "type": "url_funnel",
                "urls": [{"url": "https://shop.example/", "operator": "contains"}],
            },
            {
                "condition": "and",
                "type": "ads_traffic",
                "session_field": {"google": "spring"},
            },
        ],
        "properties": {"addon": "news", "is_exit_intent": "false"},
        "rich_message": {
            "template_id": "cards",
            "elements": [
                {
                    "title": f"{s.label} title",
                    "subtitle": "subtitle",
                    "image": {"url": "https://shop.example/tent.png"},
                    "buttons": [
                        {
                            "text": "More",
                            "type": "url",
                            "value": "https://shop.example/",
                            "postback_id": "more",
                            "role": "primary",
                        }
                    ],
                }
            ],
        },
    }


SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "create_greeting": _whole,
    "update_greeting": lambda s: {
        "id": s.things["kept_greeting"],
        **{name: value for name, value in _whole(s).items() if name != "group"},
    },
    "delete_greeting": lambda s: {"id": s.things["kept_greeting"]},
    "get_greeting": lambda s: {"id": s.things["kept_greeting"]},
    "list_greetings": lambda s: {"groups": [0, s.group.number], "limit": 10},
}

CALLERS: dict[str, str] = {}
"""Who calls a sample, where it is not Ann, the administrator."""
