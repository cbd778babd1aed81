"""Whatever is answered or told has the documented fields, in every version (see README.md).

The tables below name every exception, by patterns, with its reason.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from chatplatform.api import registry
from chatplatform.api.action import Action
from chatplatform.api.call import WEB
from tests import make, samples
from tests.protocol.catalogue import APIS, TALKING, VERSIONS, Comparison, catalogue
from tests.protocol.happenings import EVERYTHING, HAPPENINGS
from tests.samples import Scene, Stage
from tests.world import Heard, User

_NEIGHBOURS = "only where there is such a thread"
_CHANGED = "only what has changed is told"
_KNOWN = "only where it is known"
_RULE = "only the conditions a rule has, and only what changed of it"
CONDITIONAL: dict[str, str] = {
    "agent agent_updated *": _CHANGED,
    "agent auto_access_added conditions.*": _RULE,
    "agent auto_access_updated access": _RULE,
    "agent auto_accesses_updated *": _RULE,
    "agent bot_updated *": _CHANGED,
    "agent chat_transferred requester_id": "only when an agent did it",
    "agent customer_updated *": _CHANGED,
    "agent group_updated *": _CHANGED,
    "agent get_chat thread.next_thread_id": _NEIGHBOURS,
    "agent get_chat thread.previous_thread_id": _NEIGHBOURS,
    "agent get_customer __priv_lc2_customer_id": "private to the official service",
    "agent get_customer last_visit.ended_at": "only once the visit has ended",
    "agent get_customer omnichannel": _KNOWN,
    "agent get_customer tickets": "only where there are any",
    "agent incoming_chat requester_id": "only when somebody did it",
    "agent incoming_chat transferred_from": "only after a transfer",
    "agent list_archives chats[].thread.*_thread_id": _NEIGHBOURS,
    "agent list_archives chats[].thread.summary": "only where there is one",
    "agent list_archives previous_page_id": "only where there is such a page",
    "agent unfollow_chat chat_id": "the push names the chat; the answer is empty",
    "configuration check_product_limits_for_plan [].id": "only where a limit is of one of many",
    "configuration list_agents [].last_logout": "only of who has logged out",
    "configuration get_greeting *": "only what was configured",
    "configuration list_customer_bans [].*": "only what was banned, and where",
    "configuration list_properties *.access.*": "only the places a property has",
    "configuration list_webhook_names [].additional_data": "only where there is any",
    "configuration list_webhooks [].filters.*": "only the filters it has",
    "customer chat_transferred requester_id": "only when an agent did it",
    "customer get_chat thread.next_thread_id": _NEIGHBOURS,
    "customer get_chat thread.previous_thread_id": _NEIGHBOURS,
    "customer get_customer omnichannel": _KNOWN,
    "customer get_form form": "only where one is asked",
    "customer get_url_info *": "only what the page says of itself",
    "customer incoming_chat chat.transferred_from": "only after a transfer",
    "customer incoming_greeting addon": "only where one is configured",
    "customer incoming_greeting subtype": "only where one is configured",
    "customer login customer.avatar": _KNOWN,
    "customer login greeting": "only while one is shown",
}
"""Documented fields that are not always there, and why."""

_STRUCTURE = "documented with the structure, left out of this sample"
_WHOLE = "created things are told whole, here with what the configuration API documents"
_BOT = "both names of its picture, its type, and the fields the sample asks for"
_ASKED_FOR = "fields that were asked for, more than in the sample"
EXTRA: dict[str, str] = {
    "agent agent_created *": _WHOLE,
    "agent agent_updated *": _CHANGED,
    "agent auto_access_added conditions.*": _RULE,
    "agent auto_access_updated *": _RULE,
    "agent auto_accesses_updated [].conditions.*": _RULE,
    "agent bot_created *": _WHOLE,
    "agent bot_updated *": _CHANGED,
    "agent customer_statistics_updated statistics.greetings_shown_count": _STRUCTURE,
    "agent get_chat thread.tags": _STRUCTURE,
    "agent group_updated *": _CHANGED,
    "agent get_customer email_verified": _STRUCTURE,
    "agent get_customer last_visit.id": _STRUCTURE,
    "agent incoming_chat chat.access": _STRUCTURE,
    "agent list_archives chats[].thread.tags": _STRUCTURE,
    "agent list_chats chats_*[].last_thread_*": _STRUCTURE,
    "agent list_threads threads[].tags": _STRUCTURE,
    "agent login chats_*[].*": _STRUCTURE,
    "agent system_message event author_id": "a client that sent it is named",
    "agent system_message event properties": _STRUCTURE,
    "agent system_message event text_vars": _STRUCTURE,
    "configuration get_agent *": _ASKED_FOR,
    "configuration get_bot *": _BOT,
    "configuration list_agents *": _ASKED_FOR,
    "configuration list_bot_templates [].avatar*": _BOT,
    "configuration list_bots *": _BOT,
    "configuration list_properties *.access.*": "the places a property has",
    "customer chat_transferred reason": "as agents are told",
    "customer customer_side_storage_updated customer_side_storage.*": "names are the client's own",
    "customer get_customer email_verified": _STRUCTURE,
    "customer get_customer statistics": "what the login answers, which clients rely on",
    "customer get_localization *": "phrases by name",
    "customer incoming_greeting agent.type": _STRUCTURE,
    "customer login chats[].has_active_thread": "official clients read it (protocol.md 9)",
    "customer login customer.email_verified": _STRUCTURE,
    "customer login customer.type": _STRUCTURE,
    "customer system_message event author_id": "a client that sent it is named",
    "customer system_message event properties": _STRUCTURE,
    "customer system_message event text_vars": _STRUCTURE,
}
"""Fields beyond those documented in that place, and why they are there."""

NEVER: dict[str, str] = {
    "agent agent_disconnected": "told by the transport: tests/transports",
    "agent subscribed_customers_totals_updated": "told by the server's clock: tests/transports",
    "customer customer_disconnected": "told by the transport: tests/transports",
    "customer incoming_multicast": "multicasts go to agents only (protocol.md 2.7)",
}
"""Documented pushes that nothing in these tests causes, and why."""


@contextmanager
def undone(stage: Stage) -> Iterator[None]:
    """Undo whatever happens inside the block, as if nobody had heard of it."""
    listeners = list(stage.world.listeners)
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    stage.world.restore(listeners)


def answer_of(scene: Scene, api: str, name: str, version: str) -> Any:
    """Return what an action's sample is answered in a version."""
    action: Action = registry._actions[api, name]
    caller, payload = samples.caller(scene, action), samples.payload(scene, action, version)
    if name == "login":
        return caller.login(version=version)
    if action.upload:
        return {"url": caller.upload("a.txt", b"a", "text/plain")}
    if action.http_method == "GET":
        caller.version, newest = version, caller.version
        answer = caller.get(name, payload)
        caller.version = newest
        return answer
    door = caller.web if action.exists(WEB, version) else caller.rtm
    return door(name, payload, version=version)


