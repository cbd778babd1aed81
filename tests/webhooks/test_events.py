"""Webhooks about events and threads: every body, in every version."""

import io
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import override_settings
from PIL import Image

from chatplatform import clock
from chatplatform.models import Chat, Event, Thread, WebhookDelivery
from chatplatform.services import summaries, thumbnails
from tests import make
from tests.webhooks.hooks import Hooks, client_of, in_each_version
from tests.world import User, World

Ids = dict[str, str]


def moment_of(event_id: str) -> str:
    thread_id, _, position = event_id.rpartition("_")
    return clock.to_wire(Event.objects.get(thread=thread_id, position=position).created_at)


def about(ids: Ids, **more: Any) -> dict[str, Any]:
    return {"chat_id": ids["chat_id"], "thread_id": ids["thread_id"], **more}


@in_each_version("incoming_event")
def test_incoming_event(
    hooks: Hooks, carl: User, ids: Ids, talking: dict[str, Any], version: str
) -> None:
    webhook = hooks.listen("incoming_event", version)

    sent = carl.call("send_event", chat_id=ids["chat_id"], event=make.message("Hi", custom_id="c"))

    event = {
        "id": sent["event_id"],
        "type": "message",
        "text": "Hi",
        "custom_id": "c",
        "author_id": carl.id,
        "created_at": moment_of(sent["event_id"]),
        "visibility": "all",
        "properties": {"source": {"client_id": client_of(carl)}},
    }
    assert hooks.body() == hooks.expected(webhook, about(ids, event=event), additional_data=talking)


def test_a_chat_that_is_ahead_of_time_is_told_of_at_once(
    hooks: Hooks, carl: User, ids: Ids
) -> None:
    """A server whose clock was wrong wrote to it before."""
    hooks.listen("incoming_event")
    Chat.objects.filter(id=ids["chat_id"]).update(changed_at=clock.now() + timedelta(hours=1))

    carl.call("send_event", chat_id=ids["chat_id"], event=make.message("Hi"))

    assert WebhookDelivery.objects.get().due_at <= clock.now()


@in_each_version("incoming_event")
def test_whispers_are_told(hooks: Hooks, ann: User, ids: Ids, version: str) -> None:
    webhook = hooks.listen("incoming_event", version, additional_data=())
    tip = make.message("Mind the discount", visibility="agents")

    sent = ann.call("send_event", chat_id=ids["chat_id"], event=tip)

    event = {
        "id": sent["event_id"],
        "type": "message",
        "text": "Mind the discount",
        "author_id": ann.id,
        "created_at": moment_of(sent["event_id"]),
        "visibility": "agents",
        "properties": {"source": {"client_id": client_of(ann)}},
    }
    assert hooks.body() == hooks.expected(webhook, about(ids, event=event))


@in_each_version("event_updated")
def test_event_updated(
    world: World, hooks: Hooks, ann: User, carl: User, ids: Ids, talking: Any, version: str
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (1200, 800)).save(picture, "PNG")
    url = carl.upload("photo.png", picture.getvalue(), "image/png")
    sent = carl.call("send_event", chat_id=ids["chat_id"], event={"type": "file", "url": url})
    webhook = hooks.listen("event_updated", version)

    world.act(thumbnails.make_due)

    stored = Event.objects.get(type="file").content
    event = {
        "id": sent["event_id"],
        "type": "file",
        "name": "photo.png",
        "url": url,
        "content_type": "image/png",
        "size": len(picture.getvalue()),
        "width": 1200,
        "height": 800,
        "thumbnail_url": stored["thumbnail_url"],
        "thumbnail2x_url": stored["thumbnail2x_url"],
        "author_id": carl.id,
        "created_at": moment_of(sent["event_id"]),
        "visibility": "all",
        "properties": {"source": {"client_id": client_of(carl)}},
    }
    assert hooks.body() == hooks.expected(webhook, about(ids, event=event), additional_data=talking)


