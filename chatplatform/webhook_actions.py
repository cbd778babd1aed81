"""Which webhooks there are: what makes each, in which versions, and what it can be narrowed by.

The one list of them (protocol.md 7). Registration, ``list_webhook_names`` and the outbox read it;
the webhooks surface adds the bodies (``webhooks/payloads/``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NotRequired

from typing_extensions import TypedDict

from chatplatform.domain_events import DomainEvent
from chatplatform.domain_events.access_rules import AccessRuleChanged, AccessRulesChanged
from chatplatform.domain_events.archives import ThreadSummarySet
from chatplatform.domain_events.chats import (
    ChatAccessUpdated,
    ChatDeactivated,
    ChatOpened,
    ChatStarted,
    ChatTransferred,
    UserAddedToChat,
    UserRemovedFromChat,
)
from chatplatform.domain_events.customers import CustomerCame, SessionFieldsUpdated
from chatplatform.domain_events.events import (
    EventAppended,
    EventDeleted,
    EventsMarkedAsSeen,
    EventUpdated,
    RichMessagePostbackSent,
)
from chatplatform.domain_events.groups import GroupCreated, GroupDeleted, GroupUpdated
from chatplatform.domain_events.people import (
    AgentApproved,
    AgentCreated,
    AgentDeleted,
    AgentSuspended,
    AgentUnsuspended,
    AgentUpdated,
    BotCreated,
    BotDeleted,
    BotUpdated,
)
from chatplatform.domain_events.properties import (
    ChatPropertiesDeleted,
    ChatPropertiesUpdated,
    EventPropertiesDeleted,
    EventPropertiesUpdated,
    ThreadPropertiesDeleted,
    ThreadPropertiesUpdated,
)
from chatplatform.domain_events.routing import RoutingStatusSet
from chatplatform.domain_events.tags import (
    TagCreated,
    TagDeleted,
    TagUpdated,
    ThreadTagged,
    ThreadUntagged,
)

AUTHOR_TYPE: Final = "author_type"
ONLY_MY_CHATS: Final = "only_my_chats"
CHAT_PRESENCE: Final = "chat_presence"
SOURCE_TYPE: Final = "source_type"
AGENT_IDS: Final = "agent_ids"


class UserIdsFilter(TypedDict):
    """Users of a chat: one of ``values`` is in it now, or none of ``exclude_values``.

    Exactly one of the two is there, and not empty.
    """

    values: NotRequired[list[str]]
    exclude_values: NotRequired[list[str]]


class ChatPresenceFilter(TypedDict):
    """Who is in the chat now; ``my_bots``: a bot of the webhook's application, if true."""

    user_ids: NotRequired[UserIdsFilter]
    my_bots: NotRequired[bool]


class Filters(TypedDict):
    """What a webhook is narrowed by, as registered; all of it must hold (protocol.md 7).

    ``author_type`` is ``customer`` or ``agent``; ``source_type`` names any of ``my_client``,
    ``other_clients`` and ``system``; ``agent_ids`` are those whose status is told. A switch that
    is false narrows nothing.
    """

    author_type: NotRequired[str]
    only_my_chats: NotRequired[bool]
    chat_presence: NotRequired[ChatPresenceFilter]
    source_type: NotRequired[list[str]]
    agent_ids: NotRequired[list[str]]


CHAT_PROPERTIES: Final = "chat_properties"
CHAT_PRESENCE_USER_IDS: Final = "chat_presence_user_ids"
_ADDITIONAL: Final = (CHAT_PROPERTIES, CHAT_PRESENCE_USER_IDS)


@dataclass(frozen=True, slots=True)
class WebhookAction:
    """A webhook: the events that make it, its filters, and what can be asked for besides.

    ``since`` and ``until`` are the first and last wire version that has it. ``configures``: it
    tells of the configuration, and so of who changed it (from 3.6 on).
    """

    name: str
    events: tuple[type[DomainEvent], ...]
    filters: tuple[str, ...] = (SOURCE_TYPE,)
    additional_data: tuple[str, ...] = ()
    since: str = "3.4"
    until: str | None = None
    configures: bool = False

    def exists(self, version: str) -> bool:
        """Tell whether ``version`` has the webhook."""
        return version >= self.since and (self.until is None or version <= self.until)


def _of_chats(name: str, *events: type[DomainEvent], since: str = "3.4") -> WebhookAction:
    filters = (CHAT_PRESENCE, ONLY_MY_CHATS, SOURCE_TYPE)
    return WebhookAction(name, events, filters, _ADDITIONAL, since)


