"""Which properties exist, and who may set them where.

Until definitions can be registered, only the protocol's default names exist
(``data/default_properties.json``: namespace → name → type, access, allowed values).
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from chatplatform.errors import Authorization, Validation

Properties = dict[str, dict[str, Any]]

_INT32 = range(-(2**31), 2**31)
_MAX_STRING = 4096


@cache
def _definitions() -> dict[str, dict[str, Any]]:
    path = Path(__file__).parent / "data" / "default_properties.json"
    return dict(json.loads(path.read_text()))


def _right_type(kind: str, value: Any) -> bool:
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool) and value in _INT32
    if kind == "bool":
        return isinstance(value, bool)
    return isinstance(value, str) and len(value) <= _MAX_STRING


def check_writable(properties: Any, *, location: str, kind: str) -> Properties:
    """Return ``properties`` when a user of ``kind`` may set every one of them at ``location``.

    ``location`` is ``chat``, ``thread`` or ``event``; ``kind`` is ``agent`` or ``customer``.
    Raise :class:`Validation` for unknown names and wrong values, :class:`Authorization` where the
    right to write is missing (protocol.md 2.10).
    """
    if not isinstance(properties, dict):
        raise Validation("`properties` must be an object")
    for namespace, values in properties.items():
        if not isinstance(values, dict):
            raise Validation(f"property namespace {namespace!r} must be an object")
        for name, value in values.items():
            _check_one(namespace, name, value, location, kind)
    return properties


def _check_one(namespace: str, name: str, value: Any, location: str, kind: str) -> None:
    definition = _definitions().get(namespace, {}).get(name)
    if definition is None:
        raise Validation(f"property {namespace}.{name} is not registered")
    rules = [
        rule["access"]
        for rule in definition["access"]
        if kind in rule["who"] and location in rule["locations"]
    ]
    if not any("w" in rights for rights in rules):
        raise Authorization(f"property {namespace}.{name} can not be set here")
    if not _right_type(definition["type"], value):
        raise Validation(f"property {namespace}.{name} must be {definition['type']}")
    if "enum" in definition and value not in definition["enum"]:
        raise Validation(f"property {namespace}.{name} can not have that value")


def exists(namespace: str, name: str) -> bool:
    """Tell whether a property of that name may be filtered by."""
    return name in _definitions().get(namespace, {})


def readable(properties: Properties, *, location: str, kind: str) -> Properties:
    """Return those of ``properties`` that a user of ``kind`` may read at ``location``."""
    visible: Properties = {}
    for namespace, values in properties.items():
        for name, value in values.items():
            definition = _definitions().get(namespace, {}).get(name)
            if definition is not None and any(
                kind in rule["who"] and location in rule["locations"] and "r" in rule["access"]
                for rule in definition["access"]
            ):
                visible.setdefault(namespace, {})[name] = value
    return visible


def merge(stored: Properties, given: Properties) -> Properties:
    """Return ``stored`` with the values of ``given`` put in, property by property."""
    merged = {namespace: dict(values) for namespace, values in stored.items()}
    for namespace, values in given.items():
        merged.setdefault(namespace, {}).update(values)
    return merged


def license_value(properties: Properties, namespace: str, name: str, default: Any) -> Any:
    """Return a licence property's value, or ``default`` where the licence sets none."""
    value = properties.get(namespace, {}).get(name)
    return default if value is None else value
