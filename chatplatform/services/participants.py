"""Who takes part in a chat.

Functions here change a chat whose row the caller has locked; the caller saves the chat and calls
``listings.follow``. Everything is told after the commit.
"""

from __future__ import annotations

from chatplatform.domain_events import ChatOpened, UserAddedToChat, UserRemovedFromChat, tell
from chatplatform.models import Agent, Chat, Customer, Thread
from chatplatform.records import Record, agent_record, chat_user_record, customer_record
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
    requester_id: str = "",
) -> None:
    """Let ``agent`` join the active ``thread`` (saved here); the chat comes before them in full."""
    participant = seat_agent(chat, agent, visibility=visibility)
    join_thread(thread, agent.public_id)
    thread.save(update_fields=["user_ids"])
    changes.record(
        UserAddedToChat,
        chat,
        user=chat_user_record(agent_record(agent), participant),
        reason=reason,
        requester_id=requester_id,
    )


def open_for(chat: Chat, thread: Thread, agent_id: str, *, requester_id: str = "") -> None:
    """Tell ``agent_id`` the whole chat, as one who now sees it in full."""
    tell(
        ChatOpened(
            organization_id=str(chat.organization_id),
            agent_id=agent_id,
            chat=chat_selectors.full_chat(chat, thread),
            requester_id=requester_id,
        )
    )


def add_customer(
    chat: Chat, thread: Thread, customer: Customer, *, reason: str, requester_id: str
) -> None:
    """Let ``customer`` join the active ``thread`` (saved here) of a chat without one."""
    participant = seat_customer(chat, customer)
    join_thread(thread, str(customer.id))
    thread.save(update_fields=["user_ids"])
    changes.record(
        UserAddedToChat,
        chat,
        user=chat_user_record(customer_record(customer, customer.last_visit), participant),
        reason=reason,
        requester_id=requester_id,
    )


def remove_agent(chat: Chat, agent_id: str, *, reason: str, requester_id: str = "") -> None:
    """Let ``agent_id`` leave; they are told too, so the change still lists them as present."""
    changes.record(
        UserRemovedFromChat, chat, user_id=agent_id, reason=reason, requester_id=requester_id
    )
    chat.participants[agent_id]["present"] = False
