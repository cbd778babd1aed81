"""The platform speaks the protocol as it is documented, in every version (see README.md)."""

import json
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from chatplatform.api import pushes, registry
from chatplatform.api.action import Action
from chatplatform.api.call import RTM, WEB
from chatplatform.models import Organization
from tests import make, samples
from tests.samples import Scene, Stage
from tests.world import Heard, Refused, User, World

VERSIONS = ("3.4", "3.5", "3.6", "3.7")
APIS = ("agent", "customer")

_NEIGHBOURS = "only where there is such a thread"
_CHANGED = "only what has changed is told"
CONDITIONAL: dict[str, str] = {
    "agent chat_transferred requester_id": "only when an agent did it",
    "agent customer_updated address": _CHANGED,
    "agent customer_updated avatar": _CHANGED,
    "agent customer_updated cart": "there are no shopping carts",
    "agent customer_updated email": _CHANGED,
    "agent customer_updated omnichannel": _CHANGED,
    "agent customer_updated phone_number": _CHANGED,
    "agent customer_updated session_fields": _CHANGED,
    "agent get_chat thread.next_thread_id": _NEIGHBOURS,
    "agent get_chat thread.previous_thread_id": _NEIGHBOURS,
    "agent get_customer __priv_lc2_customer_id": "private to the official service",
    "agent get_customer agent_last_event_created_at": "only where an agent wrote to them",
    "agent get_customer last_visit.ended_at": "only once the visit has ended",
    "agent get_customer omnichannel": "only where it is known",
    "agent get_customer tickets": "there is no ticket system",
    "agent incoming_chat requester_id": "only when somebody did it",
    "agent incoming_chat transferred_from": "only after a transfer",
    "agent incoming_event event.author_id": "system messages have no author",
    "agent incoming_event event.properties": "only where there are any",
    "agent unfollow_chat chat_id": "the push names the chat; the answer is empty",
    "customer chat_transferred requester_id": "only when an agent did it",
    "customer incoming_chat chat.transferred_from": "only after a transfer",
    "customer incoming_event event.author_id": "system messages have no author",
    "customer incoming_event event.properties": "only where there are any",
    "customer get_chat thread.next_thread_id": _NEIGHBOURS,
    "customer get_chat thread.previous_thread_id": _NEIGHBOURS,
    "customer get_customer omnichannel": "only where it is known",
    "customer login __priv_dynamic_config.customer_groups.monitoring.language_config_url": (
        "private to the official widget"
    ),
    "customer login __priv_dynamic_config.customer_groups.monitoring.static_config_url": (
        "private to the official widget"
    ),
    "customer login greeting": "only while one is shown",
}
"""Documented fields that are not always there, and why."""


@cache
def catalogue(version: str) -> dict[str, Any]:
    path = Path(__file__).parent / f"v{version}.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def documented() -> Iterator[Any]:
    """Yield every documented action of every version."""
    for version in VERSIONS:
        for api in APIS:
            for name, terms in catalogue(version)[api]["actions"].items():
                yield pytest.param(version, api, name, terms, id=f"{version}-{api}-{name}")


DOCUMENTED = list(documented())


def action_of(api: str, name: str) -> Action:
    (found,) = (action for action in registry.actions(api) if action.name == name)
    return found


# --- doors, scopes, fields ----------------------------------------------------------------------

EXTRA_DOORS = {
    ("agent", "logout", WEB): "3.6",
}
"""Doors only the official SDKs know, and since when (protocol.md 9.1)."""


@pytest.mark.parametrize(("version", "api", "name", "terms"), DOCUMENTED)
def test_an_action_has_the_documented_doors(
    version: str, api: str, name: str, terms: dict[str, Any]
) -> None:
    action = action_of(api, name)
    web = terms["web"] or version >= EXTRA_DOORS.get((api, name, WEB), "9")

    assert (action.exists(WEB, version), action.exists(RTM, version)) == (web, terms["rtm"])
    assert action.http_method == terms["method"]


@pytest.mark.parametrize(("version", "api", "name", "terms"), DOCUMENTED)
def test_an_action_asks_for_the_documented_scopes(
    version: str, api: str, name: str, terms: dict[str, Any]
) -> None:
    action = action_of(api, name)
    if name == "login":
        assert action.scopes == frozenset()
    else:
        assert sorted(action.scopes) == terms["scopes"]
        assert action.every_scope is terms["every_scope"]


