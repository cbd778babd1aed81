"""What the licence and its groups have set about routing (protocol.md 2.9).

Licence properties hold for every group; a group may override some of them. A chat that several
groups may see can wait where any of them lets it, and is left to be picked by hand only where all
of them say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chatplatform.models import Group, Organization, Thread
from chatplatform.properties import Properties, license_value

INHERIT = -1
FIRST_PRIORITY = 1
"""The priority of a group that sets none; queues of a higher one are served first."""


@dataclass(frozen=True, slots=True)
class RoutingRules:
    """The properties of an organisation's licence and, by number, of its groups.

    ``closed`` are the groups whose queue was full and has not opened again.
    """

    license: Properties
    groups: dict[int, Properties]
    closed: frozenset[int] = frozenset()

    def of_license(self, name: str, default: Any) -> Any:
        """Return a licence property of the namespace ``chats``."""
        return license_value(self.license, "chats", name, default)

    def queues(self, group_ids: Iterable[int]) -> bool:
        """Tell whether chats of the groups may wait."""
        return any(self._switched("queue.enabled", True, number) for number in group_ids)

    def by_hand(self, group_ids: Iterable[int]) -> bool:
        """Tell whether agents pick the chats of the groups themselves."""
        return all(self._switched("manual_routing", False, number) for number in group_ids)

    def queue_is_closed(self, group_ids: Iterable[int]) -> bool:
        """Tell whether the queue was full, and is not short enough again for any of the groups."""
        return self.closed.issuperset(group_ids)

    def reopens_at(self, number: int, limit: int) -> int:
        """Return how many may wait at most for a full queue to open again for a group."""
        value = self._own(number, "queue.reopen_threshold.override")
        if value is None:
            value = self.of_license("queue.reopen_threshold", None)
        return limit - 1 if value is None else max(0, min(value, limit - 1))

    def turn(self, thread: Thread) -> tuple[int, datetime, str]:
        """Return the place of a waiting thread among others: by priority, then the longest."""
        assert thread.queued_at is not None
        return -self.priority(thread.group_ids), thread.queued_at, thread.id

    def priority(self, group_ids: Iterable[int]) -> int:
        """Return the highest priority of the groups' queues."""
        set_ones = (self._own(number, "queue.routing_priority") for number in group_ids)
        return max((FIRST_PRIORITY if one is None else one for one in set_ones), default=0)

    def chats_per_agent(self) -> int | None:
        """Return how many chats the licence lets any agent have; None: their own limit decides."""
        limit: int = self.of_license("max_agent_active_chats", 0)
        return limit if limit > 0 else None

    def _switched(self, name: str, default: bool, number: int) -> bool:
        own = self._own(number, f"{name}.override")
        return bool(self.of_license(name, default)) if own is None else bool(own)

    def _own(self, number: int, name: str) -> Any:
        value = license_value(self.groups.get(number, {}), "chats", name, None)
        return None if value == INHERIT else value


def rules_of(organization_id: UUID) -> RoutingRules:
    """Return the rules of an organisation. Two reads."""
    licensed = Organization.objects.values_list("properties", flat=True).get(id=organization_id)
    groups = list(Group.objects.filter(organization_id=organization_id))
    return RoutingRules(
        license=licensed,
        groups={group.number: group.properties for group in groups if group.properties},
        closed=frozenset(group.number for group in groups if group.queue_closed),
    )
