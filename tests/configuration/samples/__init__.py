"""A valid call of every action of the Configuration API, one module per noun."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.configuration.samples import (
    access_rules,
    agents,
    bans,
    bots,
    canned_responses,
    company,
    domains,
    greetings,
    groups,
    properties,
    tags,
    translations,
    webhooks,
)

if TYPE_CHECKING:
    from tests.samples import Scene

NOUNS = (
    access_rules,
    agents,
    bans,
    bots,
    canned_responses,
    company,
    domains,
    greetings,
    groups,
    properties,
    tags,
    translations,
    webhooks,
)

SAMPLES: dict[str, Callable[[Scene], dict[str, Any]]] = {
    name: sample for noun in NOUNS for name, sample in noun.SAMPLES.items()
}

CALLERS: dict[str, str] = {name: who for noun in NOUNS for name, who in noun.CALLERS.items()}


def furnish(scene: Scene) -> dict[str, str | int]:
    """Make what every sample is about; return the ids by role."""
    return {role: one for noun in NOUNS for role, one in noun.furnish(scene).items()}


_OWNED_BY_THE_TOKENS_CLIENT = frozenset(
    {
        "create_bot",
        "disable_license_webhooks",
        "enable_license_webhooks",
        "get_license_webhooks_state",
    }
)
"""Actions that up to 3.4 take no ``owner_client_id`` with a Bearer token (protocol.md 6)."""


def in_version(name: str, payload: dict[str, Any], version: str) -> dict[str, Any]:
    """Return a sample as a client of ``version`` would say it."""
    if version < "3.5" and name in _OWNED_BY_THE_TOKENS_CLIENT:
        return {key: value for key, value in payload.items() if key != "owner_client_id"}
    return payload