@pytest.mark.parametrize("version", VERSIONS)
def test_no_action_is_without_its_description(version: str) -> None:
    for api in APIS:
        known = catalogue(version)[api]["actions"]
        served = {
            action.name
            for action in registry.actions(api)
            if action.exists(WEB, version) or action.exists(RTM, version)
        }
        assert served - known.keys() == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_push_exists_in_its_documented_versions(version: str) -> None:
    for api in APIS:
        served = {p.action for p in pushes.push_types(api) if p.exists(version)}
        assert served == catalogue(version)[api]["pushes"].keys()


@pytest.mark.parametrize(("version", "api", "name", "terms"), DOCUMENTED)
def test_required_fields_are_required(
    stage: Stage, version: str, api: str, name: str, terms: dict[str, Any]
) -> None:
    required = [field["name"] for field in terms["request"] if field["required"]]
    top = [field for field in required if "." not in field]
    action = action_of(api, name)
    if not top or action.upload:
        assert name in {"start_chat", "get_customer", "upload_file", "resume_chat"} or not top
        return
    payload = samples.payload(stage.alpha, action)
    caller = samples.caller(stage.alpha, action)
    for field in top:
        less = {key: value for key, value in payload.items() if key != field}
        if name == "login":
            with pytest.raises(Refused) as refused:
                caller.rtm("login", less, version=version)
        else:
            door = caller.web if action.web else caller.rtm
            with pytest.raises(Refused) as refused:
                door(name, less, version=version)
        assert refused.value.type == "validation"


# --- what is answered and told ------------------------------------------------------------------

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "bool": (bool,),
    "array": (list,),
    "object": (dict,),
}


def holders(value: Any, path: list[str]) -> Iterator[dict[str, Any]]:
    """Yield every object ``path`` leads to."""
    if not path:
        if isinstance(value, dict):
            yield value
        return
    step, rest = path[0], path[1:]
    if step.endswith("[]"):
        name = step[:-2]
        inner = value if not name else value.get(name) if isinstance(value, dict) else None
        for one in inner if isinstance(inner, list) else ():
            yield from holders(one, rest)
    elif isinstance(value, dict):
        for name, one in value.items():
            if step in (name, "*"):
                yield from holders(one, rest)


def missing(name: str, payload: Any, fields: dict[str, Any]) -> set[str]:
    """Assert that the documented fields have their types; return those that are not there."""
    absent = set()
    for path, terms in fields.items():
        parent, _, field = path.rpartition(".")
        if field.endswith("[]") or field in ("*", ""):
            continue
        for holder in holders(payload, parent.split(".") if parent else []):
            if field in holder:
                assert_type(f"{name} {path}", holder[field], terms["type"])
            elif not terms.get("optional"):
                absent.add(f"{name} {path}")
    return absent


def assert_type(where: str, value: Any, documented: str) -> None:
    """Assert that a value is of the documented type."""
    if documented in TYPES:
        assert isinstance(value, TYPES[documented]), f"{where} is {value!r}"
        assert documented == "bool" or not isinstance(value, bool), f"{where} is {value!r}"


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_answers_have_the_documented_fields(stage: Stage, version: str) -> None:
    scene = stage.alpha
    scene.carl.login(
        customer={"email": "c@example.com", "avatar": "https://x.example/a.png"},
        customer_page={"url": "https://x.example", "title": "x"},
        referrer="https://y.example",
    )
    absent: set[str] = set()
    for api in APIS:
        for name, terms in catalogue(version)[api]["actions"].items():
            action = action_of(api, name)
            caller = samples.caller(scene, action)
            payload = samples.payload(scene, action)
            if name == "login":
                answer = caller.login(version=version)
            elif action.upload:
                answer = {"url": caller.upload("a.txt", b"a", "text/plain")}
            elif action.http_method == "GET":
                caller.version, newest = version, caller.version
                answer = caller.get(name, payload)
                caller.version = newest
            else:
                door = caller.web if action.exists(WEB, version) else caller.rtm
                answer = without_side_effects(
                    stage.world, partial(door, name, payload, version=version)
                )
            absent |= missing(f"{api} {name}", answer, terms["response"])
    assert absent <= CONDITIONAL.keys()


