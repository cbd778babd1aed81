"""What an owner can set about the way chats go: the properties that router and timers read.

Names, defaults and what makes sense of each, in one place for whoever shows them. What is stored
is read by ``routing_rules.py`` and ``services/timers.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from chatplatform.properties import Properties, license_value
from chatplatform.selectors.routing_rules import FIRST_PRIORITY, INHERIT

MINUTES: Final = range(30 * 24 * 60 + 1)
"""What a timer may be set to; 0 switches it off."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One property of licence or group; ``default`` holds where it is not set.

    ``among`` are the numbers that make sense, and empty for a switch.
    """

    name: str
    default: bool | int | None
    among: range = range(0)
    namespace: str = "chats"

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return not self.among

    def stored(self, properties: Properties) -> Any:
        """Return what was set, or None."""
        return license_value(properties, self.namespace, self.name, None)

    def effective(self, properties: Properties) -> Any:
        """Return what holds."""
        found = self.stored(properties)
        return self.default if found is None else found


LICENSE: Final = {
    setting.name: setting
    for setting in (
        Setting("manual_routing", False),
        Setting("prefer_recent_agent", False),
        Setting("max_agent_active_chats", 0, range(501)),
        Setting("max_customer_chats_count", 1, range(1, 101), "routing"),
        Setting("queue.enabled", True),
        Setting("queue.reopen_threshold", None, range(10_001)),
        Setting("chat_inactive_after_min", 10, MINUTES),
        Setting("transfer_chat_after_min", 0, MINUTES),
        Setting("archive_chat_after_min", 15, MINUTES),
        Setting("customer_timeout_after_min", 15, MINUTES),
        Setting("archive_offline_chat_after_min", 0, MINUTES),
    )
}
"""By name. The defaults of timers are those of ``services/timers.py``."""

GROUP: Final = {
    setting.name: setting
    for setting in (
        Setting("manual_routing.override", INHERIT, range(INHERIT, 2)),
        Setting("queue.enabled.override", INHERIT, range(INHERIT, 2)),
        Setting("queue.reopen_threshold.override", INHERIT, range(INHERIT, 10_001)),
        Setting("queue.routing_priority", FIRST_PRIORITY, range(101)),
    )
}
"""What a group can have of its own; :data:`INHERIT` is as the licence."""
