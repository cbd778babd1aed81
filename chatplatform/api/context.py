"""What a handler knows about the call it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from chatplatform.errors import RequestTimeout
from chatplatform.requester import AgentRequester, CustomerRequester, Requester

if TYPE_CHECKING:
    from chatplatform.api.call import Deadline, Upload

R = TypeVar("R", bound=Requester)


ALL_PUSHES = "all"


@dataclass(frozen=True, slots=True)
class CustomerSubscription:
    """A wish to hear of the customers on the pages of some groups.

    ``limit`` is how many of them the client wants to know; where there are more, it is told how
    many from time to time.
    """

    group_numbers: frozenset[int]
    limit: int


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """What a ``login`` handler agreed with a connection; the RTM transport keeps to it.

    ``pushes`` maps a version to the push names wanted in it, or to ``{ALL_PUSHES}``.
    ``group_numbers`` are the agent's groups (always with 0), or the group of the customer's page.
    ``groups_revision`` is how many changes of groups they are from (``Organization``).
    ``monitoring_level`` says which customers an agent watches (protocol.md 2.8); ``subscriptions``,
    by id, which besides.
    """

    requester: Requester
    pushes: dict[str, frozenset[str]]
    group_numbers: frozenset[int] = frozenset()
    away: bool = False
    groups_revision: int = 0
    monitoring_level: str = ""
    subscriptions: Mapping[str, CustomerSubscription] = field(default_factory=dict)


@dataclass(slots=True)
class Context(Generic[R]):
    """One call: who asks, for which organisation, in which version, through which door.

    ``version`` is the call's, not the connection's. ``connection_id`` is empty on the Web.
    ``address`` is the client's IP address as text, ``user_agent`` its self-description.
    """

    requester: R
    organization_id: UUID
    client_id: str
    version: str
    transport: str
    request_id: str | None
    connection_id: str
    now: datetime
    address: str = ""
    user_agent: str = ""
    base_url: str = ""
    """Scheme and host the client used, without a slash at the end."""
    query: dict[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    deadline: Deadline | None = None
    terms: SessionTerms | None = None
    """What holds for the connection; None on the Web and before login."""
    session: SessionTerms | None = None
    """Set by a ``login`` handler, or by one that changes the terms: what holds from now on."""
    version_of_answer: str = ""
    """Set by a handler whose answer never changes under its address: clients may keep it."""
    ends_session: bool = False
    """Set by a ``logout`` handler: the connection closes after the answer."""

    def commit_point(self) -> None:
        """Pass the last moment at which the call may still time out.

        After it, the change is committed and the answer will say so; before it, a call that ran
        out of time changes nothing. Raise :class:`RequestTimeout` when it already did.
        """
        if self.deadline is not None and not self.deadline.pass_commit():
            raise RequestTimeout


AgentContext = Context[AgentRequester]
CustomerContext = Context[CustomerRequester]
