"""What a client knows: state fetched once, and every push applied to it since.

A replica must at any time equal what a fresh fetch answers; where it does not, a push is missing,
wrong, or went to the wrong people. It knows what clients know: a user of the chat, or a follower,
keeps the whole chat; an agent who merely has access keeps the headlines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from chatplatform.models import Agent
from tests.world import Listener, User

Record = dict[str, Any]

_USER_FIELDS = ("id", "type", "name", "present", "visibility", "events_seen_up_to")
_STUB_FIELDS = ("id", "custom_id", "type", "author_id", "created_at", "visibility", "deleted")
_THREAD_FIELDS = ("id", "created_at", "active", "access", "previous_thread_id", "next_thread_id")


def put(record: Record, given: Record) -> None:
    """Put properties into a record."""
    for namespace, values in given.items():
        record.setdefault("properties", {}).setdefault(namespace, {}).update(values)


def take(record: Record, names: dict[str, list[str]]) -> None:
    """Take properties out of a record, and namespaces that are empty then."""
    properties = record["properties"]
    for namespace, gone in names.items():
        for name in gone:
            properties[namespace].pop(name, None)
        if not properties[namespace]:
            del properties[namespace]


class Replica(ABC):
    """One user's picture of their chats. It begins anew with each of their connections."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.chats: dict[str, Record] = {}
        self._connection: Listener | None = None
        self._applied = 0

    def compare(self) -> None:
        """Apply what the user has heard, and assert that a fresh fetch says the same."""
        if not self.user.connections:
            return
        if self._connection is not self.user.connections[-1]:
            self._connection = self.user.connections[-1]
            self.chats = self.fetch()
        else:
            for push in self._connection.heard[self._applied :]:
                self.apply(push.action, push.payload)
        self._applied = len(self._connection.heard)
        known = {chat_id: self.shown(chat) for chat_id, chat in self.chats.items()}
        fresh = {chat_id: self.shown(chat) for chat_id, chat in self.fetch().items()}
        assert known == fresh, f"{self.user.name} knows something else than is stored"

    def fetch(self) -> dict[str, Record]:
        """Return every chat of the user as the API answers now."""
        found: dict[str, Record] = {}
        answer = self.user.call("list_chats")
        while True:
            for info in answer["chats_info" if "chats_info" in answer else "chats_summary"]:
                found[info["id"]] = self.fetched(info)
            if "next_page_id" not in answer:
                return found
            answer = self.user.call("list_chats", page_id=answer["next_page_id"])

    def fetched(self, info: Record) -> Record:
        """Return a chat of the list as this replica keeps it."""
        return dict(self.user.call("get_chat", chat_id=info["id"]))

    def shown(self, chat: Record) -> Record:
        """Return what of a chat is compared."""
        thread = chat["thread"]
        shown = {
            "users": {user["id"]: self.shown_user(user) for user in self.compared_users(chat)},
            "access": chat["access"],
            "thread": {name: thread[name] for name in _THREAD_FIELDS if name in thread},
            "place": thread.get("queue", {}).get("position"),
        }
        if self.in_full(chat):
            shown["events"] = [self.shown_event(event) for event in thread["events"]]
            shown["properties"] = chat["properties"], thread["properties"]
            shown["noted"] = [thread.get(name) for name in ("tags", "summary")]
        return shown

    def shown_event(self, event: Record) -> Record:
        """Return what of an event is compared: of a deleted one, what everybody is told of it."""
        if not event.get("deleted"):
            return event
        return {name: event[name] for name in _STUB_FIELDS if name in event}

    def shown_user(self, user: Record) -> Record:
        """Return what of a chat's user is compared."""
        return {name: user[name] for name in _USER_FIELDS if name in user}

    def compared_users(self, chat: Record) -> list[Record]:
        """Return whom of a chat's users to compare."""
        return list(chat["users"])

    @abstractmethod
    def in_full(self, chat: Record) -> bool:
        """Tell whether the user is told everything about a chat."""

    # --- pushes ---------------------------------------------------------------------------------

    def apply(self, action: str, payload: Any) -> None:
        """Change the picture by a push; pushes about other things change nothing."""
        change = getattr(self, f"on_{action}", None)
        if change is not None:
            change(payload)

    def on_incoming_chat(self, push: Record) -> None:
        self.chats[push["chat"]["id"]] = push["chat"]

    def on_incoming_event(self, push: Record) -> None:
        chat = self.chats[push["chat_id"]]
        assert chat["thread"]["id"] == push["thread_id"]
        event = push["event"]
        assert event["id"] not in {known["id"] for known in chat["thread"]["events"]}
        chat["thread"]["events"].append(event)
        author = self.find(chat, event.get("author_id", ""))
        if author is not None and self.marks(event, author):
            author["events_seen_up_to"] = event["created_at"]

    def on_event_updated(self, push: Record) -> None:
        thread = self.chats[push["chat_id"]]["thread"]
        if thread["id"] == push["thread_id"]:
            places = [known["id"] for known in thread["events"]]
            thread["events"][places.index(push["event"]["id"])] = push["event"]

    def on_event_deleted(self, push: Record) -> None:
        thread = self.chats[push["chat_id"]]["thread"]
        if thread["id"] == push["thread_id"]:
            (gone,) = (event for event in thread["events"] if event["id"] == push["event_id"])
            self.delete(thread["events"], gone)

    @abstractmethod
    def delete(self, events: list[Record], event: Record) -> None:
        """Leave of a deleted event what the user may see."""

    def marks(self, event: Record, author: Record) -> bool:
        """Tell whether sending an event moved its author's mark."""
        return True

    def on_chat_properties_updated(self, push: Record) -> None:
        put(self.chats[push["chat_id"]], push["properties"])

    def on_chat_properties_deleted(self, push: Record) -> None:
        take(self.chats[push["chat_id"]], push["properties"])

    def on_thread_properties_updated(self, push: Record) -> None:
        thread = self.chats[push["chat_id"]]["thread"]
        if thread["id"] == push["thread_id"]:
            put(thread, push["properties"])

    def on_thread_properties_deleted(self, push: Record) -> None:
        thread = self.chats[push["chat_id"]]["thread"]
        if thread["id"] == push["thread_id"]:
            take(thread, push["properties"])

    def on_event_properties_updated(self, push: Record) -> None:
        for event in self.events(push):
            put(event, push["properties"])

    def on_event_properties_deleted(self, push: Record) -> None:
        for event in self.events(push):
            take(event, push["properties"])
            if not event["properties"]:
                del event["properties"]

    def events(self, push: Record) -> list[Record]:
        """Return the event a push names, if it is of the thread that is kept."""
        events = self.chats[push["chat_id"]]["thread"]["events"]
        return [event for event in events if event["id"] == push["event_id"]]

    def on_events_marked_as_seen(self, push: Record) -> None:
        user = self.find(self.chats[push["chat_id"]], push["user_id"])
        assert user is not None
        user["events_seen_up_to"] = push["seen_up_to"]

    def on_chat_deactivated(self, push: Record) -> None:
        thread = self.chats[push["chat_id"]]["thread"]
        assert thread["id"] == push["thread_id"]
        assert thread["active"]
        thread["active"] = False
        thread.pop("queue", None)

    def on_chat_transferred(self, push: Record) -> None:
        chat = self.chats[push["chat_id"]]
        self.let_see(chat, push["transferred_to"]["group_ids"])
        if "queue" in push:
            chat["thread"]["queue"] = dict(push["queue"])
        else:
            chat["thread"].pop("queue", None)

    @staticmethod
    def let_see(chat: Record, group_ids: list[int]) -> None:
        """Let exactly these groups see a chat and its running thread."""
        chat["access"] = {"group_ids": group_ids}
        if chat["thread"]["active"]:
            chat["thread"]["access"] = {"group_ids": group_ids}

    def on_user_added_to_chat(self, push: Record) -> None:
        if push["chat_id"] not in self.chats:
            return  # the chat itself follows
        chat = self.chats[push["chat_id"]]
        user = push["user"]
        known = [one for one in chat["users"] if one["id"] != user["id"]]
        place = next((i for i, one in enumerate(chat["users"]) if one["id"] == user["id"]), None)
        known.insert(len(known) if place is None else place, user)
        chat["users"] = known
        if user["type"] == "agent" and user.get("visibility", "all") == "all":
            chat["thread"].pop("queue", None)

    def on_user_removed_from_chat(self, push: Record) -> None:
        user = self.find(self.chats[push["chat_id"]], push["user_id"])
        assert user is not None
        assert user["present"]
        user["present"] = False

    def place(self, entry: Record) -> None:
        queue = self.chats[entry["chat_id"]]["thread"].setdefault("queue", {})
        queue["position"] = entry["queue"]["position"]

    @staticmethod
    def find(chat: Record, user_id: str) -> Record | None:
        return next((user for user in chat["users"] if user["id"] == user_id), None)


