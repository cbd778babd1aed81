"""To whom a chat could go."""

from __future__ import annotations

from chatplatform.models import Chat
from chatplatform.records import Record
from chatplatform.selectors.slots import connected_agents


def agents_for(chat: Chat) -> list[Record]:
    """Return the agents a chat can be transferred to, those with the fewest running chats first.

    They may see the chat and are not offline; whether they accept chats does not matter. Each:
    ``{agent_id, total_active_chats, active_chats}``, the same number under the names it has on
    either transport; chats without a customer do not count. Four reads.
    """
    able = [
        slot
        for slot in connected_agents(chat.organization_id)
        if slot.sees(chat.group_ids) or slot.agent.public_id in chat.participants
    ]
    return [
        {
            "agent_id": slot.agent.public_id,
            "total_active_chats": slot.load,
            "active_chats": slot.load,
        }
        for slot in sorted(able, key=lambda slot: (slot.load, slot.agent.public_id))
    ]
