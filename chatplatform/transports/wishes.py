"""Which pushes a connection asked for, and in which versions (protocol.md 1.5)."""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakValueDictionary

from chatplatform.api.context import ALL_PUSHES
from chatplatform.api.pushes import PushType

_Key = frozenset[tuple[str, frozenset[str]]]


class Wishes:
    """The ``pushes`` of a login; connections with equal wishes share one value.

    A push a client wants in several versions reaches it once in each.
    """

    __slots__ = ("__weakref__", "_known", "_wanted")

    def __init__(self, wanted: _Key) -> None:
        self._wanted = wanted
        self._known: dict[tuple[str, str, str | None], tuple[str, ...]] = {}

    def versions(self, push: PushType) -> tuple[str, ...]:
        """Return the versions in which ``push`` is wanted, oldest first."""
        key = (push.action, push.since, push.until)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = tuple(
                sorted(
                    version
                    for version, names in self._wanted
                    if push.exists(version)
                    and (push.always or push.action in names or ALL_PUSHES in names)
                )
            )
        return found


_shared: WeakValueDictionary[_Key, Wishes] = WeakValueDictionary()


def wishes(pushes: Mapping[str, frozenset[str]]) -> Wishes:
    """Return the shared value for these subscriptions."""
    key = frozenset(pushes.items())
    found = _shared.get(key)
    if found is None:
        found = _shared[key] = Wishes(key)
    return found
