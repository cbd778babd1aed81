"""What makes no sense of a bot, nor of a template."""

from typing import Any

BAD_VALUES: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "validation"),
    ({"name": " "}, "validation"),
    ({"name": "x" * 181}, "validation"),
    ({"avatar": "x" * 501}, "validation"),
    ({"max_chats_count": 501}, "validation"),
    ({"max_chats_count": 0}, "validation"),
    ({"max_chats_count": "6"}, "validation"),
    ({"default_group_priority": "sometimes"}, "validation"),
    ({"job_title": "x" * 181}, "validation"),
    ({"type": ""}, "validation"),
    ({"type": "x" * 65}, "validation"),
    ({"groups": [{"id": 0, "priority": "sometimes"}]}, "validation"),
    ({"groups": [{"priority": "first"}]}, "validation"),
    ({"groups": [{"id": 99, "priority": "first"}]}, "group_not_found"),
    ({"work_scheduler": {"schedule": []}}, "validation"),
    ({"work_scheduler": {"timezone": "Nowhere"}}, "validation"),
    (
        {
            "work_scheduler": {
                "timezone": "UTC",
                "schedule": [{"day": "monday", "enabled": True, "start": "9", "end": "10"}],
            }
        },
        "validation",
    ),
]
"""Each with the error it is refused with."""
