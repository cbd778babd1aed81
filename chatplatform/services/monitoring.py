"""Which customers an agent's session watches (protocol.md 2.8)."""

from __future__ import annotations

from collections.abc import Iterable

from chatplatform import limits
from chatplatform.domain_events import tell
from chatplatform.domain_events.customers import MonitoringStarted
from chatplatform.errors import GroupNotFound
from chatplatform.models import Customer, Organization
from chatplatform.properties import Properties
from chatplatform.requester import AgentRequester
from chatplatform.selectors import groups, monitoring
from chatplatform.selectors.monitoring import CHATTING, LEVELS, MY, ONLINE

HIGHEST_AVAILABLE = "highest_available"
MOST_CHATTING = 100
"""So many customers of running chats are told at login whatever the licence's limit."""


def highest_level(properties: Properties) -> str:
    """Return the highest level of a licence: one that may monitor nobody sees chats only."""
    return ONLINE if most_monitored(properties) > 0 else CHATTING


def most_monitored(properties: Properties) -> int:
    """Return how many customers the licence lets an agent see on the pages at once."""
    return limits.limit(properties, "monitored_customers")


def chosen_level(properties: Properties, wanted: str | None) -> str:
    """Return the level a session gets who asks for ``wanted``, at most the licence's highest."""
    highest = highest_level(properties)
    if wanted == HIGHEST_AVAILABLE:
        return highest
    return min(wanted or MY, highest, key=LEVELS.index)


def start(requester: AgentRequester, level: str, group_numbers: Iterable[int]) -> None:
    """Tell a session that begins which customers it watches: at most as many as the licence lets.

    ``level`` is the agreed one. Without the scope ``customers:ro`` it hears of none. Tells
    ``MonitoringStarted``.
    """
    if not requester.has_scope("customers:ro"):
        return
    properties = Organization.objects.get(id=requester.organization_id).properties
    most = max(MOST_CHATTING, most_monitored(properties))
    found = monitoring.watched(
        requester.organization_id, level, requester.public_id, group_numbers, most
    )
    tell(
        MonitoringStarted(
            organization_id=str(requester.organization_id),
            agent_id=requester.public_id,
            level=level,
            customers=monitoring.monitored(found, requester.public_id),
        )
    )


def subscribed(
    requester: AgentRequester, group_numbers: Iterable[int] | None, limit: int | None
) -> tuple[frozenset[int], int, list[Customer]]:
    """Return the groups, limit and present customers of a subscription.

    Without ``group_numbers`` it is for the agent's own groups; without ``limit``, and at most, for
    as many customers as the licence lets be monitored. Raise :class:`GroupNotFound`.
    """
    if group_numbers is None:
        numbers = groups.group_numbers_of(requester.agent_id)
    else:
        numbers = frozenset(group_numbers)
        if numbers - groups.existing_numbers(requester.organization_id, numbers):
            raise GroupNotFound
    properties = Organization.objects.get(id=requester.organization_id).properties
    most = most_monitored(properties)
    limit = most if limit is None else min(limit, most)
    return numbers, limit, monitoring.online_in(requester.organization_id, numbers, limit)
