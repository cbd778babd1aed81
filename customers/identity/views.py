"""The accounts endpoints for customers over HTTP, below ``/v2/customer`` and ``/customer``.

Pages of any origin may call them with cookies, so every answer echoes the caller's Origin; which
pages get a token is the service's decision. Refusals are ``{oauth_exception | identity_exception,
exception_description}``. The older addresses are the same, with ``license_id`` in the place of
``organization_id``.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from chatplatform import clock
from chatplatform.api import ratelimit
from chatplatform.errors import (
    Authentication,
    RequesterAwaitingApproval,
    RequesterSuspended,
)
from chatplatform.oauth_errors import (
    AccessDenied,
    InvalidRequest,
    Unauthorized,
    UnauthorizedClient,
)
from chatplatform.requester import AgentRequester, CustomerRequester, customer_rate_key
from chatplatform.selectors import organizations
from chatplatform.services import (
    authentication,
    customer_identities,
    customer_tokens,
    identity_proofs,
    identity_transfers,
)
from chatplatform.services.customer_identities import Asker, Granted
from chatplatform.transports.accounts_endpoint import AccountsEndpoint, bearer_of
from chatplatform.transports.addresses import address_of, base_url
from customers.identity import cookies
from customers.identity.requests import (
    AGENT_TOKEN,
    COOKIE,
    GRANTS,
    GROUP_GRANTS,
    IDENTITY_PROOF,
    IDENTITY_TOKEN,
    IDENTITY_TRANSFER,
    TokenRequest,
    required,
    token_request,
    transfer_request,
    uuid_field,
)


class AccountsView(AccountsEndpoint):
    """An accounts endpoint that knows browsers by their cookies."""

    about = "customer identity"

    def open_to(self, request: HttpRequest, response: HttpResponseBase) -> None:
        """Let the page that asks read the answer, and send cookies with its request."""
        patch_vary_headers(response, ["Origin"])
        origin = request.headers.get("Origin", "")
        if origin and origin.isprintable():
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Allow-Credentials"] = "true"


class IssuingView(AccountsView):
    """Issues customers' tokens, for what proves a customer, or may make one."""

    older = False
    """Whether licences stand for organisations (version 1)."""

    def issue(
        self,
        request: HttpRequest,
        wanted: TokenRequest,
        organization_id: UUID | None,
        group_number: int | None = None,
    ) -> HttpResponse:
        """Answer with a token of the organisation, and of a customer of the group's own."""
        granted = _GRANTS[wanted.grant_type](
            request, wanted, _asker(request, wanted, group_number), organization_id
        )
        organization = granted.application.organization
        response = JsonResponse(
            {
                "access_token": granted.issued.token,
                "client_id": granted.application.client_id,
                "entity_id": str(granted.customer.pk),
                "expires_in": granted.issued.expires_in,
                **_whose(self.older, organization.pk, organization.license_id),
                "token_type": "Bearer",
            }
        )
        if granted.cookie is not None:
            cookies.write(response, granted.cookie, cookies.paths(organization, group_number))
        return response

    def organization_in(self, wanted: TokenRequest) -> UUID | None:
        """Return the organisation the body names, if it does."""
        if self.older and wanted.license_id is not None:
            return _organization_of(wanted.license_id)
        return uuid_field("organization_id", wanted.organization_id)


class TokenView(IssuingView):
    """``…/token``: a token of the customer, and its end."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Issue a token by the grant the body names."""
        wanted = token_request(request, GRANTS)
        return self.issue(request, wanted, self.organization_in(wanted))

    def delete(self, request: HttpRequest) -> HttpResponse:
        """Revoke the token in the Authorization header; its live connections end."""
        _customer(request, request.headers.get("Authorization", ""))
        customer_tokens.revoke_customer_token(bearer_of(request))
        return JsonResponse({})


class GroupTokenView(IssuingView):
    """``…/{organization}/{group}/token``: of an identity that is kept apart for one group."""

    def post(
        self,
        request: HttpRequest,
        group_id: int,
        organization_id: UUID | None = None,
        license_id: int | None = None,
    ) -> HttpResponse:
        """Issue a token by the grant the body names."""
        wanted = token_request(request, GROUP_GRANTS)
        if license_id is not None:
            organization_id = _organization_of(license_id)
        named = self.organization_in(wanted)
        if named not in (None, organization_id):
            raise InvalidRequest("the body names another organization than the address")
        return self.issue(request, wanted, organization_id, group_id)


class TransferView(AccountsView):
    """``…/identity_transfer``: a customer's ticket to another device or site."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Issue an identity transfer token."""
        wanted = transfer_request(request)
        challenge = identity_transfers.challenge(
            wanted.code_challenge, wanted.code_challenge_method
        )
        customer_id = uuid_field("customer_id", wanted.customer_id)
        if wanted.bearer_type == "agent":
            issued = identity_transfers.transfer_by_agent(
                _agent(request), wanted.client_id, customer_id, challenge, address_of(request)
            )
        else:
            requester = _customer(request, request.headers.get("Authorization", ""))
            issued = identity_transfers.transfer_by_customer(
                requester, wanted.client_id, customer_id, challenge
            )
        return JsonResponse(
            {"identity_transfer_token": issued.token, "expires_in": issued.expires_in}
        )