class AgentReplica(Replica):
    """An agent's picture: whole chats where they take part or follow, headlines elsewhere."""

    def fetched(self, info: Record) -> Record:
        if info["is_followed"]:
            return super().fetched(info)
        last = "last_thread_info" if "last_thread_info" in info else "last_thread_summary"
        thread = {**info[last], "events": []}
        return {**info, "thread": thread}

    def in_full(self, chat: Record) -> bool:
        return bool(chat["is_followed"])

    def shown(self, chat: Record) -> Record:
        shown = {**super().shown(chat), "is_followed": chat["is_followed"]}
        if not chat["is_followed"]:
            for name in ("previous_thread_id", "next_thread_id"):
                shown["thread"].pop(name, None)
            for user in shown["users"].values():
                user.pop("events_seen_up_to", None)
        return shown

    def marks(self, event: Record, author: Record) -> bool:
        return event["visibility"] == "all" or author.get("visibility") == "agents"

    def on_incoming_chat(self, push: Record) -> None:
        super().on_incoming_chat(push)
        chat = push["chat"]
        itself = self.find(chat, self.user.id)
        takes_part = itself is not None and itself["present"]
        chat["is_followed"] = takes_part or push.get("requester_id") == self.user.id

    def on_chat_access_updated(self, push: Record) -> None:
        chat = self.chats[push["id"]]
        self.let_see(chat, push["access"]["group_ids"])
        if not self.may_see(chat):
            del self.chats[push["id"]]

    def may_see(self, chat: Record) -> bool:
        """Tell whether the agent still has access to a chat."""
        agent = Agent.objects.get(public_id=self.user.id)
        numbers = {0, *agent.memberships.values_list("group__number", flat=True)}
        return (
            agent.role != "normal"
            or not numbers.isdisjoint(chat["access"]["group_ids"])
            or self.find(chat, self.user.id) is not None
        )

    def on_chat_unfollowed(self, push: Record) -> None:
        self.chats[push["chat_id"]]["is_followed"] = False

    def on_user_added_to_chat(self, push: Record) -> None:
        super().on_user_added_to_chat(push)
        if push["user"]["id"] == self.user.id and push["chat_id"] in self.chats:
            self.chats[push["chat_id"]]["is_followed"] = True

    def on_user_removed_from_chat(self, push: Record) -> None:
        super().on_user_removed_from_chat(push)
        if push["user_id"] == self.user.id:
            self.chats[push["chat_id"]]["is_followed"] = False

    def delete(self, events: list[Record], event: Record) -> None:
        event["deleted"] = True

    def on_thread_tagged(self, push: Record) -> None:
        thread = self.chats[push["chat_id"]]["thread"]
        if thread["id"] == push["thread_id"]:
            thread["tags"] = [*thread["tags"], push["tag"]]

    def on_thread_untagged(self, push: Record) -> None:
        thread = self.chats[push["chat_id"]]["thread"]
        if thread["id"] == push["thread_id"]:
            thread["tags"] = [tag for tag in thread["tags"] if tag != push["tag"]]

    def on_thread_summary_set(self, push: Record) -> None:
        thread = self.chats[push["chat_id"]]["thread"]
        if thread["id"] == push["thread_id"]:
            thread["summary"] = push["summary"]

    def on_chat_deleted(self, push: Record) -> None:
        del self.chats[push["chat_id"]]

    def on_thread_deleted(self, push: Record) -> None:
        thread = self.chats[push["chat_id"]]["thread"]
        assert thread["id"] != push["thread_id"]
        if thread.get("previous_thread_id") == push["thread_id"]:
            self.chats[push["chat_id"]] = self.user.call("get_chat", chat_id=push["chat_id"])

    def on_queue_positions_updated(self, push: list[Record]) -> None:
        for entry in push:
            self.place(entry)


class CustomerReplica(Replica):
    """A customer's picture: their own chats, whole."""

    def in_full(self, chat: Record) -> bool:
        return True

    def compared_users(self, chat: Record) -> list[Record]:
        """Leave out who is not there: one who left to whisper is not shown in a fresh fetch."""
        return [user for user in chat["users"] if user["present"]]

    def delete(self, events: list[Record], event: Record) -> None:
        events.remove(event)

    def on_queue_position_updated(self, push: Record) -> None:
        self.place(push)
