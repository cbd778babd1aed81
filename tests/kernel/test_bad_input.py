"""Whatever a client sends, the answer is a typed error or a right one; nothing is half done."""

from typing import Any

import orjson
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatplatform.api.action import Action
from tests import samples
from tests.samples import Scene, Stage, name_of
from tests.world import User, rows

ACTIONS = samples.actions()
WITH_BODY = [
    action
    for action in ACTIONS
    if action.web is not None and action.http_method == "POST" and not action.upload
]

_TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["x" * 20_000, "\u202e", "%s", "' OR 1=1", "\ud7ff", "NaN", "null", "a_1", "_"]
    ),
)
JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from([-1, 0, 1, 2**31, 2**53, 2**63 - 1, -(2**63), 2**64 - 1, 1.5, -0.0, 1e308]),
        _TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)
    ),
    max_leaves=5,
)


def assert_answered(user: User, action: Action, body: bytes, version: str | None = None) -> None:
    """Send a body; assert a typed answer, and that a refusal left nothing behind."""
    before = rows()
    with user.world.capture_pushes() as pushes:
        response = user.http(action.name, body, version or action.until)
    answer = orjson.loads(response.content)
    if response.status_code == 200:
        return
    error = answer["error"]
    if action.public and error["type"] == "authentication":
        assert response.status_code == 401  # what was sent is what proves who sends it
    else:
        assert response.status_code in (400, 403, 404, 413, 429), (body[:500], error)
        assert error["type"] not in ("internal", "service_unavailable", "authentication")
    assert isinstance(error["message"], str)
    assert rows() == before
    assert pushes.names == {}


@pytest.mark.parametrize("action", WITH_BODY, ids=name_of)
def test_junk_anywhere_in_a_call_is_refused_or_means_something(
    stage: Stage, action: Action
) -> None:
    payload = samples.payload(stage.alpha, action)
    caller = samples.caller(stage.alpha, action)
    ways = sorted(samples.paths(payload), key=str)

    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(st.tuples(st.sampled_from(ways), JUNK), min_size=1, max_size=2))
    def check(changes: list[tuple[samples.Path, Any]]) -> None:
        junk = payload
        for path, value in changes:
            try:
                junk = samples.replaced(junk, path, value)
            except (AttributeError, KeyError, TypeError, IndexError):
                continue  # the first change took away what the second would have changed
        with transaction.atomic():
            assert_answered(caller, action, orjson.dumps(junk))
            transaction.set_rollback(True)

    check()


@pytest.mark.parametrize("action", WITH_BODY, ids=name_of)
def test_a_missing_field_is_refused_or_not_needed(stage: Stage, action: Action) -> None:
    payload = samples.payload(stage.alpha, action)
    caller = samples.caller(stage.alpha, action)

    for path in samples.paths(payload):
        if not path or not isinstance(samples.at(payload, path[:-1]), dict):
            continue
        holder = samples.at(payload, path[:-1])
        less = {name: value for name, value in holder.items() if name != path[-1]}
        with transaction.atomic():
            body = orjson.dumps(samples.replaced(payload, path[:-1], less))
            assert_answered(caller, action, body)
            transaction.set_rollback(True)


MALFORMED = [
    b"{",
    b"nonsense",
    b"[]",
    b'"text"',
    b"5",
    b"null",
    b"true",
    b"\xff\xfe",
    b'{"a": NaN}',
    b'{"a": 1e999}',
    b'{"a": 123456789012345678901234567890}',
    b'{"a": "\\ud800"}',
    b'{"a": "\\u0000"}',
    b'{"\\u0000": 1}',
    b"[" * 100_000,
    b'{"a":' * 100 + b"1" + b"}" * 100,
    b'{"a": 1, "a": 2}',
]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:24]))
@pytest.mark.parametrize(
    ("api", "name"), [("agent", "send_event"), ("customer", "update_customer")]
)
def test_a_body_that_is_no_object_is_refused(
    scene: Scene, api: str, name: str, body: bytes
) -> None:
    before = rows()

    response = scene.user(api).http(name, body)

    error = orjson.loads(response.content)["error"]
    assert (response.status_code, error["type"]) == (400, "validation")
    assert rows() == before


def test_a_body_above_a_mebibyte_is_refused(scene: Scene) -> None:
    body = orjson.dumps({"chat_id": scene.running, "more": "x" * 1024 * 1024})
    before = rows()

    response = scene.ann.http("get_chat", body)

    error = orjson.loads(response.content)["error"]
    assert (response.status_code, error["type"]) == (413, "entity_too_large")
    assert rows() == before


@pytest.mark.parametrize(
    "content",
    [
        {"deep": {"number": -1.5e15, "text": "\u202e\U0001f600", "null": None}},
        {"": ""},
        {"key" * 100: [[[[]]]]},
        {"big": 2**63},
        {"__proto__": {"x": 1}, "$where": "1", "visibility": "agents", "type": "message"},
    ],
    ids=str,
)
def test_free_content_comes_back_as_it_was_sent(scene: Scene, content: dict[str, Any]) -> None:
    event = {"type": "custom", "content": content}
    scene.carl.call("send_event", chat_id=scene.running, event=event)

    for user in (scene.carl, scene.ann):
        stored = user.call("get_chat", chat_id=scene.running)["thread"]["events"][-1]
        assert stored["content"] == content
        (chat,) = (
            chat for chat in user.call("list_chats")["chats_info"] if chat["id"] == scene.running
        )
        assert chat["last_thread_info"]["last_event_per_type"]["custom"]["event"] == stored


@pytest.mark.parametrize("text", ["\u202e", "a" * 16384, "🦀" * 4096, "<script>", "\t\n\r", " "])
def test_text_comes_back_as_it_was_sent(scene: Scene, text: str) -> None:
    event = {"type": "message", "text": text}
    scene.carl.call("send_event", chat_id=scene.running, event=event)

    stored = scene.ann.call("get_chat", chat_id=scene.running)["thread"]["events"][-1]
    assert stored["text"] == text


@pytest.mark.parametrize("size", ["free content", "rich message", "properties"])
def test_an_event_is_small(scene: Scene, size: str) -> None:
    """A frame may hold a mebibyte; one event in a history that is read again and again may not."""
    big = "x" * 200_000
    event: dict[str, Any] = {
        "free content": {"type": "custom", "content": {"text": big}},
        "rich message": {
            "type": "rich_message",
            "template_id": "cards",
            "elements": [{"image": {"url": "https://x.example", "name": big}}],
        },
        "properties": {
            "type": "message",
            "text": "x",
            "properties": {"test": {"string_property": big}},
        },
    }[size]

    assert scene.carl.refused("send_event", chat_id=scene.running, event=event) == "validation"


def test_a_customers_data_is_small(scene: Scene) -> None:
    big = "x" * 5_000

    for data in (
        {"session_fields": [{"key": big}]},
        {"session_fields": [{big: "value"}]},
        {"omnichannel": {"twilio": {"phone_number": big}}},
        {"omnichannel": {"fbmessenger": {"id": big}}},
        {"address": {"city": big}},
    ):
        assert scene.carl.refused("update_customer", **data) == "validation"
