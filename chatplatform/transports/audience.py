"""Who may see a push: the one audience function, over the local sockets of one organisation.

Scope, group access, membership, visibility and monitoring meet here; a surface's translator says
whom it means (``api/pushes.py``), and nothing else decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from chatplatform.api.context import SessionTerms
from chatplatform.api.pushes import Push, Reach
from chatplatform.requester import AgentRequester
from chatplatform.selectors.monitoring import INVITED, LEVELS, ONLINE
from chatplatform.transports.connection import Connection
from chatplatform.transports.envelopes import Origin

ALL_CHATS = frozenset({"chats--all:ro", "chats--all:rw"})
"""Scopes that open every chat of the organisation."""


_NOBODY: Final[frozenset[Connection]] = frozenset()


class Sockets:
    """The logged-in sockets of one API of one organisation, found by user, group and watch."""

    __slots__ = ("_all_chats", "_by_group", "_by_user", "_watching", "everyone")

    def __init__(self) -> None:
        self.everyone: set[Connection] = set()
        self._by_user: dict[str, set[Connection]] = {}
        self._by_group: dict[int, set[Connection]] = {}
        self._all_chats: set[Connection] = set()
        self._watching: dict[tuple[str, int], set[Connection]] = {}

    def add(self, connection: Connection) -> None:
        """Index a connection by its terms."""
        terms = connection.terms
        assert terms is not None
        self.everyone.add(connection)
        self._by_user.setdefault(terms.requester.user_id, set()).add(connection)
        for number in terms.group_numbers:
            self._by_group.setdefault(number, set()).add(connection)
        for pair in _watches(terms):
            self._watching.setdefault(pair, set()).add(connection)
        if _opens_all_chats(connection):
            self._all_chats.add(connection)

    def remove(self, connection: Connection) -> None:
        """Take a connection out, with the terms it was added with."""
        terms = connection.terms
        if terms is None or connection not in self.everyone:
            return
        self.everyone.discard(connection)
        self._all_chats.discard(connection)
        _discard(self._by_user, terms.requester.user_id, connection)
        for number in terms.group_numbers:
            _discard(self._by_group, number, connection)
        for pair in _watches(terms):
            _discard(self._watching, pair, connection)

    def of_user(self, user_id: str) -> Iterable[Connection]:
        """Return the connections of one user."""
        return self._by_user.get(user_id, ())

    def of_group(self, number: int) -> Iterable[Connection]:
        """Return the connections of one group's agents, or of customers on its pages."""
        return self._by_group.get(number, ())

    def reached(self, push: Push) -> set[Connection]:
        """Return whom ``push`` reaches before scopes and origin are looked at."""
        if push.reach is Reach.EVERYONE or push.reach is Reach.AGENTS:
            return self.everyone
        found = self._through_groups(push)
        users = self._of_users(push.user_ids)
        if push.unless is None:
            found |= users
        elif push.reach is Reach.USERS:
            found = users - self.reached(push.unless)
        else:
            found = (found - self.reached(push.unless)) | users
        for user_id in push.if_access:
            found |= {one for one in self.of_user(user_id) if self._has_access(one, push)}
        return found | self._watchers(push) if push.watchers else found

    def _through_groups(self, push: Push) -> set[Connection]:
        found: set[Connection] = set()
        if push.reach is Reach.ACCESS:
            found |= self._opened(push.opened_by) if push.opened_by else self._all_chats
        if push.reach is not Reach.USERS:
            for number in push.group_ids:
                found |= self._by_group.get(number, _NOBODY)
        return found

    def _of_users(self, user_ids: Iterable[str]) -> set[Connection]:
        found: set[Connection] = set()
        for user_id in user_ids:
            found |= self._by_user.get(user_id, _NOBODY)
        return found

    def _opened(self, scopes: frozenset[str]) -> set[Connection]:
        return {one for one in self.everyone if _carries(one, scopes)}

    def _has_access(self, connection: Connection, push: Push) -> bool:
        groups = connection.terms.group_numbers if connection.terms else frozenset()
        return connection in self._all_chats or not groups.isdisjoint(push.group_ids)

    def _watchers(self, push: Push) -> set[Connection]:
        found: set[Connection] = set()
        for pair in push.watchers:
            watching = self._watching.get(pair)
            if watching:
                found |= watching
        for user_id in push.except_user_ids:
            found -= self._by_user.get(user_id, set())
        return found


def _discard(index: dict[Any, set[Connection]], key: Any, connection: Connection) -> None:
    own = index.get(key)
    if own is not None:
        own.discard(connection)
        if not own:
            del index[key]


def _watches(terms: SessionTerms) -> set[tuple[str, int]]:
    """Return the pairs of level and group a session hears of; a level includes the lower ones.

    Subscriptions are to pages, whatever chats there are elsewhere.
    """
    pairs = set()
    if terms.monitoring_level in LEVELS[1:]:
        included = LEVELS[1 : LEVELS.index(terms.monitoring_level) + 1]
        pairs = {(level, number) for level in included for number in terms.group_numbers}
    for subscription in terms.subscriptions.values():
        pairs |= {
            (level, number) for level in (INVITED, ONLINE) for number in subscription.group_numbers
        }
    return pairs


def _opens_all_chats(connection: Connection) -> bool:
    return _carries(connection, ALL_CHATS)


def _carries(connection: Connection, scopes: frozenset[str]) -> bool:
    requester = connection.requester
    return isinstance(requester, AgentRequester) and not requester.scopes.isdisjoint(scopes)


def audience(sockets: Sockets, push: Push, origin: Origin | None) -> Iterable[Connection]:
    """Return the local connections that get ``push``."""
    caused_by = origin.connection_id if origin is not None else ""
    found: Iterable[Connection] = sockets.reached(push)
    if caused_by and push.to_requester_only:
        found = [connection for connection in found if connection.id == caused_by]
    elif caused_by and push.except_requester:
        found = [connection for connection in found if connection.id != caused_by]
    if push.scopes:
        found = [connection for connection in found if _allowed(connection, push)]
    if push.client_ids:
        found = [one for one in found if client_of(one) in push.client_ids]
    return found


def client_of(connection: Connection) -> str:
    """Return the id of the client a logged-in connection belongs to; empty for none."""
    return connection.requester.client_id if connection.requester is not None else ""


def _allowed(connection: Connection, push: Push) -> bool:
    requester = connection.requester
    if not isinstance(requester, AgentRequester):
        return True
    if push.reach in (Reach.AGENTS, Reach.EVERYONE) and requester.user_id in push.user_ids:
        return True  # it is about themself
    return not requester.scopes.isdisjoint(push.scopes)


def reaches(connection: Connection, push: Push, origin: Origin | None) -> bool:
    """Tell whether one connection, not indexed yet, gets ``push``."""
    alone = Sockets()
    alone.add(connection)
    return connection in audience(alone, push, origin)