def _of_events(name: str, *events: type[DomainEvent]) -> WebhookAction:
    filters = (CHAT_PRESENCE, AUTHOR_TYPE, ONLY_MY_CHATS, SOURCE_TYPE)
    return WebhookAction(name, events, filters, _ADDITIONAL)


def _of_configuration(
    name: str, event: type[DomainEvent], *, since: str = "3.4", until: str | None = None
) -> WebhookAction:
    return WebhookAction(name, (event,), since=since, until=until, configures=True)


_LIST: Final = (
    _of_chats("incoming_chat", ChatStarted, ChatOpened),
    _of_chats("chat_deactivated", ChatDeactivated),
    _of_chats("chat_access_updated", ChatAccessUpdated),
    _of_chats("chat_transferred", ChatTransferred),
    _of_chats("user_added_to_chat", UserAddedToChat),
    _of_chats("user_removed_from_chat", UserRemovedFromChat),
    _of_events("incoming_event", EventAppended),
    _of_chats("event_deleted", EventDeleted, since="3.6"),
    _of_events("event_updated", EventUpdated),
    _of_chats("incoming_rich_message_postback", RichMessagePostbackSent),
    _of_chats("chat_properties_updated", ChatPropertiesUpdated),
    _of_chats("chat_properties_deleted", ChatPropertiesDeleted),
    _of_chats("thread_properties_updated", ThreadPropertiesUpdated),
    _of_chats("thread_properties_deleted", ThreadPropertiesDeleted),
    _of_chats("event_properties_updated", EventPropertiesUpdated),
    _of_chats("event_properties_deleted", EventPropertiesDeleted),
    _of_chats("thread_tagged", ThreadTagged),
    _of_chats("thread_untagged", ThreadUntagged),
    WebhookAction("routing_status_set", (RoutingStatusSet,), (AGENT_IDS, SOURCE_TYPE), _ADDITIONAL),
    WebhookAction("incoming_customer", (CustomerCame,), (SOURCE_TYPE,), _ADDITIONAL, until="3.5"),
    WebhookAction(
        "customer_session_fields_updated",
        (SessionFieldsUpdated,),
        (CHAT_PRESENCE, SOURCE_TYPE),
        _ADDITIONAL,
    ),
    _of_configuration("agent_created", AgentCreated),
    _of_configuration("agent_approved", AgentApproved),
    _of_configuration("agent_updated", AgentUpdated),
    _of_configuration("agent_suspended", AgentSuspended),
    _of_configuration("agent_unsuspended", AgentUnsuspended),
    _of_configuration("agent_deleted", AgentDeleted),
    _of_configuration("auto_access_added", AccessRuleChanged, until="3.4"),
    _of_configuration("auto_access_updated", AccessRuleChanged, until="3.4"),
    _of_configuration("auto_access_deleted", AccessRuleChanged, until="3.4"),
    _of_configuration("auto_accesses_updated", AccessRulesChanged, since="3.5"),
    _of_configuration("bot_created", BotCreated),
    _of_configuration("bot_updated", BotUpdated),
    _of_configuration("bot_deleted", BotDeleted),
    _of_configuration("group_created", GroupCreated),
    _of_configuration("group_updated", GroupUpdated),
    _of_configuration("group_deleted", GroupDeleted),
    _of_configuration("tag_created", TagCreated, since="3.5"),
    _of_configuration("tag_updated", TagUpdated, since="3.5"),
    _of_configuration("tag_deleted", TagDeleted, since="3.5"),
    _of_chats("events_marked_as_seen", EventsMarkedAsSeen),
    _of_chats("thread_summary_set", ThreadSummarySet, since="3.6"),
)

ACTIONS: Final[dict[str, WebhookAction]] = {action.name: action for action in _LIST}


def of_version(version: str) -> list[WebhookAction]:
    """Return the webhooks of a wire version."""
    return [action for action in _LIST if action.exists(version)]


def _by_event(actions: Iterable[WebhookAction]) -> dict[type[DomainEvent], tuple[str, ...]]:
    found: dict[type[DomainEvent], tuple[str, ...]] = {}
    for action in actions:
        for event in action.events:
            found[event] = (*found.get(event, ()), action.name)
    return found


CAUSED_BY: Final = _by_event(_LIST)
"""The names of the webhooks that an event may cause, by its type; most have none."""
