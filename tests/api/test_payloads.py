"""Bytes into JSON data that every later part can hold."""

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatplatform.api import payloads
from chatplatform.errors import Validation
from chatplatform.transports import frames

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(JSON)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    assert payloads.parse(orjson.dumps(value)) == value
    assert payloads.parse(orjson.dumps(value).decode()) == value


@given(st.binary() | st.text())
def test_anything_else_is_a_validation_error_and_nothing_worse(raw: bytes | str) -> None:
    with contextlib.suppress(Validation):
        payloads.parse(raw)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_the_deepest_allowed_nesting_can_be_written_back() -> None:
    value = payloads.parse(nested(payloads.MAX_DEPTH))

    assert orjson.dumps(value) == nested(payloads.MAX_DEPTH)
    with pytest.raises(Validation, match="nested deeper"):
        payloads.parse(nested(payloads.MAX_DEPTH + 1))


@pytest.mark.parametrize("raw", [rb'"a\u0000"', rb'["\u0000"]', rb'{"a":{"\u0000":1}}'])
def test_the_null_character_is_refused_wherever_it_stands(raw: bytes) -> None:
    with pytest.raises(Validation, match=r"U\+0000"):
        payloads.parse(raw)


@pytest.mark.parametrize(
    "raw",
    [b"18446744073709551616", b"-9223372036854775809", b"1e308", b"-1E+20", b'{"a":[1,2e19]}'],
)
def test_numbers_that_could_not_be_sent_back_are_refused(raw: bytes) -> None:
    with pytest.raises(Validation, match="64 bits"):
        payloads.parse(raw)
    with pytest.raises(Validation, match="64 bits"):
        payloads.parse(raw.decode())


@pytest.mark.parametrize(
    "raw", [b"18446744073709551615", b"-9223372036854775808", b"1e19", b"0.1", b"1e-300", b"-0.0"]
)
def test_other_numbers_pass(raw: bytes) -> None:
    assert payloads.parse(raw) == float(raw) or payloads.parse(raw) == int(raw)


@pytest.mark.parametrize("payload", [r'{"text":"\u0000"}', '{"number":1e99}', "[" * 99 + "]" * 99])
def test_a_frame_is_held_to_the_same_and_its_refusal_names_the_request(payload: str) -> None:
    frame = f'{{"request_id":"7","action":"send_event","payload":{payload}}}'

    with pytest.raises(frames.Refusal) as refusal:
        frames.read(frame, "3.6")

    assert isinstance(refusal.value.error, Validation)
    assert (refusal.value.action, refusal.value.request_id) == ("send_event", "7")
