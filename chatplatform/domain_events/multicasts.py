"""Messages between agents' clients that belong to no chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chatplatform.domain_events import DomainEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Multicast(DomainEvent):
    """``author_id`` sent ``content``, any JSON, to agents: all, or those named and those of groups.

    It is stored nowhere. ``kind`` is the sender's own word for it, or empty.
    """

    author_id: str
    content: Any
    kind: str
    to_all: bool
    agent_ids: list[str]
    group_ids: list[int]
