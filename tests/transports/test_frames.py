"""Frames: what is understood, what is refused, and how answers and pushes are written."""

from typing import Any

import orjson
import pytest

from chatplatform.errors import NotFound
from chatplatform.transports import frames
from chatplatform.transports.frames import Refusal


def test_a_request_is_read_with_the_connections_version_unless_it_names_a_newer_one() -> None:
    plain = frames.read('{"action":"get_chat","request_id":"7","payload":{"chat_id":"X"}}', "3.5")
    newer = frames.read('{"action":"get_chat","version":"3.7"}', "3.5")

    assert (plain.action, plain.request_id, plain.payload, plain.version) == (
        "get_chat",
        "7",
        {"chat_id": "X"},
        "3.5",
    )
    assert (newer.version, newer.payload, newer.request_id) == ("3.7", {}, None)


@pytest.mark.parametrize(
    ("frame", "action", "request_id", "kind"),
    [
        ("", "", None, "validation"),
        ("nonsense", "", None, "validation"),
        ('{"action":"say"', "", None, "validation"),
        ("[]", "", None, "validation"),
        ("3", "", None, "validation"),
        ("null", "", None, "validation"),
        ("[" * 5000, "", None, "validation"),
        ('{"action":"say","payload":{"text":"\\ud800"}}', "", None, "validation"),
        ('{"request_id":"r"}', "", "r", "validation"),
        ('{"request_id":"r","action":""}', "", "r", "validation"),
        ('{"request_id":"r","action":7}', "", "r", "validation"),
        ('{"request_id":{"a":1},"action":"say"}', "say", None, "validation"),
        ('{"request_id":true,"action":"say"}', "say", None, "validation"),
        ('{"request_id":1.5,"action":"say"}', "say", None, "validation"),
        ('{"request_id":"r","action":"say","version":3.6}', "say", "r", "validation"),
        ('{"request_id":"r","action":"say","version":"3.4"}', "say", "r", "unsupported_version"),
    ],
)
def test_a_frame_that_can_not_be_served_is_refused_with_what_was_readable_of_it(
    frame: str, action: str, request_id: Any, kind: str
) -> None:
    with pytest.raises(Refusal) as refused:
        frames.read(frame, "3.5")

    assert (refused.value.action, refused.value.request_id, refused.value.error.type) == (
        action,
        request_id,
        kind,
    )


def test_up_to_3_5_a_frame_may_name_its_author() -> None:
    text = '{"action":"x","author_id":"bot"}'

    assert [frames.read(text, version).author_id for version in ("3.4", "3.5", "3.6", "3.7")] == [
        "bot",
        "bot",
        "",
        "",
    ]
    with pytest.raises(frames.Refusal, match="author_id"):
        frames.read('{"action":"x","author_id":5}', "3.5")
    assert frames.read('{"action":"x","author_id":5}', "3.6").author_id == ""


@pytest.mark.parametrize("request_id", ["abc", "", 17, 'ü"\n'])
def test_a_request_id_is_echoed_as_it_came(request_id: Any) -> None:
    request = frames.read(orjson.dumps({"action": "say", "request_id": request_id}).decode(), "3.6")

    answer = orjson.loads(frames.answer("say", request.request_id, None))
    push = orjson.loads(frames.push("3.6", "said", b"{}", request.request_id))

    assert answer == {
        "request_id": request_id,
        "action": "say",
        "type": "response",
        "success": True,
        "payload": {},
    }
    assert push == {
        "version": "3.6",
        "request_id": request_id,
        "action": "said",
        "type": "push",
        "payload": {},
    }


def test_without_a_request_id_none_is_written() -> None:
    assert frames.answer("say", None, [1]) == (
        '{"action":"say","type":"response","success":true,"payload":[1]}'
    )
    assert frames.push("3.4", "said", b'{"a":1}') == (
        '{"version":"3.4","action":"said","type":"push","payload":{"a":1}}'
    )


def test_a_refusal_carries_type_message_and_data() -> None:
    written = orjson.loads(frames.refusal("say", "r", NotFound("no such chat", {"id": "X"})))

    assert written == {
        "request_id": "r",
        "action": "say",
        "type": "response",
        "success": False,
        "payload": {"error": {"type": "not_found", "message": "no such chat", "data": {"id": "X"}}},
    }
