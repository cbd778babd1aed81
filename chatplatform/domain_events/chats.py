"""What happens to chats, and to who takes part in them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from chatplatform.domain_events import ChatEvent, Record


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatStarted(ChatEvent):
    """A thread began, in a new chat or an old one; ``chat`` is a chat record with its thread.

    ``requester_key`` names the requester towards customers (see :class:`ChatDeactivated`).
    """

    chat: Record
    requester_id: str
    requester_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatDeactivated(ChatEvent):
    """The active thread closed; ``user_id`` is empty when the system closed it.

    ``user_key`` is the same user towards customers: an agent's customer-facing id, empty for
    whisperers, of whom customers must not know.
    """

    user_id: str
    user_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatTransferred(ChatEvent):
    """The thread went to other hands, or into the queue. ``queue`` is a queue record or empty.

    ``requester_id`` is empty unless an agent did it by hand; ``requester_key`` names them towards
    customers (see :class:`ChatDeactivated`). ``group_ids`` are all that could or can see the chat.
    """

    requester_id: str
    reason: str
    to_group_ids: list[int]
    to_agent_ids: list[str]
    queue: Record = field(default_factory=dict)
    requester_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatAccessUpdated(ChatEvent):
    """Other groups may see the chat from now on: ``access_group_ids``.

    ``group_ids`` are the groups of before and of now together, so that those who lose access are
    told too: it is the last they hear.
    """

    access_group_ids: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class UserAddedToChat(ChatEvent):
    """``user`` (a user record) joined; ``requester_id`` is empty unless an agent caused it.

    ``requester_key`` names the requester towards customers (see :class:`ChatDeactivated`).
    """

    user: Record
    reason: str
    requester_id: str
    requester_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRemovedFromChat(ChatEvent):
    """``user_id`` left; ``requester_id`` is empty unless an agent caused it.

    ``participants`` still shows the user as present, so that they are told too.
    ``requester_key`` names the requester towards customers (see :class:`ChatDeactivated`).
    """

    user_id: str
    reason: str
    requester_id: str
    requester_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatOpened(ChatEvent):
    """A running chat came before users in full: by following, joining, assignment or access.

    ``user_ids`` are those it came before. So it does before agents of ``new_group_ids``, whom the
    chat's access reaches now, but for those who could see it already through ``old_group_ids`` or
    by taking part. ``chat`` is a chat record with its newest thread, as of this change.
    ``transferred_from`` is ``{group_ids, agent_ids}`` or empty; the customer is told as well then.
    ``requester_key`` names the requester towards customers (see :class:`ChatDeactivated`).
    """

    user_ids: list[str]
    chat: Record
    requester_id: str
    requester_key: str = ""
    transferred_from: Record = field(default_factory=dict)
    new_group_ids: list[int] = field(default_factory=list)
    old_group_ids: list[int] = field(default_factory=list)

    def kept(self) -> ChatOpened:
        """Return it without the thread's events, however many they are."""
        thread = {name: value for name, value in self.chat["thread"].items() if name != "events"}
        return replace(self, chat={**self.chat, "thread": thread})


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatUnfollowed(ChatEvent):
    """``agent_ids`` stopped following; ``requester_id`` is the one who did it by hand, or empty."""

    agent_ids: list[str]
    requester_id: str = ""