def without_events(fields: dict[str, Any]) -> dict[str, Any]:
    """Return documented fields without those of the event, which depend on its type."""
    return {path: terms for path, terms in fields.items() if not path.startswith("event.")}


def take_event(compared: Comparison, user: User, event: dict[str, Any], version: str) -> None:
    """Compare an event with the documented fields of its type."""
    fields = dict(catalogue(version)[user.api]["events"][event["type"]])
    if user.api == "customer":
        fields.pop("visibility", None)
        fields["recipients"] = {"type": "string"}
    compared.take(f"{user.api} {event['type']} event", event, fields)


def unexplained(found: set[str], reasons: dict[str, str]) -> set[str]:
    """Return what no pattern among ``reasons`` names."""
    return {
        one
        for one in found
        if not any(fnmatchcase(one, pattern.replace("[]", "[[]]")) for pattern in reasons)
    }


def assert_as_documented(compared: Comparison) -> None:
    assert unexplained(compared.absent, CONDITIONAL) == set()
    assert unexplained(compared.extra, EXTRA) == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_have_the_documented_fields(stage: Stage, version: str) -> None:
    compared = Comparison()
    for api in APIS:
        for name, terms in catalogue(version)[api]["actions"].items():
            with undone(stage):
                answer = answer_of(stage.alpha, api, name, version)
            compared.take(f"{api} {name}", answer, terms["response"])

    assert_as_documented(compared)


@pytest.mark.parametrize("version", VERSIONS)
def test_events_have_the_documented_fields(scene: Scene, version: str) -> None:
    url = scene.ann.upload("a.txt", b"a", "text/plain")
    filled = {"id": "1", "type": "name", "label": "Name", "answer": "C"}
    sent: list[dict[str, Any]] = [
        make.message("Hi", custom_id="c"),
        {"type": "file", "url": url},
        {"type": "custom", "content": {}},
        {"type": "system_message", "system_message_type": "own", "text": "x"},
        make.rich_message("Well?", "yes"),
        {"type": "filled_form", "form_id": "f", "fields": [filled]},
    ]
    for event in sent:
        scene.ann.call("send_event", chat_id=scene.running, event=event)

    compared = Comparison()
    for user in (scene.ann, scene.carl):
        chat = user.web("get_chat", {"chat_id": scene.running}, version=version)
        assert {event["type"] for event in chat["thread"]["events"]} >= {
            event["type"] for event in sent
        }
        for event in chat["thread"]["events"]:
            take_event(compared, user, event, version)
    assert_as_documented(compared)


@pytest.fixture
def heard(stage: Stage) -> Iterator[list[tuple[User, Heard]]]:
    """Let everything happen; return what everybody heard of it, in every version."""
    scene = stage.alpha
    with undone(stage), stage.world.capture_pushes() as pushes:
        for user in (scene.ann, scene.bob, scene.carl, scene.dora, scene.emil):
            user.login(pushes=EVERYTHING)
        scene.eve.rtm("logout")
        scene.eve.login(customer_monitoring_level="online", pushes=EVERYTHING)
        for action in samples.actions():
            with undone(stage):
                caller, payload = samples.caller(scene, action), samples.payload(scene, action)
                samples.call(caller, action, payload)
        for happening in HAPPENINGS:
            with undone(stage):
                stage.world.act(partial(happening, scene))
        yield pushes.heard


def test_pushes_have_the_documented_fields(heard: list[tuple[User, Heard]]) -> None:
    never: set[str] = set()
    compared = Comparison()
    for version in VERSIONS:
        told = set()
        for user, push in heard:
            if push.version != version:
                continue
            told.add(f"{user.api} {push.action}")
            fields = catalogue(version)[user.api]["pushes"][push.action]
            compared.take(f"{user.api} {push.action}", push.payload, without_events(fields))
            if push.action in ("incoming_event", "event_updated"):
                take_event(compared, user, push.payload["event"], version)
        known = {f"{api} {push}" for api in TALKING for push in catalogue(version)[api]["pushes"]}
        never |= known - told

    assert_as_documented(compared)
    assert never == NEVER.keys()
