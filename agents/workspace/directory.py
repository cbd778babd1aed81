"""The names the workspace shows for what the Chat APIs name by id alone.

The Configuration API has them, too, but shows an agent's token the tags of their own groups alone,
while threads of other groups that the agent takes part in can carry, and be given, others.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatplatform.models import Agent, Group, Tag

MOST = 2_000
"""How many of each kind the page is told of."""


def directory(organization_id: UUID) -> dict[str, Any]:
    """Return an organisation's agents, groups and tags, by name. Three reads.

    ``{agents: [{id, name, bot}], groups: [{id, name}], tags: [{name, group_ids}]}``;
    the implicit General group has no row and is left out unless somebody made one.
    """
    agents = Agent.objects.filter(organization_id=organization_id, suspended=False)
    groups = Group.objects.filter(organization_id=organization_id)
    tags = Tag.objects.filter(organization_id=organization_id)
    return {
        "agents": [
            {"id": agent.public_id, "name": agent.name, "bot": agent.kind == Agent.Kind.BOT}
            for agent in agents.order_by("name", "public_id")[:MOST]
        ],
        "groups": [
            {"id": group.number, "name": group.name} for group in groups.order_by("number")[:MOST]
        ],
        "tags": list(tags.order_by("name").values("name", "group_ids")[:MOST]),
    }
