"""Pushes of the Agent RTM API: domain events in the agents' newest shape, and who is told.

Members and followers get everything of their chat; agents who merely have access get headlines
(protocol.md 2.5). Importing this module registers the pushes.
"""

from agents.pushes import (  # noqa: F401 - importing registers
    access_rules,
    archives,
    canned_responses,
    chats,
    customers,
    events,
    groups,
    multicasts,
    people,
    properties,
    routing,
    tags,
)
