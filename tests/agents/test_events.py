"""Agent Chat API: events, files, typing and seen marks."""

import io
from datetime import timedelta, timezone
from typing import Any

import pytest
from PIL import Image

from chatplatform import clock
from chatplatform.models import Event, UploadedFile
from tests import make
from tests.world import User, World


@pytest.fixture
def chat_id(ann: User, carl: User) -> str:
    """A running chat of Ann and Carl."""
    answer = carl.call("start_chat", chat={"thread": {"events": [make.message("Hello")]}})
    chat_id: str = answer["chat_id"]
    return chat_id


def newest(user: User, chat_id: str) -> dict[str, Any]:
    event: dict[str, Any] = user.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    return event


def send(user: User, chat_id: str, **event: Any) -> dict[str, Any]:
    """Send an event and return it as stored."""
    answer = user.call("send_event", chat_id=chat_id, event=event)
    stored = newest(user, chat_id)
    assert answer == {"event_id": stored["id"]}
    return stored


def png(width: int = 3, height: int = 2) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height)).save(written, "PNG")
    return written.getvalue()


# --- send_event ---------------------------------------------------------------------------------


def test_an_agent_sends_a_message(
    world: World, ann: User, bob: User, carl: User, chat_id: str
) -> None:
    bob.call("follow_chat", id=chat_id)
    ann.call("send_event", chat_id=chat_id, event=make.message("First"))

    with world.capture_pushes() as pushes:
        answer = ann.call("send_event", chat_id=chat_id, event=make.message("Hi", custom_id="c1"))

    stored = newest(ann, chat_id)
    assert stored == {
        "id": answer["event_id"],
        "type": "message",
        "text": "Hi",
        "custom_id": "c1",
        "author_id": ann.id,
        "visibility": "all",
        "created_at": stored["created_at"],
        "properties": {"source": stored["properties"]["source"]},
    }
    thread_id = answer["event_id"].rpartition("_")[0]
    assert answer["event_id"] == f"{thread_id}_3"
    told = {"chat_id": chat_id, "thread_id": thread_id, "event": stored}
    assert pushes.to(ann) == [("incoming_event", told)]
    assert pushes.to(bob) == [("incoming_event", told)]
    assert pushes.names == {name: ["incoming_event"] for name in ("ann", "bob", "carl")}


def test_sending_marks_events_as_seen(ann: User, chat_id: str) -> None:
    stored = send(ann, chat_id, **make.message())

    (ann_there,) = (
        user for user in ann.call("get_chat", chat_id=chat_id)["users"] if user["id"] == ann.id
    )
    assert ann_there["events_seen_up_to"] == stored["created_at"]


def test_only_a_member_sends(ann: User, bob: User, chat_id: str) -> None:
    assert bob.refused("send_event", chat_id=chat_id, event=make.message()) == "not_allowed"

    ann.call("set_routing_status", status="not_accepting_chats")
    ann.call("remove_user_from_chat", chat_id=chat_id, user_id=ann.id, user_type="agent")
    assert ann.refused("send_event", chat_id=chat_id, event=make.message()) == "not_allowed"


def test_nobody_sends_to_an_inactive_chat(ann: User, chat_id: str) -> None:
    ann.call("deactivate_chat", id=chat_id)

    assert ann.refused("send_event", chat_id=chat_id, event=make.message()) == "chat_inactive"


