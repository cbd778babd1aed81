"""How much of something a licence may have: the properties ``limits.*`` (protocol.md 8)."""

from __future__ import annotations

from typing import Final

from chatplatform.properties import Properties, license_value

NAMESPACE: Final = "limits"
UNLIMITED: Final = -1

_DEFAULTS: Final[dict[str, tuple[int, int]]] = {
    "banned": (100, 400),
    "customers_retention": (UNLIMITED, UNLIMITED),
    "monitored_customers": (100, 2_000),
    "queue": (100, 200),
    "queue_continuous": (150, UNLIMITED),
}
"""What ``base`` and ``hard`` are where the licence says nothing."""


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
