"""Who takes part in a chat.

Functions here change a chat whose row the caller has locked; the caller saves the chat and calls
``listings.follow``. Everything is told after the commit.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatplatform.domain_events.chats import ChatOpened, UserAddedToChat, UserRemovedFromChat
from chatplatform.errors import Authorization, ChatInactive, NotAllowed
from chatplatform.models import Agent, Chat, Customer, Thread
from chatplatform.records import Record, agent_record, chat_user_record, customer_record
from chatplatform.requester import AgentRequester, Requester
from chatplatform.selectors import chats as chat_selectors
from chatplatform.services import changes


def seat_agent(chat: Chat, agent: Agent, *, visibility: str = "all") -> Record:
    """Make ``agent`` a present participant of ``chat`` and return the participant."""
    known = chat.participants.get(agent.public_id)
    participant = {
        "type": "agent",
        "order": known["order"] if known else len(chat.participants),
        "present": True,
        "visibility": visibility,
        "seen": known["seen"] if known else "",
        "key": agent.customer_facing_id,
    }
    chat.participants[agent.public_id] = participant
    if agent.public_id in chat.followers:
        chat.followers.remove(agent.public_id)
    return participant


def seat_customer(chat: Chat, customer: Customer) -> Record:
    """Make ``customer`` the present customer of ``chat`` and return the participant."""
    known = chat.participants.get(str(customer.id))
    participant = {
        "type": "customer",
        "order": known["order"] if known else len(chat.participants),
        "present": True,
        "visibility": "all",
        "seen": known["seen"] if known else "",
    }
    chat.participants[str(customer.id)] = participant
    chat.customer = customer
    return participant


def whispers(chat: Chat, user_id: str) -> bool:
    """Tell whether a user takes part unseen, so that customers must not learn of them."""
    participant = chat.participants.get(user_id)
    return participant is not None and participant["visibility"] == "agents"


def require_voice(chat: Chat, requester: Requester, visibility: str) -> None:
    """Raise :class:`NotAllowed` unless the requester may act in the chat towards ``visibility``.

    They must be there, and those who whisper can do nothing that customers would notice.
    """
    participant = chat.participants.get(requester.user_id)
    if participant is None or not participant["present"]:
        raise NotAllowed("The requester is not a user of the chat")
    if visibility == "all" and participant["visibility"] != "all":
        raise NotAllowed("A user who whispers can do nothing visible to all")


def named(chat: Chat, requester: Requester | None) -> tuple[str, str]:
    """Return who caused a change: the id agents know, and the one customers know.

    Both are empty when nobody did, the second also for whisperers.
    """
    if requester is None:
        return "", ""
    if whispers(chat, requester.user_id):
        return requester.user_id, ""
    if isinstance(requester, AgentRequester):
        return requester.user_id, requester.customer_facing_id
    return requester.user_id, requester.user_id


def talking_agents(chat: Chat) -> list[str]:
    """Return the agents who talk in the chat: present, and seen by the customer."""
    return [
        user_id
        for user_id, one in chat.participants.items()
        if one["present"] and one["type"] == "agent" and one["visibility"] == "all"
    ]


def running_chat(
    requester: AgentRequester, chat_id: str, *, ignore_requester_presence: bool
) -> Chat:
    """Return a chat whose active thread the requester may change, its row locked until commit.

    Raise what ``access_chat`` raises, :class:`ChatInactive`, and :class:`Authorization` unless the
    requester is in the chat or that is to be ignored.
    """
    chat = chat_selectors.access_chat(requester, chat_id, write=True, lock=True)
    if chat.active_thread_id is None:
        raise ChatInactive
    if not ignore_requester_presence:
        require_presence(chat, requester)
    return chat


def require_presence(chat: Chat, requester: AgentRequester) -> None:
    """Raise :class:`Authorization` unless the requester is in the chat."""
    participant = chat.participants.get(requester.public_id)
    if participant is None or not participant["present"]:
        raise Authorization("The requester must be in the chat")


def as_seen(chat: Chat, requester: AgentRequester, visibility: str) -> str:
    """Return the visibility of a message about what ``requester`` did: whisperers stay unseen."""
    return "agents" if whispers(chat, requester.public_id) else visibility


def join_thread(thread: Thread, user_id: str) -> None:
    """Note that ``user_id`` takes part in ``thread``; the caller saves it."""
    if user_id not in thread.user_ids:
        thread.user_ids = [*thread.user_ids, user_id]


def add_agent(
    chat: Chat,
    thread: Thread,
    agent: Agent,
    *,
    visibility: str = "all",
    reason: str,
    requester: Requester | None = None,
    group_ids: Sequence[int] | None = None,
) -> None:
    """Let ``agent`` join the active ``thread`` (saved here).

    ``group_ids`` are the groups whose agents are told, the chat's own by default.
    """
    participant = seat_agent(chat, agent, visibility=visibility)
    requester_id, requester_key = named(chat, requester)
    join_thread(thread, agent.public_id)
    thread.save(update_fields=["user_ids"])
    changes.record(
        UserAddedToChat,
        chat,
        group_ids=list(chat.group_ids if group_ids is None else group_ids),
        user=chat_user_record(agent_record(agent), participant),
        reason=reason,
        requester_id=requester_id,
        requester_key=requester_key,
    )


def open_for(
    chat: Chat,
    thread: Thread,
    user_ids: Sequence[str],
    *,
    requester: Requester | None = None,
    transferred_from: Record | None = None,
    old_group_ids: Sequence[int] | None = None,
) -> None:
    """Tell users the whole chat, as those who now see it in full; the caller saves the chat.

    ``old_group_ids`` are the groups that could see the chat before: where they differ from the
    chat's own, agents who could not are told too.
    """
    requester_id, requester_key = named(chat, requester)
    before = set(chat.group_ids if old_group_ids is None else old_group_ids)
    changes.record(
        ChatOpened,
        chat,
        user_ids=list(user_ids),
        chat=chat_selectors.full_chat(chat, thread),
        requester_id=requester_id,
        requester_key=requester_key,
        transferred_from=transferred_from or {},
        new_group_ids=sorted(set(chat.group_ids) - before),
        old_group_ids=sorted(before),
    )


def add_customer(
    chat: Chat, thread: Thread, customer: Customer, *, reason: str, requester: Requester
) -> None:
    """Let ``customer`` join the active ``thread`` (saved here) of a chat without one."""
    participant = seat_customer(chat, customer)
    requester_id, requester_key = named(chat, requester)
    join_thread(thread, str(customer.id))
    thread.save(update_fields=["user_ids"])
    changes.record(
        UserAddedToChat,
        chat,
        user=chat_user_record(customer_record(customer, customer.last_visit), participant),
        reason=reason,
        requester_id=requester_id,
        requester_key=requester_key,
    )


def remove_agent(
    chat: Chat, agent_id: str, *, reason: str, requester: Requester | None = None
) -> None:
    """Let ``agent_id`` leave; they are told too, so the change still lists them as present."""
    requester_id, requester_key = named(chat, requester)
    changes.record(
        UserRemovedFromChat,
        chat,
        user_id=agent_id,
        reason=reason,
        requester_id=requester_id,
        requester_key=requester_key,
    )
    chat.participants[agent_id]["present"] = False
