"""How much of something a licence may have: the properties ``limits.*`` (protocol.md 8)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from chatplatform.errors import LimitReached
from chatplatform.properties import Properties, license_value

NAMESPACE: Final = "limits"
UNLIMITED: Final = -1

_DEFAULTS: Final[dict[str, tuple[int, int]]] = {
    "access_rules": (200, 500),
    "agents": (400, 400),
    "banned": (100, 400),
    "customers_retention": (UNLIMITED, UNLIMITED),
    "groups": (400, 400),
    "monitored_customers": (100, 2_000),
    "queue": (100, 200),
    "queue_continuous": (150, UNLIMITED),
    "tags": (1_000, 2_000),
}
"""What ``base`` and ``hard`` are where the licence says nothing."""


def defaults() -> dict[str, int]:
    """Return the licence's values that hold unless it has others, by name."""
    found: dict[str, int] = {}
    for name, (base, hard) in _DEFAULTS.items():
        found |= {f"{name}.base": base, f"{name}.hard": hard, f"{name}.additional": 0}
    return found


def limit(properties: Properties, name: str) -> int:
    """Return the limit ``name`` of a licence: ``base`` and ``additional``, at most ``hard``.

    :data:`UNLIMITED` where the licence has no such limit.
    """
    base, hard = _DEFAULTS[name]
    base = license_value(properties, NAMESPACE, f"{name}.base", base)
    hard = license_value(properties, NAMESPACE, f"{name}.hard", hard)
    if base == UNLIMITED:
        return UNLIMITED
    granted = base + int(license_value(properties, NAMESPACE, f"{name}.additional", 0))
    return int(granted if hard == UNLIMITED else min(granted, hard))


def check_size(values: Iterable[Any], most: int, what: str) -> None:
    """Raise :class:`LimitReached` where ``values`` come to more than ``most`` bytes as JSON.

    For what is read as a whole time and again. ``what`` says of what there is too much.
    """
    if sum(len(orjson.dumps(value)) for value in values) > most:
        raise LimitReached(f"{what} can come to {most // 1024} KB")


def check_room(properties: Properties, name: str, count: int) -> None:
    """Raise :class:`LimitReached` where a licence that has ``count`` of ``name`` may have no more.

    The caller counts under the organisation's lock, and keeps it until the next one is stored.
    """
    most = limit(properties, name)
    if most != UNLIMITED and count >= most:
        raise LimitReached(f"The licence has as many as it may: {most} ({NAMESPACE}.{name})")
