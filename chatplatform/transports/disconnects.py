"""Why a session ends: the disconnect pushes and their close codes (protocol.md 3.5)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from chatplatform.api import versions
from chatplatform.transports import frames

INTERNAL_ERROR = "internal_error"
SERVICE_TEMPORARILY_UNAVAILABLE = "service_temporarily_unavailable"
CONNECTION_TIMEOUT = "connection_timeout"
ACCESS_TOKEN_EXPIRED = "access_token_expired"  # noqa: S105 - a reason's name
LICENSE_NOT_FOUND = "license_not_found"
UNSUPPORTED_VERSION = "unsupported_version"
TOO_MANY_CONNECTIONS = "too_many_connections"
TOO_MANY_UNAUTHORIZED_CONNECTIONS = "too_many_unauthorized_connections"
CONNECTION_EVICTED = "connection_evicted"
INACTIVITY_TIMEOUT = "inactivity_timeout"

_FINAL = 4008
_COME_AGAIN = 4012
"""Private codes, after 1008 and 1012: not every server lets an application use the public ones."""
_CODES = {INTERNAL_ERROR: _COME_AGAIN, SERVICE_TEMPORARILY_UNAVAILABLE: _COME_AGAIN}


def close_code(reason: str) -> int:
    """Return the WebSocket close code that goes with a reason."""
    return _CODES.get(reason, _FINAL)


def come_again(api: str) -> str:
    """Return the reason that makes clients of ``api`` reconnect at once."""
    return INTERNAL_ERROR if api == "agent" else SERVICE_TEMPORARILY_UNAVAILABLE


@lru_cache(maxsize=256)
def _plain(api: str, version: str, reason: str) -> str:
    return _encoded(api, version, {"reason": reason})


def _encoded(api: str, version: str, payload: dict[str, Any]) -> str:
    known = version if version in versions.VERSIONS else versions.NEWEST
    body = versions.downgrade_disconnect(api, known, payload)
    return frames.push(known, f"{api}_disconnected", frames.encoded(body))


def frame(api: str, version: str, reason: str, data: dict[str, Any] | None = None) -> str:
    """Return the disconnect push for a connection of ``version`` (unknown: the newest shape)."""
    if data is None:
        return _plain(api, version, reason)
    return _encoded(api, version, {"reason": reason, "data": data})
