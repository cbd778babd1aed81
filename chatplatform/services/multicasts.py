"""Messages between agents' clients that belong to no chat and are stored nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chatplatform.domain_events import tell
from chatplatform.domain_events.multicasts import Multicast
from chatplatform.errors import GroupNotFound, NotFound
from chatplatform.models import Agent
from chatplatform.requester import AgentRequester
from chatplatform.selectors import groups


def multicast(
    requester: AgentRequester,
    content: Any,
    *,
    kind: str = "",
    to_all: bool = False,
    agent_ids: Sequence[str] = (),
    group_ids: Sequence[int] = (),
) -> None:
    """Send ``content``, any JSON, to agents who are connected now: all, those named, or of groups.

    Raise :class:`NotFound` and :class:`GroupNotFound` for recipients who do not exist. Tells
    ``Multicast``.
    """
    found = Agent.objects.filter(
        organization_id=requester.organization_id, public_id__in=set(agent_ids)
    )
    if found.count() != len(set(agent_ids)):
        raise NotFound("Agent not found")
    if groups.existing_numbers(requester.organization_id, group_ids) != set(group_ids):
        raise GroupNotFound
    tell(
        Multicast(
            organization_id=str(requester.organization_id),
            author_id=requester.public_id,
            content=content,
            kind=kind,
            to_all=to_all,
            agent_ids=list(agent_ids),
            group_ids=list(group_ids),
        )
    )