def without_side_effects(world: World, do: Any) -> Any:
    """Do something, and undo it."""
    from django.db import transaction

    listeners = list(world.listeners)
    with transaction.atomic():
        answer = do()
        transaction.set_rollback(True)
    world.restore(listeners)
    return answer


def test_events_have_the_documented_fields(scene: Scene, version: str) -> None:
    url = scene.ann.upload("a.txt", b"a", "text/plain")
    filled = {"id": "1", "type": "name", "label": "Name", "answer": "C"}
    button = {"text": "x", "type": "message", "value": "y", "postback_id": "p"}
    sent: list[dict[str, Any]] = [
        make.message("Hi", custom_id="c"),
        {"type": "file", "url": url},
        {"type": "custom", "content": {}},
        {"type": "system_message", "system_message_type": "own", "text": "x"},
        {"type": "rich_message", "template_id": "cards", "elements": [{"buttons": [button]}]},
        {"type": "filled_form", "form_id": "f", "fields": [filled]},
    ]
    for event in sent:
        scene.ann.call("send_event", chat_id=scene.running, event=event)

    for user in (scene.ann, scene.carl):
        documented = catalogue(version)[user.api]["events"]
        chat = user.web("get_chat", {"chat_id": scene.running}, version=version)
        kinds = set()
        for event in chat["thread"]["events"]:
            kinds.add(event["type"])
            fields = {
                name: terms
                for name, terms in documented[event["type"]].items()
                if name not in ("visibility", "custom_id") or user.api == "agent"
            }
            if event["type"] == "system_message":
                fields = {name: fields[name] for name in fields if name != "author_id"}
            assert missing(f"{user.api} {event['type']}", event, fields) == set()
            side = "visibility" if user.api == "agent" else "recipients"
            assert event[side] == "all"
        assert kinds >= {event["type"] for event in sent}


def test_pushes_have_the_documented_fields(world: World, acme: Organization, version: str) -> None:
    ann = world.agent(acme, "ann", limit=1, version=version, online=True)
    bob = world.agent(
        acme, "bob", role="administrator", version=version, online=True, accepting=False
    )
    carl = world.customer(acme, "carl", version=version)
    dora = world.customer(acme, "dora", version=version)
    emil = world.customer(acme, "emil", version=version)

    everything_happens(world, ann, bob, carl, [dora, emil])

    for api, users in (("agent", (ann, bob)), ("customer", (carl, dora, emil))):
        documented = catalogue(version)[api]["pushes"]
        heard: list[Heard] = [push for user in users for push in user.all_heard]
        absent: set[str] = set()
        for push in heard:
            assert push.version == version
            absent |= missing(f"{api} {push.action}", push.payload, documented[push.action])
        assert absent <= CONDITIONAL.keys()
        told = {push.action for push in heard}
        assert documented.keys() - told <= {"event_updated"}


def everything_happens(world: World, ann: User, bob: User, carl: User, waiting: list[User]) -> None:
    """Let every push happen at least once; Ann takes one chat, and those ``waiting`` queue up."""
    text = {"thread": {"events": [make.message()]}}
    chat_id = carl.web("start_chat", {"chat": text})["chat_id"]
    for customer in waiting:
        customer.web("start_chat", {"chat": text})
    bob.web("follow_chat", {"id": chat_id})
    ann.rtm("send_typing_indicator", {"chat_id": chat_id, "is_typing": True})
    bob.web("unfollow_chat", {"id": chat_id})
    carl.rtm("send_sneak_peek", {"chat_id": chat_id, "sneak_peek_text": "x"})
    carl.rtm("update_customer_page", {"url": "https://x.example", "title": "x"})
    carl.rtm("update_customer", {"name": "New"})
    seen = {"chat_id": chat_id, "seen_up_to": "2035-01-01T00:00:00.000000Z"}
    ann.rtm("mark_events_as_seen", seen)
    joined = {"chat_id": chat_id, "user_id": bob.id, "user_type": "agent"}
    ann.rtm("add_user_to_chat", {**joined, "visibility": "all"})
    ann.rtm("remove_user_from_chat", joined)
    ann.rtm("deactivate_chat", {"id": chat_id})
    ann.rtm("set_routing_status", {"status": "not_accepting_chats"})
    world.lose(ann)
