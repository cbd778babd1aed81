"""A call on its way into the pipeline, and the outcome on its way back."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from chatplatform.api.context import SessionTerms
from chatplatform.domain_events import DomainEvent
from chatplatform.errors import ProtocolError
from chatplatform.requester import Requester

WEB = "web"
RTM = "rtm"

AUTHORS_UNTIL = "3.5"
"""The last version in which a request may name a bot as its author (protocol.md 5.3)."""


class Deadline:
    """Decides once whether a call timed out or committed; whichever comes first wins.

    The transport calls :meth:`expire` when it gives up waiting, the pipeline
    :meth:`pass_commit` right before the change becomes permanent.
    """

    __slots__ = ("_lock", "_state", "ends_at")

    def __init__(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds
        self._state = "open"
        self._lock = threading.Lock()

    def pass_commit(self) -> bool:
        """Return whether the change may be committed."""
        with self._lock:
            if self._state == "open":
                self._state = "committed" if time.monotonic() < self.ends_at else "expired"
            return self._state == "committed"

    def expire(self) -> bool:
        """Return whether the call is given up; False means it has committed already."""
        with self._lock:
            if self._state == "open":
                self._state = "expired"
            return self._state == "expired"


@dataclass(slots=True)
class Upload:
    """A file part of a multipart body."""

    name: str
    content_type: str
    size: int
    file: BinaryIO


@dataclass(slots=True)
class Call:
    """One request of a client, as a transport heard it.

    ``requester`` and ``terms`` are known already on a logged-in connection; otherwise
    ``credentials`` is the Authorization header's value. ``payload`` is parsed JSON of any type,
    still unchecked.
    """

    api: str
    action: str
    version: str
    transport: str
    payload: Any
    credentials: str = ""
    requester: Requester | None = None
    terms: SessionTerms | None = None
    request_id: str | None = None
    connection_id: str = ""
    address: str = ""
    user_agent: str = ""
    base_url: str = ""
    query: dict[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    http_method: str = "POST"
    deadline: Deadline | None = None
    author_id: str = ""
    """A bot in whose person to act, as older clients say (protocol.md 5.3)."""


@dataclass(slots=True)
class Outcome:
    """What became of a call: a payload in the call's version or an error, and what was told."""

    payload: Any = None
    error: ProtocolError | None = None
    events: list[DomainEvent] = field(default_factory=list)
    session: SessionTerms | None = None
    ends_session: bool = False
    version_of_answer: str = ""
    """What names the payload's content where that never changes under its address."""