def test_attaching_to_the_last_thread_is_not_for_agents(ann: User, chat_id: str) -> None:
    ann.call("deactivate_chat", id=chat_id)
    sent = {"chat_id": chat_id, "event": make.message(), "attach_to_last_thread": True}

    assert ann.refused("send_event", **sent) == "chat_inactive"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message", "text": ""},
        {"type": "message", "text": "x" * 16 * 1024},
        {"type": "message", "text": "é" * 8 * 1024},
        {
            "type": "message",
            "text": "Yes",
            "postback": {"id": "yes", "thread_id": "T", "event_id": "T_1"},
        },
        {
            "type": "message",
            "text": "Yes",
            "postback": {
                "id": "yes",
                "thread_id": "T",
                "event_id": "T_1",
                "type": "message",
                "value": "y",
            },
        },
        {"type": "custom", "content": {"any": ["thing", {"at": 1.5}, None]}},
        {"type": "custom"},
        {"type": "system_message", "system_message_type": "my.own", "text": "Done"},
        {
            "type": "system_message",
            "system_message_type": "my.own",
            "text": "%a% did it",
            "text_vars": {"a": "Ann"},
        },
        {"type": "rich_message", "template_id": "sticker", "elements": []},
        {
            "type": "rich_message",
            "template_id": "quick_replies",
            "elements": [
                {
                    "title": "Well?",
                    "buttons": [
                        {"text": "Yes", "type": "message", "value": "y", "postback_id": "yes"},
                        {"text": "No", "postback_id": "no", "role": "danger"},
                        {
                            "text": "Look",
                            "type": "webview",
                            "value": "https://shop.example",
                            "webview_height": "tall",
                            "postback_id": "look",
                        },
                        {
                            "text": "Go",
                            "type": "url",
                            "value": "https://shop.example",
                            "target": "new",
                            "postback_id": "go",
                        },
                    ],
                }
            ],
        },
    ],
    ids=lambda event: str(event)[:60],
)
def test_every_kind_of_event_is_stored_as_it_was_sent(
    ann: User, chat_id: str, event: dict[str, Any]
) -> None:
    stored = send(ann, chat_id, **event)

    for element in event.get("elements", []):
        for button in element["buttons"]:
            button["user_ids"] = []
    added = {"id", "created_at", "visibility", "author_id", "properties"}
    expected = {"text": "", **event} if event["type"] == "system_message" else event
    assert {name: stored[name] for name in stored.keys() - added} == expected


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message"},
        {"type": "message", "text": None},
        {"type": "message", "text": 5},
        {"type": "message", "text": "x" * (16 * 1024 + 1)},
        {"type": "message", "text": "é" * (8 * 1024 + 1)},
        {"type": "message", "text": "x", "visibility": "customers"},
        {"type": "message", "text": "x", "custom_id": 5},
        {"type": "message", "text": "x", "custom_id": "c" * 256},
        {"type": "message", "text": "x", "properties": []},
        {"type": "message", "text": "x", "properties": {"mine": {"name": 1}}},
        {"type": "message", "text": "x", "properties": {"status": {"delivered": "yes"}}},
        {"type": "message", "text": "x", "postback": {"id": "yes"}},
        {
            "type": "message",
            "text": "x",
            "postback": {"id": "y", "thread_id": "T", "event_id": "E", "type": "url"},
        },
        {
            "type": "message",
            "text": "x",
            "postback": {"id": "y", "thread_id": "T", "event_id": "E", "value": "y"},
        },
        {"type": "custom", "content": "text"},
        {"type": "system_message", "text": "x"},
        {"type": "system_message", "system_message_type": "t", "text": "x" * (16 * 1024 + 1)},
        {"type": "rich_message", "template_id": "carousel"},
        {"type": "rich_message", "template_id": "cards", "elements": [{"title": "x"}] * 11},
        {
            "type": "rich_message",
            "template_id": "cards",
            "elements": [{"buttons": [{"text": "x", "postback_id": "p"}] * 14}],
        },
        {
            "type": "rich_message",
            "template_id": "cards",
            "elements": [{"buttons": [{"text": "x"}]}],
        },
        {
            "type": "rich_message",
            "template_id": "cards",
            "elements": [
                {"buttons": [{"text": "x", "postback_id": "p", "type": "webview", "value": "y"}]}
            ],
        },
        {"type": "file", "url": "https://elsewhere.example/cat.png"},
        {"type": "file", "url": "not a url"},
        {"type": "file"},
        {"type": "system", "source": "ai_agents"},
        {"type": "annotation"},
        {},
        [],
        "message",
    ],
    ids=lambda event: str(event)[:60],
)
def test_what_breaks_a_rule_is_refused(ann: User, chat_id: str, event: Any) -> None:
    assert ann.refused("send_event", chat_id=chat_id, event=event) == "validation"


