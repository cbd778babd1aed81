"""What both APIs' logins share."""

from __future__ import annotations

from chatplatform.api import versions
from chatplatform.api.context import ALL_PUSHES
from chatplatform.errors import Validation


def wanted_pushes(pushes: dict[str, list[str]] | None, version: str) -> dict[str, frozenset[str]]:
    """Return which pushes a connection wants, by version: all of its own by default.

    Raise ``Validation`` for versions that do not exist.
    """
    if pushes is None:
        return {version: frozenset({ALL_PUSHES})}
    for wanted in pushes:
        if wanted not in versions.VERSIONS:
            raise Validation(f"`pushes`: there is no version {wanted[:16]!r}")
    return {wanted: frozenset(names) for wanted, names in pushes.items()}
