"""Who takes part in a chat.

Functions here change a chat whose row the caller has locked; the caller saves the chat and calls
``listings.follow``. Everything is told after the commit.
"""

from __future__ import annotations

from chatplatform.domain_events import ChatOpened, UserAddedToChat, UserRemovedFromChat, tell
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
) -> None:
    """Let ``agent`` join the active ``thread`` (saved here)."""
    participant = seat_agent(chat, agent, visibility=visibility)
    requester_id, requester_key = named(chat, requester)
    join_thread(thread, agent.public_id)
    thread.save(update_fields=["user_ids"])
    changes.record(
        UserAddedToChat,
        chat,
        user=chat_user_record(agent_record(agent), participant),
        reason=reason,
        requester_id=requester_id,
        requester_key=requester_key,
    )


def open_for(
    chat: Chat, thread: Thread, user_id: str, *, requester: Requester | None = None
) -> None:
    """Tell ``user_id`` the whole chat, as one who now sees it in full."""
    requester_id, requester_key = named(chat, requester)
    tell(
        ChatOpened(
            organization_id=str(chat.organization_id),
            user_id=user_id,
            chat=chat_selectors.full_chat(chat, thread),
            participants={key: dict(value) for key, value in chat.participants.items()},
            requester_id=requester_id,
            requester_key=requester_key,
        )
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