def test_ten_elements_with_thirteen_buttons_are_fine(ann: User, chat_id: str) -> None:
    button = {"text": "x", "postback_id": "p"}
    elements = [{"title": "x", "buttons": [button] * 13}] * 10

    stored = send(ann, chat_id, type="rich_message", template_id="cards", elements=elements)

    assert [len(element["buttons"]) for element in stored["elements"]] == [13] * 10


def test_what_means_nothing_for_a_button_is_not_kept(ann: User, chat_id: str) -> None:
    both = {"postback_id": "p", "text": "x", "webview_height": "tall", "target": "current"}
    buttons = [
        {**both, "type": kind, "value": "https://x.example"} for kind in ("phone", "url", "webview")
    ]

    stored = send(
        ann, chat_id, type="rich_message", template_id="cards", elements=[{"buttons": buttons}]
    )

    kept = [
        set(button) & {"webview_height", "target"} for button in stored["elements"][0]["buttons"]
    ]
    assert kept == [set(), {"target"}, {"webview_height"}]


def test_products_are_kept_where_they_are_shown(ann: User, chat_id: str) -> None:
    product = {
        "view_type": "swatch",
        "product_id": "12",
        "label": "Shoe",
        "options": [
            {"option_id": "red", "label": "Red", "price": "9.99", "available": True},
            {"option_id": "blue", "label": "Blue", "image_url": "https://x.example/b.png"},
        ],
        "addons": [{"addon_type": "price_range", "range_from": "1", "range_to": "9"}],
    }
    event = {"type": "rich_message", "elements": [{"title": "Shoe", "ecommerce": product}]}

    shop = send(ann, chat_id, **event, template_id="ecommerce")
    cards = send(ann, chat_id, **event, template_id="cards")

    assert shop["elements"] == [{"title": "Shoe", "ecommerce": product}]
    assert cards["elements"] == [{"title": "Shoe"}]


@pytest.mark.parametrize(
    "product",
    [
        {"product_id": "12"},
        {"view_type": "swatch"},
        {"view_type": "swatch", "product_id": "12", "options": [{"option_id": "red"}]},
        {"view_type": "swatch", "product_id": "12", "addons": [{}]},
        {"view_type": "grid", "product_id": "12"},
    ],
    ids=str,
)
def test_products_that_break_a_rule_are_refused(
    ann: User, chat_id: str, product: dict[str, Any]
) -> None:
    event = {
        "type": "rich_message",
        "template_id": "ecommerce",
        "elements": [{"ecommerce": product}],
    }

    assert ann.refused("send_event", chat_id=chat_id, event=event) == "validation"


def test_a_file_must_be_where_upload_file_said(ann: User, chat_id: str) -> None:
    url = ann.upload("cat.png", png(), "image/png")
    elsewhere = url.replace("http://testserver", "https://evil.example")

    event = {"type": "file", "url": elsewhere}

    assert ann.refused("send_event", chat_id=chat_id, event=event) == "validation"


def test_a_file_goes_by_its_own_name(ann: User, chat_id: str) -> None:
    url = ann.upload("cat.png", png(), "image/png")

    stored = send(ann, chat_id, type="file", url=url.replace("cat.png", "free-money.exe"))

    assert (stored["url"], stored["name"]) == (url, "cat.png")


@pytest.mark.parametrize("name", ["文" * 250 + ".txt", "x" * 250 + ".txt", "🐈" * 200 + ".txt"])
def test_a_file_with_a_very_long_name_can_be_sent(
    world: World, ann: User, chat_id: str, name: str
) -> None:
    url = ann.upload(name, b"Hello")

    ann.call("send_event", chat_id=chat_id, event={"type": "file", "url": url})

    event = ann.call("get_chat", chat_id=chat_id)["thread"]["events"][-1]
    assert (event["name"], event["url"]) == (name, url)
    assert world.client.get(url).getvalue() == b"Hello"


def test_a_file_of_another_organisation_is_refused(world: World, ann: User, chat_id: str) -> None:
    stranger = world.agent(make.organization("Other"), "stranger")
    event = {"type": "file", "url": stranger.upload("cat.png", png(), "image/png")}

    assert ann.refused("send_event", chat_id=chat_id, event=event) == "validation"


