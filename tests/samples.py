"""A valid call of every action: what tests generated from the registry start from.

An action without a sample fails ``tests/kernel/test_registry.py``, so that none escapes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chatplatform.api import registry
from chatplatform.api.action import Action
from chatplatform.models import Group, Organization
from tests import make
from tests.configuration import samples as configuration
from tests.internet import PAGE
from tests.world import NEWEST, User, World

Path = tuple[str | int, ...]


@dataclass
class Scene:
    """An organisation in which every action has something to act on.

    ``ann``, an administrator, talks to ``carl`` in ``running``, where ``bob`` is too; ``eve``
    follows it. ``dora``'s chat is ``closed``; ``emil`` has none. ``ann`` follows bob's chat
    ``followed``, but not his ``aside``. ``emil`` is shown ``greeting``. ``oona`` owns everything.
    ``things`` are ids of what the Configuration API is about, by role. Every name and text
    contains ``label``.
    """

    label: str
    organization: Organization
    group: Group
    ann: User
    bob: User
    eve: User
    carl: User
    dora: User
    emil: User
    running: str
    thread: str
    event: str
    rich: str
    closed: str
    aside: str
    followed: str
    file: str
    greeting: dict[str, Any]
    oona: User
    things: dict[str, str | int] = field(default_factory=dict)

    @property
    def ids(self) -> dict[str, str | int]:
        """Return everything that names something of this organisation, by role."""
        return {
            "ann": self.ann.id,
            "bob": self.bob.id,
            "eve": self.eve.id,
            "carl": self.carl.id,
            "dora": self.dora.id,
            "emil": self.emil.id,
            "running": self.running,
            "thread": self.thread,
            "event": self.event,
            "rich": self.rich,
            "closed": self.closed,
            "aside": self.aside,
            "followed": self.followed,
            "file": self.file,
            "greeting": self.greeting["unique_id"],
            "oona": self.oona.id,
            **self.things,
        }

    def user(self, api: str) -> User:
        """Return who calls the samples of an API."""
        users = {"agent": self.ann, "customer": self.carl, "configuration": self.ann.configuration}
        return users[api]


def scene(world: World, label: str = "alpha", *, groups: int = 1) -> Scene:
    """Make a scene; its ``group`` is the last one of so many."""
    organization = make.organization(label)
    for _ in range(groups - 1):
        make.group(organization, f"{label} other group")
    group = make.group(organization, f"{label} group")
    ann = world.agent(organization, f"{label}-ann", role="administrator", online=True)
    bob = world.agent(organization, f"{label}-bob", groups=[group], online=True, accepting=False)
    eve = world.agent(organization, f"{label}-eve", online=True, accepting=False)
    carl = world.customer(organization, f"{label}-carl")
    dora = world.customer(organization, f"{label}-dora")
    emil = world.customer(organization, f"{label}-emil")
    carl.call("update_customer", email=f"{label}-carl@example.com")
    text = {"events": [make.message(f"{label} text")]}
    started = carl.call("start_chat", chat={"thread": text})
    running = started["chat_id"]
    ann.call(
        "add_user_to_chat", chat_id=running, user_id=bob.id, user_type="agent", visibility="all"
    )
    eve.call("follow_chat", id=running)
    closed = dora.call("start_chat", chat={"thread": text})["chat_id"]
    dora.call("deactivate_chat", id=closed)
    aside, followed = (bob.call("start_chat")["chat_id"] for _ in range(2))
    ann.call("follow_chat", id=followed)
    for tag in (f"{label}-tag", f"{label}-tagged"):
        make.tag(organization, tag)
    ann.call("tag_thread", chat_id=running, thread_id=started["thread_id"], tag=f"{label}-tagged")
    file = ann.upload(f"{label}.txt", label.encode(), "text/plain")
    thread, event = started["thread_id"], started["event_ids"][0]
    asked = make.rich_message(f"{label} question", "yes")
    rich = ann.call("send_event", chat_id=running, event=asked)["event_id"]
    oona = world.agent(organization, f"{label}-oona", role="owner")
    made = Scene(
        label,
        organization,
        group,
        ann,
        bob,
        eve,
        carl,
        dora,
        emil,
        running,
        thread,
        event,
        rich,
        closed,
        aside,
        followed,
        file,
        _greeting(emil, label),
        oona,
    )
    made.things = configuration.furnish(made)
    return made


def _greeting(customer: User, label: str) -> dict[str, Any]:
    """Show a customer a card with a button, and return it as they got it."""
    organization = Organization.objects.get(id=customer.organization_id)
    button = {"text": f"{label} button", "postback_id": "more"}
    make.greeting(
        organization,
        make.rule(value="/greeted"),
        text=f"{label} greeting",
        rich_message={"template_id": "cards", "elements": [{"buttons": [button]}]},
    )
    customer.call("update_customer_page", url="https://x.example/greeted")
    shown: dict[str, Any] = customer.heard[-1].payload
    return shown


class Stage:
    """A world with the organisations ``alpha`` and ``beta`` in it."""

    def __init__(self) -> None:
        self.world = World()
        self.alpha = scene(self.world, "alpha")
        self.beta = scene(self.world, "beta", groups=9)


Sample = Callable[[Scene], dict[str, Any]]

_LATER = "2035-01-01T00:00:00.000000Z"

_SHARED: dict[str, Sample] = {
    "get_chat": lambda s: {"chat_id": s.running, "thread_id": s.thread},
    "list_threads": lambda s: {"chat_id": s.running, "limit": 2, "sort_order": "asc"},
    "mark_events_as_seen": lambda s: {"chat_id": s.running, "seen_up_to": _LATER},
    "send_event": lambda s: {
        "chat_id": s.running,
        "event": {
            "type": "file",
            "url": s.file,
            "custom_id": "c",
            "properties": {"test": {"int_property": 1}},
        },
    },
    "send_rich_message_postback": lambda s: {
        "chat_id": s.running,
        "thread_id": s.thread,
        "event_id": s.rich,
        "postback": {
            "id": "yes",
            "toggled": True,
            "button_type": "message",
            "button_value": "yes",
            "ecommerce": {"product_id": "1", "option_id": "red", "quantity": 1.5},
        },
    },
    "login": lambda s: {"token": "Bearer", "pushes": {"3.7": ["all"]}},
    "upload_file": lambda s: {},
    "update_chat_properties": lambda s: {
        "id": s.running,
        "properties": {"test": {"string_property": "x"}},
    },
    "delete_chat_properties": lambda s: {
        "id": s.running,
        "properties": {"test": ["string_property"]},
    },
    "update_thread_properties": lambda s: {
        "chat_id": s.running,
        "thread_id": s.thread,
        "properties": {"test": {"int_property": 1}},
    },
    "delete_thread_properties": lambda s: {
        "chat_id": s.running,
        "thread_id": s.thread,
        "properties": {"test": ["int_property"]},
    },
    "update_event_properties": lambda s: {
        "chat_id": s.running,
        "thread_id": s.thread,
        "event_id": s.event,
        "properties": {"test": {"bool_property": True}},
    },
    "delete_event_properties": lambda s: {
        "chat_id": s.running,
        "thread_id": s.thread,
        "event_id": s.event,
        "properties": {"test": ["bool_property"]},
    },
}

SAMPLES: dict[tuple[str, str], Sample] = {
    **{(api, name): sample for name, sample in _SHARED.items() for api in ("agent", "customer")},
    ("agent", "list_chats"): lambda s: {
        "limit": 2,
        "sort_order": "asc",
        "filters": {
            "active": True,
            "group_ids": [0],
            "properties": {"test": {"int_property": {"exists": False}}},
        },
    },
    ("agent", "tag_thread"): lambda s: {
        "chat_id": s.running,
        "thread_id": s.thread,
        "tag": f"{s.label}-tag",
    },
    ("agent", "untag_thread"): lambda s: {
        "chat_id": s.running,
        "thread_id": s.thread,
        "tag": f"{s.label}-tagged",
    },
    ("agent", "get_thread_transcript"): lambda s: {"chat_id": s.running, "thread_id": s.thread},
    ("agent", "request_thread_summary"): lambda s: {"chat_id": s.running, "thread_id": s.thread},
    ("agent", "get_license_info"): lambda s: {},
    ("agent", "list_archives"): lambda s: {
        "limit": 2,
        "sort_order": "asc",
        "highlights": {"pre_tag": "<b>", "post_tag": "</b>"},
        "filters": {
            "from": "2020-01-01T00:00:00.000000Z",
            "to": _LATER,
            "group_ids": [0],
            "chat_ids": [s.running, s.closed, s.aside],
            "properties": {"test": {"int_property": {"exists": False}}},
            "agents": {"exclude_values": ["nobody@example.com"]},
            "tags": {"exclude_values": ["none"]},
            "sales": {"exists": False},
            "goals": {"exclude_values": [1], "require_every_value": True},
            "customer_countries": {"exclude_values": ["PL"]},
            "event_types": {"exclude_values": ["rich_message"]},
            "greetings": {
                "from": "2020-01-01T00:00:00.000000Z",
                "exists": False,
                "groups": {"exclude_values": [1]},
            },
            "agent_response": {"exists": False, "first": True, "groups": {"values": [0]}},
            "agent_types": {"exclude_values": ["ai_agent"]},
            "forms": [{"type": "pre_chat", "exists": False}],
        },
    },
    ("agent", "start_chat"): lambda s: {
        "active": True,
        "continuous": False,
        "chat": {
            "access": {"group_ids": [0]},
            "properties": {"test": {"string_property": "x"}},
            "users": [{"id": s.emil.id, "type": "customer"}, {"id": s.bob.id, "type": "agent"}],
            "thread": {"events": [make.message("Hello")], "properties": {}},
        },
    },
    ("agent", "resume_chat"): lambda s: {
        "chat": {
            "id": s.closed,
            "access": {"group_ids": [0]},
            "users": [{"id": s.bob.id, "type": "agent"}],
            "thread": {"events": [make.message("Hello")]},
        },
    },
    ("agent", "deactivate_chat"): lambda s: {"id": s.running, "ignore_requester_presence": True},
    ("agent", "follow_chat"): lambda s: {"id": s.aside},
    ("agent", "unfollow_chat"): lambda s: {"id": s.followed},
    ("agent", "add_user_to_chat"): lambda s: {
        "chat_id": s.running,
        "user_id": s.eve.id,
        "user_type": "agent",
        "visibility": "agents",
        "ignore_requester_presence": True,
    },
    ("agent", "remove_user_from_chat"): lambda s: {
        "chat_id": s.running,
        "user_id": s.bob.id,
        "user_type": "agent",
        "ignore_requester_presence": True,
    },
    ("agent", "send_typing_indicator"): lambda s: {
        "chat_id": s.running,
        "visibility": "all",
        "is_typing": True,
    },
    ("agent", "send_thinking_indicator"): lambda s: {
        "chat_id": s.running,
        "title": "Thinking",
        "description": "Looking things up",
        "visibility": "all",
        "custom_id": "c",
    },
    ("agent", "send_event_preview"): lambda s: {
        "chat_id": s.running,
        "event": make.message("Almost", custom_id="c"),
    },
    ("agent", "set_routing_status"): lambda s: {
        "status": "accepting_chats",
        "agent_id": s.bob.id,
    },
    ("agent", "list_routing_statuses"): lambda s: {"filters": {"group_ids": [0]}},
    ("agent", "get_customer"): lambda s: {"id": s.carl.id},
    ("agent", "update_customer"): lambda s: {
        "id": s.carl.id,
        "name": "New",
        "email": "new@example.com",
        "avatar": "https://example.com/a.png",
        "phone_number": "+48123456789",
        "session_fields": [{"plan": "gold"}],
        "omnichannel": {"fbmessenger": {"id": "fb", "name": "New"}},
        "address": {"city": "x"},
    },
    ("agent", "ban_customer"): lambda s: {"id": s.emil.id, "ban": {"days": 3}},
    ("agent", "create_customer"): lambda s: {
        "name": "New",
        "email": "new@example.com",
        "avatar": "https://example.com/a.png",
        "session_fields": [{"plan": "gold"}],
    },
    ("agent", "list_customers"): lambda s: {
        "limit": 2,
        "sort_order": "asc",
        "sort_by": "threads_count",
        "filters": {
            "country": {"exclude_values": ["Poland"]},
            "customer_id": {"values": [s.carl.id, s.dora.id]},
            "chats_count": {"gte": 1},
            "created_at": {"lt": _LATER},
            "chat_group_ids": {"values": [0]},
            "include_customers_without_chats": False,
        },
    },
    ("agent", "subscribe_customers"): lambda s: {"group_ids": [0], "limit": 10},
    ("agent", "unsubscribe_customers"): lambda s: {"subscription_id": "x"},
    ("agent", "transfer_chat"): lambda s: {
        "id": s.running,
        "target": {"type": "agent", "ids": [s.eve.id]},
        "ignore_agents_availability": True,
        "ignore_requester_presence": True,
    },
    ("agent", "list_agents_for_transfer"): lambda s: {"chat_id": s.running},
    ("agent", "multicast"): lambda s: {
        "recipients": {"agents": {"all": False, "ids": [s.bob.id], "groups": [0]}},
        "content": {"example": {"nested": "json"}},
        "type": "news",
    },
    ("agent", "set_away_status"): lambda s: {"away": True},
    ("agent", "update_session"): lambda s: {"token": s.ann.credentials},
    ("agent", "change_push_notifications"): lambda s: {
        "firebase_token": "x",
        "platform": "ios",
        "enabled": True,
    },
    ("agent", "logout"): lambda s: {"agent_id": s.bob.id},
    ("customer", "list_chats"): lambda s: {"limit": 2, "sort_order": "asc"},
    ("customer", "start_chat"): lambda s: {
        "active": True,
        "continuous": True,
        "chat": {
            "access": {"group_ids": [0]},
            "users": [{"id": s.emil.id, "type": "customer"}],
            "properties": {},
            "thread": {
                "events": [make.message("Hello")],
                "properties": {"rating": {"score": 1}},
            },
        },
    },
    ("customer", "resume_chat"): lambda s: {
        "continuous": True,
        "chat": {"id": s.closed, "thread": {"events": [make.message("Hello")]}},
    },
    ("customer", "deactivate_chat"): lambda s: {"id": s.running},
    ("customer", "get_url_info"): lambda s: {"url": PAGE},
    ("customer", "delete_event"): lambda s: {
        "chat_id": s.running,
        "thread_id": s.thread,
        "event_id": s.event,
    },
    ("customer", "send_sneak_peek"): lambda s: {"chat_id": s.running, "sneak_peek_text": "Hel"},
    ("customer", "update_customer"): lambda s: {
        "name": "New",
        "email": "new@example.com",
        "avatar": "https://example.com/a.png",
        "session_fields": [{"plan": "gold"}],
        "omnichannel": {"twilio": {"phone_number": "+1"}},
        "address": {"city": "x"},
    },
    ("customer", "activate_customer_page"): lambda s: {},
    ("customer", "deactivate_customer_page"): lambda s: {},
    ("customer", "get_customer"): lambda s: {},
    ("customer", "set_customer_session_fields"): lambda s: {"session_fields": [{"plan": "gold"}]},
    ("customer", "request_email_verification"): lambda s: {
        "callback_uri": "https://example.com/verified"
    },
    ("customer", "update_customer_page"): lambda s: {"url": "https://x.example", "title": "x"},
    ("customer", "get_predicted_agent"): lambda s: {},
    ("customer", "list_group_statuses"): lambda s: {"group_ids": [0]},
    ("customer", "get_dynamic_configuration"): lambda s: {},
    ("customer", "get_configuration"): lambda s: {"group_id": 0, "version": "none"},
    ("customer", "get_localization"): lambda s: {
        "group_id": 0,
        "language": "en",
        "version": "none",
    },
    ("customer", "get_form"): lambda s: {"group_id": 0, "type": "prechat"},
    ("customer", "check_goals"): lambda s: {
        "session_fields": [{"plan": "gold"}],
        "group_id": 0,
        "page_url": "https://x.example/thanks",
    },
    ("customer", "accept_greeting"): lambda s: {
        "greeting_id": s.greeting["id"],
        "unique_id": s.greeting["unique_id"],
    },
    ("customer", "cancel_greeting"): lambda s: {"unique_id": s.greeting["unique_id"]},
    ("customer", "send_greeting_button_clicked"): lambda s: {
        "greeting_unique_id": s.greeting["unique_id"],
        "button_id": s.greeting["event"]["elements"][0]["buttons"][0]["button_id"],
    },
    ("customer", "request_welcome_message"): lambda s: {"group_id": 0},
    ("customer", "list_license_properties"): lambda s: {"namespace": "test"},
    ("customer", "list_group_properties"): lambda s: {"id": 0, "name": "string_property"},
    **{("configuration", name): sample for name, sample in configuration.SAMPLES.items()},
}

_CALLERS = {
    ("customer", "start_chat"): "emil",
    ("customer", "resume_chat"): "dora",
    ("customer", "accept_greeting"): "emil",
    ("customer", "cancel_greeting"): "emil",
    ("customer", "send_greeting_button_clicked"): "emil",
}


def actions() -> list[Action]:
    """Return every action of every API."""
    return list(registry.actions())


def name_of(action: Action) -> str:
    """Return how generated tests call an action."""
    return f"{action.api}-{action.name}"


def caller(scene: Scene, action: Action) -> User:
    """Return who may call the sample of an action."""
    if action.api == "configuration":
        named: User = getattr(scene, configuration.CALLERS.get(action.name, "ann"))
        return named.configuration
    role = _CALLERS.get((action.api, action.name))
    found: User = getattr(scene, role) if role else scene.user(action.api)
    return found


def payload(scene: Scene, action: Action, version: str = NEWEST) -> dict[str, Any]:
    """Return the sample of an action, as a client of ``version`` would say it."""
    found = SAMPLES[action.api, action.name](scene)
    if action.api == "configuration":
        return configuration.in_version(action.name, found, version)
    return found


def call(user: User, action: Action, payload: Any) -> Any:
    """Call an action through the first door it has, in its newest version; raise ``Refused``."""
    if action.upload:
        return {"url": user.upload("note.txt", b"text", "text/plain")}
    if action.name == "login":
        return user.login(**{**payload, "token": user.credentials})
    if action.http_method == "GET":
        return user.get(action.name, payload, version=action.until)
    if action.web is None:
        return user.rtm(action.name, payload, version=action.until)
    return user.web(action.name, payload, version=action.until)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the way to every value inside ``value``, itself included."""
    yield path
    if isinstance(value, dict):
        for name, one in value.items():
            yield from paths(one, (*path, name))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from paths(one, (*path, index))


def at(value: Any, path: Path) -> Any:
    """Return what stands at ``path``."""
    for step in path:
        value = value[step]
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """Return ``value`` with ``new`` at ``path``."""
    if not path:
        return new
    step, rest = path[0], path[1:]
    copy = value.copy()
    copy[step] = replaced(value[step], rest, new)
    return copy
