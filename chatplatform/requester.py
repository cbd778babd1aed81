"""Who asks: the value handlers and services take instead of an HTTP request."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chatplatform.domain_events import Cause


def customer_rate_key(customer_id: UUID) -> str:
    """Return what the rate limit counts a customer by."""
    return f"c:{customer_id}"


def bot_rate_key(organization_id: UUID, bot_id: str) -> str:
    """Return what the rate limit counts a bot by; a template's has the same id on each licence."""
    return f"b:{organization_id}:{bot_id}"


@dataclass(frozen=True, slots=True)
class AgentRequester:
    """An agent or bot with a verified token.

    ``agent_id`` is the row's key, ``public_id`` the id in the Agent API. ``scopes`` are those the
    token carries that the role still allows, ``rw`` expanded to ``ro``. ``token_checksum`` names
    the token, so that its revocation finds the live connections.
    """

    organization_id: UUID
    license_id: int
    account_id: UUID | None
    agent_id: int
    public_id: str
    customer_facing_id: str
    name: str
    role: str
    client_id: str
    scopes: frozenset[str]
    token_checksum: str
    expires_at: datetime | None

    @property
    def user_id(self) -> str:
        """The id under which this user takes part in chats."""
        return self.public_id

    @property
    def rate_key(self) -> str:
        """What the rate limit counts by: the account, or the bot."""
        if self.account_id is None:
            return bot_rate_key(self.organization_id, self.public_id)
        return f"a:{self.account_id}"

    @property
    def sees_deleted(self) -> bool:
        """Whether deleted events are shown as they were, and not as stubs (protocol.md 2.6)."""
        return self.role != "normal"

    def has_scope(self, *any_of: str) -> bool:
        """Tell whether the token carries at least one of the scopes."""
        return not self.scopes.isdisjoint(any_of)


@dataclass(frozen=True, slots=True)
class CustomerRequester:
    """A customer with a verified token. Customers' tokens carry no scopes."""

    organization_id: UUID
    license_id: int
    customer_id: UUID
    client_id: str
    token_checksum: str
    expires_at: datetime | None

    @property
    def user_id(self) -> str:
        """The id under which this user takes part in chats."""
        return str(self.customer_id)

    @property
    def rate_key(self) -> str:
        """What the rate limit counts by."""
        return customer_rate_key(self.customer_id)

    @property
    def sees_deleted(self) -> bool:
        """Whether deleted events are shown as they were: never to customers."""
        return False


Requester = AgentRequester | CustomerRequester


def cause_of(
    requester: Requester, door: str = "", address: str = "", user_agent: str = ""
) -> Cause:
    """Return ``requester`` as the cause of what they change, and the way they came."""
    account_id = requester.account_id if isinstance(requester, AgentRequester) else None
    return Cause(
        requester.user_id,
        str(account_id or ""),
        requester.client_id,
        door,
        address,
        user_agent,
    )