def test_nobody_has_pressed_a_new_button_whatever_its_author_says(ann: User, chat_id: str) -> None:
    button = {"text": "x", "postback_id": "p", "user_ids": [ann.id]}

    stored = send(
        ann, chat_id, type="rich_message", template_id="cards", elements=[{"buttons": [button]}]
    )

    assert stored["elements"][0]["buttons"][0]["user_ids"] == []


def test_authors_speak_for_themselves_only(ann: User, bob: User, chat_id: str) -> None:
    stored = send(ann, chat_id, type="message", text="x", author_id=bob.id)

    assert stored["author_id"] == ann.id


def test_unknown_fields_are_ignored(ann: User, chat_id: str) -> None:
    stored = send(ann, chat_id, type="message", text="x", thumbnail_url="https://x.example")

    assert "thumbnail_url" not in stored


def test_properties_of_events(ann: User, chat_id: str) -> None:
    given = {"translation": {"source_lang_code": "de"}, "status": {"delivered": True}}

    stored = send(ann, chat_id, type="message", text="x", properties=given)

    assert stored["properties"] == {**given, "source": stored["properties"]["source"]}


def test_a_property_that_is_not_theirs_to_set(ann: User, chat_id: str) -> None:
    rating = make.message(properties={"rating": {"score": 1}})
    source = make.message(properties={"source": {"client_id": "somebody"}})

    assert ann.refused("send_event", chat_id=chat_id, event=rating) == "authorization"
    assert ann.refused("send_event", chat_id=chat_id, event=source) == "authorization"


# --- repeats ------------------------------------------------------------------------------------


