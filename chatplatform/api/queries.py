"""Query strings as payloads: what a GET action is asked."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def payload_of_query(request: type[BaseModel], query: Mapping[str, str]) -> dict[str, Any]:
    """Return ``query`` as a payload for ``request``.

    Values of fields declared as numbers or booleans are read as such. What can not be read stays
    text, so that validation refuses it with its field's name. Other fields stay text.
    """
    readers = _readers(request)
    return {name: readers[name](text) if name in readers else text for name, text in query.items()}


@lru_cache(maxsize=256)
def _readers(request: type[BaseModel]) -> dict[str, Callable[[str], Any]]:
    found: dict[str, Callable[[str], Any]] = {}
    for name, field in request.model_fields.items():
        declared = _choices(field.annotation)
        if bool in declared:
            found[name] = _boolean
        elif int in declared:
            found[name] = _integer
        elif float in declared:
            found[name] = _number
    return found


def _choices(declared: Any) -> set[Any]:
    origin = typing.get_origin(declared)
    if origin is typing.Annotated:
        return _choices(typing.get_args(declared)[0])
    if origin in (typing.Union, types.UnionType):
        return set().union(*(_choices(choice) for choice in typing.get_args(declared)))
    return {declared}


def _boolean(text: str) -> Any:
    return _BOOLEANS.get(text, text)


def _integer(text: str) -> Any:
    return int(text) if _INTEGER.fullmatch(text) else text


def _number(text: str) -> Any:
    return float(text) if _NUMBER.fullmatch(text) else text