class BrowserView(AccountsView):
    """``…/browser``, ours: the identity this browser holds, for a group or for all."""

    def delete(
        self, request: HttpRequest, organization_id: UUID | None = None, group_id: int | None = None
    ) -> HttpResponse:
        """Let the browser forget who it was; for the widget's own panel alone."""
        if request.headers.get("Origin", "") != base_url(request):
            raise UnauthorizedClient("only the widget's own page may ask this")
        customer_identities.forget_browser(cookies.read(request))
        response = JsonResponse({})
        organization = organizations.by_id(organization_id) if organization_id else None
        at = cookies.paths(organization, group_id) if organization else cookies.EVERYWHERE
        cookies.forget(response, at)
        return response


class InfoView(AccountsView):
    """``…/info``: whose token it is, and for how long."""

    older = False

    def get(self, request: HttpRequest) -> HttpResponse:
        """Describe the token in the Authorization header, or in the query as ``code``."""
        token = bearer_of(request) or request.GET.get("code", "")
        requester = _customer(request, f"Bearer {token}")
        return JsonResponse(
            {
                "access_token": token,
                "client_id": requester.client_id,
                "entity_id": str(requester.customer_id),
                "expires_in": _seconds_until(requester.expires_at),
                **_whose(self.older, requester.organization_id, requester.license_id),
                "token_type": "Bearer",
            }
        )


def _whose(older: bool, organization_id: UUID, license_id: int) -> dict[str, Any]:
    return {"license_id": license_id} if older else {"organization_id": str(organization_id)}


def _organization_of(license_id: int) -> UUID:
    """Return the licence's organisation; one that is not there is nobody's."""
    if license_id not in _LICENSES:
        return _NOBODY
    found = organizations.by_license(license_id)
    return found.pk if found is not None else _NOBODY


_NOBODY: Final = UUID(int=0)
_LICENSES: Final = range(2**63)


def _asker(request: HttpRequest, wanted: TokenRequest, group_number: int | None) -> Asker:
    address = address_of(request)
    return Asker(
        client_id=wanted.client_id,
        redirect_uri=wanted.redirect_uri or "",
        origin=request.headers.get("Origin", ""),
        own_page=request.get_host(),
        address=address,
        group_number=group_number,
        expires_in=wanted.expires_in,
        before_minting=lambda: ratelimit.minted_identity(address),
        before_renewing=lambda customer_id: ratelimit.count(customer_rate_key(customer_id)),
        after_guessing=lambda: ratelimit.failed_authentication(address),
    )


def _by_cookie(
    request: HttpRequest, wanted: TokenRequest, asker: Asker, organization_id: UUID | None
) -> Granted:
    if organization_id is None:
        raise InvalidRequest("organization_id is required")
    return customer_identities.grant_by_cookie(asker, organization_id, cookies.read(request))


def _by_agent(
    request: HttpRequest, wanted: TokenRequest, asker: Asker, organization_id: UUID | None
) -> Granted:
    requester = _agent(request)
    if organization_id not in (None, requester.organization_id):
        raise AccessDenied("the token belongs to another organization")
    customer_id = uuid_field("entity_id", wanted.entity_id)
    return customer_identities.grant_by_agent(requester, asker, customer_id)


def _by_transfer(
    request: HttpRequest, wanted: TokenRequest, asker: Asker, organization_id: UUID | None
) -> Granted:
    code = required("code", wanted.code)
    verifier = wanted.code_verifier or ""
    return identity_transfers.grant_by_transfer(asker, code, verifier, organization_id)


def _by_proof(
    request: HttpRequest, wanted: TokenRequest, asker: Asker, organization_id: UUID | None
) -> Granted:
    if organization_id is None:
        raise InvalidRequest("organization_id is required")
    proof = required("proof", wanted.proof)
    return identity_proofs.grant_by_proof(asker, organization_id, proof)


_GRANTS: Final = {
    COOKIE: _by_cookie,
    AGENT_TOKEN: _by_agent,
    IDENTITY_TOKEN: _by_transfer,
    IDENTITY_TRANSFER: _by_transfer,
    IDENTITY_PROOF: _by_proof,
}


def _agent(request: HttpRequest) -> AgentRequester:
    """Return the agent whose OAuth token the request carries; personal tokens do not serve."""
    credentials = request.headers.get("Authorization", "")
    if not bearer_of(request):
        raise Unauthorized("the agent_token grant needs an agent's Bearer token")
    try:
        requester = authentication.authenticate_agent(credentials)
    except Authentication as error:
        ratelimit.failed_authentication(address_of(request))
        raise Unauthorized(str(error)) from None
    except (RequesterSuspended, RequesterAwaitingApproval) as error:
        raise AccessDenied(str(error)) from None
    ratelimit.count(requester.rate_key)
    return requester


def _customer(request: HttpRequest, credentials: str) -> CustomerRequester:
    try:
        requester = authentication.identify_customer(credentials, address_of(request))
    except Authentication as error:
        ratelimit.failed_authentication(address_of(request))
        raise Unauthorized(str(error)) from None
    ratelimit.count(requester.rate_key)
    return requester


def _seconds_until(moment: datetime | None) -> int:
    return 0 if moment is None else max(0, int((moment - clock.now()).total_seconds()))
