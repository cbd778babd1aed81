"""Bytes from a client into JSON data that every later part can hold."""

from __future__ import annotations

from typing import Any

import orjson

from chatplatform.errors import Validation

MAX_DEPTH = 64
"""Objects and arrays within each other; every encoder behind this goes deeper."""


_LEAST, _MOST = -(2**63), 2**64 - 1
"""Numbers beyond come back from a database as integers that no encoder writes."""
_TO_ZEROS = bytes.maketrans(b"123456789E", b"000000000e")
_LONG_NUMBER = b"0" * 19


def parse(raw: bytes | str) -> Any:
    """Return the JSON value ``raw`` holds; raise :class:`Validation` when it is not one.

    What :func:`check` refuses is refused, too. The limit on the size is the caller's matter.
    """
    try:
        encoded = raw.encode() if isinstance(raw, str) else raw
        value = orjson.loads(encoded)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise Validation(f"malformed JSON: {error}") from None
    check(value, encoded)
    return value


def check(value: Any, raw: bytes) -> None:
    """Raise :class:`Validation` for JSON that could not be stored or sent back.

    That is: values nested deeper than ``MAX_DEPTH``, numbers outside 64 bits, and text with the
    character U+0000. ``raw`` is what ``value`` was read from.
    """
    if _is_suspect(raw):
        _check(value)


def _is_suspect(raw: bytes) -> bool:
    """Tell cheaply whether ``raw`` might hold what :func:`_check` refuses."""
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or b"\\u0000" in raw:
        return True
    digits = raw.translate(_TO_ZEROS)
    return _LONG_NUMBER in digits or b"0e" in digits


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
            else:
                _check_plain(item)
        depth += containers
        if depth > MAX_DEPTH:
            raise Validation(f"JSON is nested deeper than {MAX_DEPTH} levels")
        level = inner


def _check_plain(item: Any) -> None:
    if isinstance(item, str):
        if "\x00" in item:
            raise Validation("text must not contain the character U+0000")
    elif isinstance(item, int | float) and not _fits(item):
        raise Validation("numbers must fit into 64 bits")


def _fits(number: float) -> bool:
    # The least one as a decimal fraction would be written back rounded, that is, beyond.
    return _LEAST <= number <= _MOST and not (type(number) is float and number == _LEAST)
