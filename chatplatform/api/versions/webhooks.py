"""What is different about the bodies of webhooks that older versions registered.

Beyond what is different about the agents' pushes of the same names, which their payloads follow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chatplatform import webhook_actions
from chatplatform.api.versions.change import Record, VersionChange, renamed, replaced, without


def _of_payload(change: Callable[[Any], Any]) -> Callable[[Record], Record]:
    """Return the change of a body that makes ``change`` to its payload."""
    return lambda body: replaced(body, "payload", change)


def _waiting_since(transfer: Record) -> Record:
    return replaced(transfer, "queue", lambda queue: renamed(queue, "queued_at", "queued_at_us"))


TO_3_5 = (
    VersionChange(
        sentence="Webhooks about the configuration do not name the `requester`.",
        api="webhooks",
        webhooks=frozenset(
            action.name for action in webhook_actions.ACTIONS.values() if action.configures
        ),
        downgrade=lambda body: without(body, ("requester",)),
    ),
    VersionChange(
        sentence="The webhook `chat_transferred` calls the time since when a chat waits "
        "`queued_at_us`.",
        api="webhooks",
        webhooks=frozenset({"chat_transferred"}),
        downgrade=_of_payload(_waiting_since),
    ),
)
"""3.6 → 3.5."""
