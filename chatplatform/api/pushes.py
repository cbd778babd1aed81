"""Which pushes exist, what makes them, and who gets them.

A surface defines a push by a translator: domain event in, :class:`Push` out (or ``None``: nobody
is told). The hub asks :func:`translators` for each event, works out the local sockets of the
audience and encodes once per version.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from chatplatform.domain_events import DomainEvent


class Reach(Enum):
    """How far a push goes on its API."""

    USERS = "users"
    """Exactly the users in ``user_ids``."""
    ACCESS = "access"
    """Those, and every agent with access to ``group_ids`` (or the scope for all chats)."""
    AGENTS = "agents"
    """Every agent of the organisation."""
    EVERYONE = "everyone"
    """Every connection of the API in the organisation."""


@dataclass(frozen=True, slots=True)
class Push:
    """A push in the newest shape, with its audience.

    ``scopes``: an agent's token must carry one of them (empty: any token); each that misses
    silences its family of pushes, for members too (protocol.md 3.3). Where the reach is all agents
    or everyone, ``user_ids`` are whom the push is about: they need no scope.
    ``to_requester_only`` keeps the push to the connection whose request caused it, when one did.
    """

    payload: Any
    reach: Reach
    user_ids: frozenset[str] = frozenset()
    group_ids: frozenset[int] = frozenset()
    scopes: frozenset[str] = frozenset()
    to_requester_only: bool = False
    except_requester: bool = False


Translator = Callable[[Any], Push | None]


@dataclass(frozen=True, slots=True)
class PushType:
    """A push of one API: its action name, versions and translator."""

    api: str
    action: str
    since: str
    until: str | None
    translate: Translator
    always: bool = False
    """Delivered whatever the client subscribed to."""

    def exists(self, version: str) -> bool:
        """Tell whether clients of ``version`` know the push."""
        return version >= self.since and (self.until is None or version <= self.until)


@dataclass
class _Registry:
    by_event: dict[type[DomainEvent], list[PushType]] = field(default_factory=dict)


_registry = _Registry()


def push(
    api: str, action: str, *, since: str = "3.4", until: str | None = None
) -> Callable[[Translator], Translator]:
    """Register the decorated translator; its argument's annotation says which event it reads."""

    def register(translate: Translator) -> Translator:
        hints = typing.get_type_hints(translate)
        hints.pop("return", None)
        (event_type,) = hints.values()
        types = _registry.by_event.setdefault(event_type, [])
        types.append(PushType(api, action, since, until, translate))
        return translate

    return register


def translators(event: DomainEvent) -> list[PushType]:
    """Return the pushes ``event`` may cause, over all APIs."""
    return _registry.by_event.get(type(event), [])


def push_types(api: str | None = None) -> Iterator[PushType]:
    """Yield every push of one API, or of all."""
    for types in _registry.by_event.values():
        for push_type in types:
            if api is None or push_type.api == api:
                yield push_type
