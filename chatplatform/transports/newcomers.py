"""Connections that have not logged in: a bounded number, for anybody can open them."""

from __future__ import annotations

from collections import OrderedDict

from django.conf import settings

from chatplatform.transports.connection import Connection

_Line = OrderedDict[Connection, None]


class Newcomers:
    """Those of one process, in the order they came, altogether and by address."""

    def __init__(self) -> None:
        self._everyone: _Line = OrderedDict()
        self._by_address: dict[str, _Line] = {}

    def __len__(self) -> int:
        return len(self._everyone)

    def add(self, connection: Connection) -> list[Connection]:
        """Let one in; return the oldest ones there is no more room for (protocol.md 3.5)."""
        own = self._by_address.setdefault(connection.address, OrderedDict())
        self._everyone[connection] = own[connection] = None
        surplus = []
        while len(own) > settings.RTM_UNAUTHORIZED_PER_ADDRESS:
            surplus.append(self._remove_first(own))
        while len(self._everyone) > settings.RTM_UNAUTHORIZED_CONNECTIONS:
            surplus.append(self._remove_first(self._everyone))
        return surplus

    def remove(self, connection: Connection) -> None:
        """Count one no more: it logged in, or is gone."""
        if connection not in self._everyone:
            return
        del self._everyone[connection]
        own = self._by_address[connection.address]
        del own[connection]
        if not own:
            del self._by_address[connection.address]

    def _remove_first(self, line: _Line) -> Connection:
        first = next(iter(line))
        self.remove(first)
        return first