@in_each_version("event_deleted")
def test_event_deleted(
    hooks: Hooks, carl: User, ids: Ids, talking: dict[str, Any], version: str
) -> None:
    webhook = hooks.listen("event_deleted", version)

    carl.call("delete_event", **ids)

    assert hooks.body() == hooks.expected(webhook, ids, additional_data=talking)


@in_each_version("incoming_rich_message_postback")
def test_incoming_rich_message_postback(
    hooks: Hooks, ann: User, carl: User, ids: Ids, talking: dict[str, Any], version: str
) -> None:
    asked = make.rich_message("Well?", "yes")
    event_id = ann.call("send_event", chat_id=ids["chat_id"], event=asked)["event_id"]
    webhook = hooks.listen("incoming_rich_message_postback", version)
    button = {"id": "yes", "toggled": True}
    meaning = {
        "button_type": "message",
        "button_value": "yes",
        "ecommerce": {"product_id": "1", "option_id": "red", "quantity": 2},
    }

    carl.call(
        "send_rich_message_postback",
        **about(ids, event_id=event_id),
        postback={**button, **meaning},
    )

    postback = {**button, **meaning} if version >= "3.6" else button
    payload = about(ids, user_id=carl.id, event_id=event_id, postback=postback)
    assert hooks.body() == hooks.expected(webhook, payload, additional_data=talking)


@in_each_version("events_marked_as_seen")
def test_events_marked_as_seen(
    hooks: Hooks, ann: User, ids: Ids, talking: dict[str, Any], version: str
) -> None:
    webhook = hooks.listen("events_marked_as_seen", version)
    seen_up_to = moment_of(ids["event_id"])

    ann.call("mark_events_as_seen", chat_id=ids["chat_id"], seen_up_to=seen_up_to)

    payload = {"user_id": ann.id, "chat_id": ids["chat_id"], "seen_up_to": seen_up_to}
    assert hooks.body() == hooks.expected(webhook, payload, additional_data=talking)


@pytest.mark.parametrize("action", ["thread_tagged", "thread_untagged"])
@in_each_version("thread_tagged")
def test_tags_of_threads(
    hooks: Hooks, ann: User, ids: Ids, talking: dict[str, Any], action: str, version: str
) -> None:
    make.tag(hooks.organization, "vip")
    chosen = about(ids, tag="vip")
    if action == "thread_untagged":
        ann.call("tag_thread", **chosen)
    webhook = hooks.listen(action, version)

    ann.call(action.removeprefix("thread_").removesuffix("ged") + "_thread", **chosen)

    assert hooks.body() == hooks.expected(webhook, chosen, additional_data=talking)


def summarize(transcript: str) -> str:
    """Sum up, in the place of a service."""
    return "They talked."


def sum_up(world: World, ann: User, ids: Ids) -> None:
    with override_settings(THREAD_SUMMARIZER=f"{__name__}.summarize"):
        ann.call("request_thread_summary", **about(ids))
        world.act(partial(summaries.make_due, run=lambda make_one: make_one()))


@in_each_version("thread_summary_set")
def test_thread_summary_set(
    world: World, hooks: Hooks, ann: User, carl: User, ids: Ids, talking: Any, version: str
) -> None:
    carl.call("deactivate_chat", id=ids["chat_id"])
    webhook = hooks.listen("thread_summary_set", version)

    sum_up(world, ann, ids)

    updated_at = (Thread.objects.get(id=ids["thread_id"]).summary or {})["updated_at"]
    summary = {"status": "ok", "text": "They talked.", "updated_at": updated_at}
    payload = about(ids, summary=summary)
    assert hooks.body() == hooks.expected(webhook, payload, additional_data=talking)


@in_each_version("incoming_event")
def test_what_a_version_has_no_word_for_is_not_told(
    world: World, hooks: Hooks, ann: User, ids: Ids, version: str
) -> None:
    hooks.listen("incoming_event", version)

    sum_up(world, ann, ids)

    told = [payload["event"]["type"] for payload in hooks.payloads()]
    assert told == (["system"] if version >= "3.6" else [])
