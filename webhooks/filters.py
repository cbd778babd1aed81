"""Which changes a webhook hears of: the filters it was registered with (protocol.md 7).

A filter of the deliveries, not of the changes: what is owed was written down before, and who was
in the chat and who caused the change is told as it was then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chatplatform import webhook_actions
from chatplatform.domain_events import ChatEvent, DomainEvent
from chatplatform.domain_events.customers import SessionFieldsUpdated
from chatplatform.domain_events.events import EventAppended, EventUpdated
from chatplatform.domain_events.routing import RoutingStatusSet

MY_CLIENT: Final = "my_client"
OTHER_CLIENTS: Final = "other_clients"
SYSTEM: Final = "system"

Participants = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Occasion:
    """A change, and what else filters go by.

    ``cause`` is who caused it, empty for the system. ``client_id`` is the webhook's, ``my_bots``
    are the ids of that client's bots on the licence. ``chat_client_id`` is the client that started
    the chat, empty where there is none.
    """

    event: DomainEvent
    cause: Mapping[str, str]
    client_id: str
    my_bots: Collection[str] = ()
    chat_client_id: str = ""


def passes(filters: webhook_actions.Filters, occasion: Occasion) -> bool:
    """Tell whether a webhook with ``filters`` hears of ``occasion``: all of them must hold."""
    return all(_CHECKS[name](given, occasion) for name, given in filters.items())


def participants_of(event: DomainEvent) -> Participants | None:
    """Return who is or was in the chat an event is about, by id; ``None``: it is about no chat."""
    return event.participants if isinstance(event, ChatEvent | SessionFieldsUpdated) else None


def _in_chat(occasion: Occasion, user_ids: Collection[str]) -> bool:
    """Tell whether one of these is in the chat; who leaves it with this change is, still."""
    participants = participants_of(occasion.event) or {}
    return any(user_id in participants and participants[user_id]["present"] for user_id in user_ids)


def _of_author(wanted: str, occasion: Occasion) -> bool:
    event = occasion.event
    if not isinstance(event, EventAppended | EventUpdated):
        return False
    author = event.participants.get(event.event.get("author_id", ""))
    return author is not None and author["type"] == wanted


def _of_my_chats(wanted: bool, occasion: Occasion) -> bool:
    return not wanted or occasion.chat_client_id == occasion.client_id


def _of_presence(wanted: webhook_actions.ChatPresenceFilter, occasion: Occasion) -> bool:
    users = wanted.get("user_ids", {})
    if "values" in users and not _in_chat(occasion, users["values"]):
        return False
    if _in_chat(occasion, users.get("exclude_values", ())):
        return False
    return not wanted.get("my_bots") or _in_chat(occasion, occasion.my_bots)


def _of_source(wanted: Collection[str], occasion: Occasion) -> bool:
    if not occasion.cause:
        return SYSTEM in wanted
    mine = occasion.cause["client_id"] == occasion.client_id
    return (MY_CLIENT if mine else OTHER_CLIENTS) in wanted


def _of_agents(wanted: Collection[str], occasion: Occasion) -> bool:
    event = occasion.event
    return isinstance(event, RoutingStatusSet) and event.agent_id in wanted


_CHECKS: Final[Mapping[str, Callable[[Any, Occasion], bool]]] = {
    webhook_actions.AUTHOR_TYPE: _of_author,
    webhook_actions.ONLY_MY_CHATS: _of_my_chats,
    webhook_actions.CHAT_PRESENCE: _of_presence,
    webhook_actions.SOURCE_TYPE: _of_source,
    webhook_actions.AGENT_IDS: _of_agents,
}
