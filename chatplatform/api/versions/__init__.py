"""Wire versions. Inside there is only the newest shape; this package speaks the older ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatplatform.api.action import Action
    from chatplatform.api.pushes import PushType

VERSIONS = ("3.4", "3.5", "3.6", "3.7")
NEWEST = VERSIONS[-1]


def upgrade_request(action: Action, version: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return ``payload`` of a ``version`` client in the newest shape."""
    return payload


def downgrade_response(action: Action, version: str, payload: Any) -> Any:
    """Return the newest ``payload`` as a ``version`` client knows it; ``None`` becomes ``{}``."""
    return {} if payload is None else payload


def downgrade_push(push_type: PushType, version: str, payload: Any) -> Any:
    """Return the newest ``payload`` as a ``version`` client knows it; ``None``: send nothing."""
    return payload
