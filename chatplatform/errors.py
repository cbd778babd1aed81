"""The protocol's errors, one class per type; services raise them (protocol.md 4.3).

Nothing else decides what a refusal looks like: ``type``, default ``message`` and HTTP ``status``
stand here, and ``api/errors.py`` turns an instance into an answer.
"""

from typing import Any, ClassVar


class ProtocolError(Exception):
    """A refusal the client is told about.

    ``message`` is free text for a developer; ``data`` adds machine-readable detail.
    """

    type: ClassVar[str]
    message: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(self, message: str | None = None, data: dict[str, Any] | None = None) -> None:
        super().__init__(message or self.message)
        self.data = data

    def body(self) -> dict[str, Any]:
        """Return the ``error`` object of the wire."""
        body: dict[str, Any] = {"type": self.type, "message": str(self)}
        if self.data is not None:
            body["data"] = self.data
        return body


class Validation(ProtocolError):
    """The request is malformed or breaks a documented rule."""

    type = "validation"
    message = "Wrong format of request"


class UnsupportedVersion(ProtocolError):
    """No such wire version."""

    type = "unsupported_version"
    message = "Unsupported version"


class ChatInactive(ProtocolError):
    """The chat has no active thread."""

    type = "chat_inactive"
    message = "Chat is inactive"


class ChatAlreadyActive(ProtocolError):
    """The chat has an active thread already."""

    type = "chat_already_active"
    message = "Chat is already active"


class ChatAnonymized(ProtocolError):
    """All that could identify anybody was taken out of the chat; it can not go on."""

    type = "chat_anonymized"
    message = "Chat is anonymized"


class GroupsOffline(ProtocolError):
    """No agent of the chat's groups accepts chats, and the chat is not continuous."""

    type = "groups_offline"
    message = "Groups are offline"


class GroupOffline(ProtocolError):
    """Nobody of the one group asked about accepts chats."""

    type = "group_offline"
    message = "Group is offline"


class GroupUnavailable(ProtocolError):
    """The group is online, but nobody can be told to be the one who will answer."""

    type = "group_unavailable"
    message = "No agent is available in the group"


class AgentOffline(ProtocolError):
    """The agent named has no live connection."""

    type = "agent_offline"
    message = "Agent is offline"


class RequesterAlreadyOffline(ProtocolError):
    """The requester has no live connection."""

    type = "requester_already_offline"
    message = "Requester is already offline"


class OwnershipTransfer(ProtocolError):
    """Only passing the organisation on to someone else changes who owns it."""

    type = "ownership_transfer"
    message = "The owner can not be changed"


class Authentication(ProtocolError):
    """No valid token."""

    type = "authentication"
    message = "Authentication error"
    status = 401


class LicenseExpired(ProtocolError):
    """The licence is past its term."""

    type = "license_expired"
    message = "License expired"
    status = 402


class Authorization(ProtocolError):
    """The token does not allow this."""

    type = "authorization"
    message = "User is not authorized to perform this action"
    status = 403


class MissingAccess(ProtocolError):
    """An agent involved has no access to the chat."""

    type = "missing_access"
    message = "Agent does not have access to the chat"
    status = 403


class NotAllowed(ProtocolError):
    """The rules of the chat forbid this."""

    type = "not_allowed"
    message = "Action is not allowed"
    status = 403


class CustomerBanned(ProtocolError):
    """The customer, or their address, is turned away for now."""

    type = "customer_banned"
    message = "Customer is banned"
    status = 403


class RequesterSuspended(ProtocolError):
    """The agent's seat is suspended."""

    type = "requester_suspended"
    message = "Requester is suspended"
    status = 403


class RequesterAwaitingApproval(ProtocolError):
    """The agent's seat is not approved yet."""

    type = "requester_awaiting_approval"
    message = "Requester is awaiting approval"
    status = 403


class NotFound(ProtocolError):
    """No such thing, or none the requester may know of."""

    type = "not_found"
    message = "Not found"
    status = 404


class UnknownAction(NotFound):
    """No such action on this API, transport and version; the message says so."""

    message = "unknown action"


class GroupNotFound(ProtocolError):
    """No such group."""

    type = "group_not_found"
    message = "Group not found"
    status = 404


class GreetingNotFound(ProtocolError):
    """The customer was shown no such greeting, or is shown it no longer."""

    type = "greeting_not_found"
    message = "Greeting not found"
    status = 404


class LicenseNotFound(ProtocolError):
    """No such organisation."""

    type = "license_not_found"
    message = "License not found"
    status = 404


class AlreadyExists(ProtocolError):
    """There is one of that id or name already."""

    type = "already_exists"
    message = "Already exists"
    status = 409


class EntityTooLarge(ProtocolError):
    """The body or file is over the limit."""

    type = "entity_too_large"
    message = "Entity too large"
    status = 413


class TooManyRequests(ProtocolError):
    """The requester's rate is over the limit; it lifts by itself."""

    type = "too_many_requests"
    message = "Too many requests"
    status = 429


class LimitReached(ProtocolError):
    """A documented maximum of things is reached."""

    type = "limit_reached"
    message = "Limit reached"
    status = 429


class ChatLimitReached(ProtocolError):
    """The customer has as many chats as the licence allows."""

    type = "chat_limit_reached"
    message = "Chat limit reached"
    status = 429


class PendingRequestsLimitReached(ProtocolError):
    """Too many requests of one connection wait for their answers."""

    type = "pending_requests_limit_reached"
    message = "Pending requests limit reached"
    status = 429


class Internal(ProtocolError):
    """Our fault; details are in the server's log only."""

    type = "internal"
    message = "Internal server error"
    status = 500


class ServiceUnavailable(ProtocolError):
    """A part the request needs is away for a moment; nothing was changed."""

    type = "service_unavailable"
    message = "Service unavailable"
    status = 503


class RequestTimeout(ProtocolError):
    """The request took too long; its changes were rolled back."""

    type = "request_timeout"
    message = "Request timed out"
    status = 504


TURNED_AWAY = (Authentication, CustomerBanned, RequesterSuspended, RequesterAwaitingApproval)
"""What somebody is refused with for who they are, before they are counted as a requester."""
