"""The refusals of the accounts endpoints, one class per exception (protocol.md 5.1, 5.4).

Clients look for the key ``oauth_exception`` (the request or the client is at fault) or
``identity_exception`` (who asks is) whatever the HTTP status.
"""

from typing import ClassVar


class AccountsError(Exception):
    """A refusal the client is told about; ``description`` is free text for a developer."""

    key: ClassVar[str]
    code: ClassVar[str]
    status: ClassVar[int]
    details: ClassVar[str] = ""
    """A word for what is wrong in particular, where the protocol has one; pages show it."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description

    def body(self) -> dict[str, str]:
        """Return the body of the answer."""
        return {self.key: self.code, "exception_description": self.description}


class OAuthError(AccountsError):
    """The request or the client is at fault."""

    key = "oauth_exception"
    status = 400


class IdentityError(AccountsError):
    """Who asks is at fault, or nobody."""

    key = "identity_exception"
    status = 401


class InvalidRequest(OAuthError):
    """A parameter is missing, malformed, or does not fit the others."""

    code = "invalid_request"


class BodyTooLarge(InvalidRequest):
    """The body is over the limit."""

    status = 413


class TooManyRedirects(InvalidRequest):
    """The client sends the same person here again and again; it lifts by itself."""

    status = 429
    details = "too_many_redirects"


class UnsupportedResponseType(OAuthError):
    """There is no such answer to an authorization."""

    code = "unsupported_response_type"


class InvalidScope(OAuthError):
    """A scope does not exist, the client may not ask for it, or nobody in this role has any."""

    code = "invalid_scope"


class ConsentRefused(OAuthError):
    """The person does not want this."""

    code = "access_denied"
    status = 403


class ForeignApplication(ConsentRefused):
    """The application belongs to another organisation than the person."""


class UnsupportedGrantType(OAuthError):
    """There is no such grant."""

    code = "unsupported_grant_type"


class InvalidGrant(OAuthError):
    """What was handed in for a token is no such thing, is over, or was used already."""

    code = "invalid_grant"


class InvalidClient(OAuthError):
    """There is no such client."""

    code = "invalid_client"
    status = 401


class UnauthorizedClient(OAuthError):
    """The client may not ask this: not there, or not for this organisation."""

    code = "unauthorized_client"
    status = 403


class ClientNotFound(UnauthorizedClient):
    """There is no client with this id, or none was named."""

    details = "client_id_not_found"


class RedirectUriNotSet(UnauthorizedClient):
    """The client has no address to be answered at."""

    details = "redirect_uri_not_set"


class InvalidRedirectUri(UnauthorizedClient):
    """The address is not one of the client's."""

    details = "invalid_redirect_uri"


class ResourceNotFound(OAuthError):
    """What the request names does not exist, or not where the requester may know of it."""

    code = "resource_not_found"
    status = 404


class MethodNotAllowed(InvalidRequest):
    """The address does not serve this HTTP method."""

    status = 405


class TooManyAttempts(OAuthError):
    """The address asks too often; it lifts by itself."""

    code = "temporarily_unavailable"
    status = 429


class TemporarilyUnavailable(OAuthError):
    """A part the request needs is away for a moment; nothing was changed."""

    code = "temporarily_unavailable"
    status = 503


class ServerError(OAuthError):
    """Our fault; details are in the server's log only."""

    code = "server_error"
    status = 500


class Unauthorized(IdentityError):
    """No valid token."""

    code = "unauthorized"


class CustomerBanned(IdentityError):
    """The customer, or their address, is turned away for now."""

    code = "customer_banned"
    status = 403


class AccessDenied(IdentityError):
    """The token does not allow this."""

    code = "access_denied"
    status = 403