def test_a_repeated_event_is_stored_once_and_told_to_its_sender_again(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    event = make.message("Hi", custom_id="c1")
    first = ann.call("send_event", chat_id=chat_id, event=event)
    stored = newest(ann, chat_id)

    with world.capture_pushes() as pushes:
        again = ann.rtm("send_event", {"chat_id": chat_id, "event": event}, request_id="r2")

    assert again == first
    assert newest(ann, chat_id) == stored
    assert Event.objects.filter(custom_id="c1").count() == 1
    assert pushes.names == {"ann": ["incoming_event"]}
    assert pushes.payload(ann, "incoming_event")["event"] == stored
    assert ann.heard[-1].request_id == "r2"


def test_a_repeat_is_told_to_the_connection_that_asked_only(
    world: World, ann: User, carl: User, chat_id: str
) -> None:
    other = ann.connections[0]
    ann.login()
    payload = {"chat_id": chat_id, "event": make.message("Hi", custom_id="c1")}
    ann.rtm("send_event", payload)
    heard = len(other.heard)

    ann.rtm("send_event", payload)

    assert len(other.heard) == heard


@pytest.mark.parametrize(
    "changed", [{"text": "Ho"}, {"custom_id": "c2"}, {"visibility": "agents"}, {"type": "custom"}]
)
def test_a_changed_event_is_a_new_one(ann: User, chat_id: str, changed: dict[str, str]) -> None:
    event = make.message("Hi", custom_id="c1")
    first = ann.call("send_event", chat_id=chat_id, event=event)

    assert ann.call("send_event", chat_id=chat_id, event={**event, **changed}) != first


def test_two_authors_may_use_one_custom_id(ann: User, carl: User, chat_id: str) -> None:
    event = make.message("Hi", custom_id="c1")

    first = ann.call("send_event", chat_id=chat_id, event=event)

    assert carl.call("send_event", chat_id=chat_id, event=event) != first


def test_an_event_of_an_earlier_thread_is_not_repeated(ann: User, chat_id: str) -> None:
    event = make.message("Hi", custom_id="c1")
    first = ann.call("send_event", chat_id=chat_id, event=event)["event_id"]
    ann.call("deactivate_chat", id=chat_id)
    ann.call("resume_chat", chat={"id": chat_id})

    assert ann.call("send_event", chat_id=chat_id, event=event)["event_id"] != first


def test_an_event_without_custom_id_is_never_a_repeat(ann: User, chat_id: str) -> None:
    ids = {
        ann.call("send_event", chat_id=chat_id, event=make.message())["event_id"] for _ in range(3)
    }

    assert len(ids) == 3


def test_repeated_initial_events_are_stored_once(ann: User) -> None:
    event = make.message("Hi", custom_id="c1")

    answer = ann.call("start_chat", chat={"thread": {"events": [event, event]}})

    assert len(answer["event_ids"]) == 1
    (_stored,) = ann.call("get_chat", chat_id=answer["chat_id"])["thread"]["events"]


# --- upload_file and file events ----------------------------------------------------------------


def test_an_uploaded_image_is_sent(world: World, ann: User, carl: User, chat_id: str) -> None:
    url = ann.upload("cat.png", png(3, 2), "image/png")

    stored = send(ann, chat_id, type="file", url=url, alternative_text="A cat")

    assert {name: stored[name] for name in stored.keys() - {"id", "created_at", "properties"}} == {
        "type": "file",
        "author_id": ann.id,
        "visibility": "all",
        "name": "cat.png",
        "url": url,
        "content_type": "image/png",
        "size": len(png(3, 2)),
        "width": 3,
        "height": 2,
        "alternative_text": "A cat",
    }
    assert UploadedFile.objects.get().used is True


def test_a_file_that_was_not_sent_stays_unused(ann: User, bob: User, chat_id: str) -> None:
    url = ann.upload("cat.png", png(), "image/png")
    event = {"type": "file", "url": url}

    assert bob.refused("send_event", chat_id=chat_id, event=event) == "not_allowed"
    assert UploadedFile.objects.get().used is False


def test_a_repeated_file_event_is_one_event(ann: User, chat_id: str) -> None:
    event = {"type": "file", "url": ann.upload("cat.png", png()), "custom_id": "c1"}

    first = ann.call("send_event", chat_id=chat_id, event=event)

    assert ann.call("send_event", chat_id=chat_id, event=event) == first


def test_a_file_url_dies_after_a_day_unless_it_was_used(ann: User, chat_id: str) -> None:
    from datetime import timedelta

    from chatplatform import clock

    used, unused = ann.upload("used.png", png()), ann.upload("unused.png", png())
    ann.call("send_event", chat_id=chat_id, event={"type": "file", "url": used})
    UploadedFile.objects.update(created_at=clock.now() - timedelta(hours=25))

    stale = {"type": "file", "url": unused}
    assert ann.refused("send_event", chat_id=chat_id, event=stale) == "validation"
    assert ann.call("send_event", chat_id=chat_id, event={"type": "file", "url": used})


@pytest.mark.parametrize(
    ("name", "content", "claimed", "refusal"),
    [
        ("cat.exe", b"text", "text/plain", "validation"),
        ("cat.png", b"MZ\x90\x00", "image/png", "validation"),
        ("run.sh", b"#!/bin/sh\n", "text/plain", "validation"),
        ("cat.png", b"not an image", "image/png", "validation"),
        ("cat.pdf", b"not a pdf", "application/pdf", "validation"),
        ("cat.txt", png(), "text/plain", "validation"),
        ("empty.txt", b"", "text/plain", "validation"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(
    world: World, ann: User, name: str, content: bytes, claimed: str, refusal: str
) -> None:
    from tests.world import Refused

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        ann.upload(name, content, claimed)

    assert refused.value.type == refusal


def test_a_file_above_ten_megabytes_is_refused(world: World, ann: User) -> None:
    from tests.world import Refused

    with world.nothing_changes(), pytest.raises(Refused) as refused:
        ann.upload("big.txt", b"x" * (10 * 1024 * 1024 + 1), "text/plain")

    assert (refused.value.status, refused.value.type) == (413, "entity_too_large")


# --- send_typing_indicator ----------------------------------------------------------------------


def test_typing_is_told_to_who_watches(
    world: World, ann: User, bob: User, carl: User, chat_id: str
) -> None:
    bob.call("follow_chat", id=chat_id)

    with world.capture_pushes() as pushes:
        assert ann.call("send_typing_indicator", chat_id=chat_id, is_typing=True) == {}

    assert pushes.names == {
        "bob": ["incoming_typing_indicator"],
        "carl": ["incoming_typing_indicator"],
    }
    told = pushes.payload(bob, "incoming_typing_indicator")
    assert told == {
        "chat_id": chat_id,
        "thread_id": told["thread_id"],
        "typing_indicator": {
            "author_id": ann.id,
            "visibility": "all",
            "timestamp": told["typing_indicator"]["timestamp"],
            "is_typing": True,
        },
    }
    assert isinstance(told["typing_indicator"]["timestamp"], int)
    seen = pushes.payload(carl, "incoming_typing_indicator")["typing_indicator"]
    assert seen.keys() == {"author_id", "recipients", "timestamp", "is_typing"}
    assert seen["author_id"] != ann.id


def test_only_a_member_types(ann: User, bob: User, chat_id: str) -> None:
    assert bob.refused("send_typing_indicator", chat_id=chat_id, is_typing=True) == "not_allowed"


def test_nobody_types_in_an_inactive_chat(ann: User, chat_id: str) -> None:
    ann.call("deactivate_chat", id=chat_id)

    assert ann.refused("send_typing_indicator", chat_id=chat_id, is_typing=True) == "chat_inactive"


# --- mark_events_as_seen ------------------------------------------------------------------------


def test_a_mark_is_moved_forward(world: World, ann: User, carl: User, chat_id: str) -> None:
    moment = newest(ann, chat_id)["created_at"]

    with world.capture_pushes() as pushes:
        assert ann.call("mark_events_as_seen", chat_id=chat_id, seen_up_to=moment) == {}

    chat = ann.call("get_chat", chat_id=chat_id)
    assert chat["users"][-1]["events_seen_up_to"] == moment
    assert pushes.names == {name: ["events_marked_as_seen"] for name in ("ann", "carl")}
    assert pushes.payload(ann, "events_marked_as_seen") == {
        "user_id": ann.id,
        "chat_id": chat_id,
        "seen_up_to": moment,
    }


def test_a_mark_never_goes_back(world: World, ann: User, carl: User, chat_id: str) -> None:
    seen = newest(ann, chat_id)["created_at"]
    ann.call("mark_events_as_seen", chat_id=chat_id, seen_up_to=seen)

    with world.nothing_changes():
        for earlier in (seen, "2020-01-01T00:00:00.000000Z", "0999-01-01T00:00:00.000000Z"):
            ann.call("mark_events_as_seen", chat_id=chat_id, seen_up_to=earlier)


def test_any_offset_names_the_same_moment(ann: User, chat_id: str) -> None:
    moment = newest(ann, chat_id)["created_at"]
    elsewhere = clock.from_wire(moment).astimezone(timezone(timedelta(hours=2))).isoformat()

    ann.call("mark_events_as_seen", chat_id=chat_id, seen_up_to=elsewhere)

    chat = ann.call("get_chat", chat_id=chat_id)
    assert elsewhere.endswith("+02:00")
    assert chat["users"][-1]["events_seen_up_to"] == moment


def test_nobody_has_seen_what_is_yet_to_come(ann: User, carl: User, chat_id: str) -> None:
    newest_change = newest(ann, chat_id)["created_at"]

    carl.call("mark_events_as_seen", chat_id=chat_id, seen_up_to="2999-01-01T00:00:00.000000Z")

    (seen,) = (
        user["events_seen_up_to"]
        for user in ann.call("get_chat", chat_id=chat_id)["users"]
        if user["id"] == carl.id
    )
    assert newest_change <= seen < "2999"
    ann.call("send_event", chat_id=chat_id, event=make.message("And another thing"))
    assert carl.login()["chats"][0]["has_unread_events"] is True


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "yesterday",
        "2020-01-01",
        "2020-01-01T00:00:00",
        "9999-12-31T23:59:59.999999-23:59",
        "0001-01-01T00:00:00+23:59",
        5,
        None,
    ],
)
def test_a_mark_is_a_moment(ann: User, chat_id: str, moment: Any) -> None:
    refusal = ann.refused("mark_events_as_seen", chat_id=chat_id, seen_up_to=moment)

    assert refusal == "validation"


def test_only_users_of_the_chat_mark_events(ann: User, bob: User, chat_id: str) -> None:
    moment = "2030-01-01T00:00:00.000000Z"

    assert bob.refused("mark_events_as_seen", chat_id=chat_id, seen_up_to=moment) == "not_allowed"
