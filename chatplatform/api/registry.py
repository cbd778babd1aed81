"""Every action, by API and name; surfaces fill it when their app is ready."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chatplatform.errors import UnknownAction

if TYPE_CHECKING:
    from chatplatform.api.action import Action

_actions: dict[tuple[str, str], Action] = {}


def register(action: Action) -> None:
    """Add ``action``; a name can be taken once per API."""
    key = (action.api, action.name)
    if key in _actions:
        raise ValueError(f"{action.api} action {action.name} is defined twice")
    _actions[key] = action


def find(api: str, name: str, transport: str, version: str) -> Action:
    """Return the action behind a door; raise :class:`UnknownAction` where there is none."""
    action = _actions.get((api, name))
    if action is None or not action.exists(transport, version):
        raise UnknownAction(f"unknown action {name[:64]!r}")
    return action


def actions(api: str | None = None) -> Iterator[Action]:
    """Yield the actions of one API, or of all, in the order of their definition."""
    for action in _actions.values():
        if api is None or action.api == api:
            yield action
