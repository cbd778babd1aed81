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

from chatplatform.api import owned, versions
from chatplatform.api.versions.structures import root_of
from chatplatform.domain_events import DomainEvent


class Reach(Enum):
    """How far a push goes on its API."""

    USERS = "users"
    """Exactly the users in ``user_ids``."""
    ACCESS = "access"
    """Those, and every agent with access to ``group_ids`` (or the scope for all chats)."""
    MEMBERS = "members"
    """The users in ``user_ids``, and members of the groups in ``group_ids``, whatever scopes."""
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
    ``if_access`` are users who are reached as long as they have access to ``group_ids``, whatever
    the reach: who follows a chat and loses access hears of it no more.
    ``watchers`` are levels and groups of monitoring: whoever watches customers of one of these
    pairs is reached besides, without those in ``except_user_ids``.
    ``to_requester_only`` keeps the push to the connection whose request caused it, when one did.
    ``opened_by``: with reach ``ACCESS``, the scopes that open all groups (empty: those for chats).
    ``unless``: whoever this other push would reach is not reached through groups or scope; with
    reach ``USERS``, not at all.
    ``client_ids``: only connections of these clients are reached (empty: of any).
    """

    payload: Any
    reach: Reach
    user_ids: frozenset[str] = frozenset()
    group_ids: frozenset[int] = frozenset()
    if_access: frozenset[str] = frozenset()
    watchers: frozenset[tuple[str, int]] = frozenset()
    except_user_ids: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    to_requester_only: bool = False
    except_requester: bool = False
    opened_by: frozenset[str] = frozenset()
    unless: Push | None = None
    client_ids: frozenset[str] = frozenset()


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

    def owners(self, payload: Any) -> frozenset[str]:
        """Return the client ids whose clients are shown more of ``payload`` than others."""
        return owned.owners(payload, root_of(self.api, self.action))

    def payload(self, payload: Any, version: str, owner: str = "") -> Any:
        """Return the newest ``payload`` as clients of ``version`` know it; ``None``: send nothing.

        ``owner`` is a client id of :meth:`owners`, or empty for everybody else.
        """
        seen = owned.shown_to(owner, payload, root_of(self.api, self.action))
        return versions.downgrade_push(self, version, seen)


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
