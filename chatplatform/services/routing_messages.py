"""What the router says in a chat: a system message for each of its changes (protocol.md 2.6)."""

from __future__ import annotations

from chatplatform.models import Agent
from chatplatform.services.events import Draft, system_message

_BECAUSE = {
    "deleted": "%{0}% account had been deleted",
    "disconnected": "%{0}% had lost internet connection",
    "remotely_signed_out": "%{0}% had been remotely signed out",
    "signed_out": "%{0}% had signed out",
    "suspended": "%{0}% account had been suspended",
}
_TOLD_AS = {"suspended": "deleted"}


def told_as(reason: str) -> str:
    """Return the protocol's word for a reason: it has none of its own for some."""
    return _TOLD_AS.get(reason, reason)


def _kind(what: str, reason: str) -> str:
    return f"routing.{what}_{told_as(reason)}"


def moved(agent: Agent, to: Agent, reason: str) -> Draft:
    """Say that a chat went from one who is gone for ``reason`` to another."""
    return system_message(
        _kind("assigned", reason),
        f"Chat assigned to %agent_added% because {_BECAUSE[reason].format('agent_removed')}",
        agent_added=to.name,
        agent_removed=agent.name,
    )


def queued(agent: Agent, reason: str) -> Draft:
    """Say that a chat waits because ``agent`` is gone for ``reason``."""
    because = _BECAUSE[reason].format("agent")
    return system_message(
        _kind("unassigned", reason), f"Customer was queued because {because}", agent=agent.name
    )


def closed(agent: Agent, reason: str) -> Draft:
    """Say that a chat ended because ``agent`` is gone for ``reason``."""
    because = _BECAUSE[reason].format("agent")
    return system_message(
        _kind("archived", reason), f"The chat was closed because {because}", agent=agent.name
    )


def reassigned(to: Agent) -> Draft:
    """Say that a chat nobody was left in went to another agent."""
    return system_message(
        "routing.assigned_other", "Chat assigned to %agent_added%", agent_added=to.name
    )


def unassigned() -> Draft:
    """Say that nobody is left in a chat, which waits."""
    return system_message("routing.unassigned_other", "Chat is unassigned")


def abandoned() -> Draft:
    """Say that a chat ended because nobody was left in it."""
    return system_message("routing.archived_other", "The chat was closed")


def unanswered(names: str, to: Agent, minutes: int) -> Draft:
    """Say that a chat went to another agent because those of before did not reply."""
    return system_message(
        "routing.assigned_inactive",
        "Chat assigned to %agent_added% because %agent_removed% hasn't replied in "
        "%duration% minutes",
        agent_added=to.name,
        agent_removed=names,
        duration=str(minutes),
    )


def idle(minutes: int) -> Draft:
    """Say that nobody has spoken for long."""
    return system_message(
        "routing.idle",
        "Chat is idle due to %duration% minutes of inactivity",
        duration=str(minutes),
    )


def silent(minutes: int) -> Draft:
    """Say that a chat ended because nobody has spoken for very long."""
    return system_message(
        "routing.archived_inactive",
        "Chat archived due to %duration% minutes of inactivity",
        duration=str(minutes),
    )


def nobody_available() -> Draft:
    """Say that a chat that may wait has waited in vain."""
    return system_message("routing.archived_offline", "Chat archived due to no available agents")
