"""Bytes from a client into JSON data that every later part can hold."""

from __future__ import annotations

from typing import Any

import orjson

from chatplatform.errors import Validation

MAX_DEPTH = 64
"""Objects and arrays within each other; every encoder behind this goes deeper."""


def parse(raw: bytes | bytearray | memoryview | str) -> Any:
    """Return the JSON value ``raw`` holds; raise :class:`Validation` when it is not one.

    Also refused is what is JSON but could not be stored or sent back: values nested deeper than
    ``MAX_DEPTH`` and text with the character U+0000. The limit on the size is the caller's matter.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Validation(f"malformed JSON: {error}") from None
    if _may_be_deep(raw) or _may_hold_null_character(raw):
        _check(value)
    return value


def _may_be_deep(raw: bytes | bytearray | memoryview | str) -> bool:
    if isinstance(raw, str):
        return raw.count("[") + raw.count("{") > MAX_DEPTH
    raw = bytes(raw)
    return raw.count(b"[") + raw.count(b"{") > MAX_DEPTH


def _may_hold_null_character(raw: bytes | bytearray | memoryview | str) -> bool:
    return "\\u0000" in raw if isinstance(raw, str) else b"\\u0000" in bytes(raw)


def _check(value: Any) -> None:
    level = [value]
    depth = 0
    while level:
        inner: list[Any] = []
        containers = False
        for item in level:
            if isinstance(item, dict):
                containers = True
                inner.extend(item)
                inner.extend(item.values())
            elif isinstance(item, list):
                containers = True
                inner.extend(item)
            elif isinstance(item, str) and "\x00" in item:
                raise Validation("text must not contain the character U+0000")
        depth += containers
        if depth > MAX_DEPTH:
            raise Validation(f"JSON is nested deeper than {MAX_DEPTH} levels")
        level = inner
