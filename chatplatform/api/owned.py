"""What only clients of one application are shown: properties that it keeps to itself.

Payloads carry them as hints of their structures (``properties.OWN``), which are stripped like all
hints. Before that they are put in their place for whoever may see them, by :func:`shown_to`. Hardly
any payload has such a hint, so that one shape serves all; :func:`owners` says for which clients it
does not.
"""

from __future__ import annotations

from typing import Any

from chatplatform import properties
from chatplatform.api.versions import v3_6
from chatplatform.api.versions.structures import PAYLOAD, rewrite

Record = dict[str, Any]

_HOLDERS = ("chat", "thread", "event", PAYLOAD)


def owners(payload: Any, root: str) -> frozenset[str]:
    """Return the client ids whose clients are shown more of ``payload``, a ``root`` structure."""
    found: set[str] = set()

    def look(record: Record) -> Record:
        found.update(record.get(properties.OWN, ()))
        _each_newest(record, look)
        return record

    rewrite(payload, root, dict.fromkeys(_HOLDERS, look))
    return frozenset(found)


def shown_to(client_id: str, payload: Any, root: str) -> Any:
    """Return ``payload`` with what clients of ``client_id`` are shown besides."""

    def reveal(record: Record) -> Record:
        shown = properties.revealed(record, client_id)
        newest = _each_newest(shown, reveal)
        return shown if newest is None else {**shown, v3_6.HINT: newest}

    return rewrite(payload, root, dict.fromkeys(_HOLDERS, reveal)) if client_id else payload


def _each_newest(record: Record, visit: Any) -> Record | None:
    """Visit the events in a chat's hint for older versions; return the hint if that changes it."""
    newest: Record = record.get(v3_6.HINT, {})
    changed = {
        kind: {**entry, "event": shown}
        for kind, entry in newest.items()
        if (shown := visit(entry["event"])) is not entry["event"]
    }
    return {**newest, **changed} if changed else None
