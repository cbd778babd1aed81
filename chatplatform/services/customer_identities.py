"""Who a customer is: minting identities, and the grants that prove one (protocol.md 5.4)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from chatplatform import clock, ids, redirect_uris
from chatplatform.access_conditions import domain_of
from chatplatform.domain_events import tell
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.models import Application, Customer, CustomerIdentity, Organization
from chatplatform.oauth_errors import (
    AccessDenied,
    CustomerBanned,
    InvalidClient,
    InvalidRequest,
    ResourceNotFound,
    UnauthorizedClient,
)
from chatplatform.requester import AgentRequester
from chatplatform.selectors import domains, organizations
from chatplatform.selectors.customers import running_bans
from chatplatform.services import applications, tokens
from chatplatform.services.tokens import IssuedToken

OWN_CUSTOMERS: Final = "customers:own"
"""The scope that lets an agent's token act as any customer of its organisation."""

Check = Callable[[], None]


class Cookie(NamedTuple):
    """The pair a browser keeps: the customer's id, and the secret that proves it."""

    customer_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Granted:
    """A customer's new token; ``cookie`` is what the browser shall keep, for the cookie grant."""

    customer: Customer
    application: Application
    issued: IssuedToken
    cookie: Cookie | None = None


def create_customer(organization: Organization) -> Customer:
    """Store a customer nobody knows anything about yet."""
    return Customer.objects.create(organization=organization)


def grant_by_cookie(
    *,
    client_id: str,
    organization_id: UUID,
    redirect_uri: str,
    origin: str,
    own_page: str = "",
    cookie: Cookie | None,
    expires_in: int,
    address: str = "",
    before_minting: Check,
    before_renewing: Callable[[UUID], None] | None = None,
) -> Granted:
    """Give the browser that holds ``cookie`` a token of its customer, else of a new one.

    ``redirect_uri`` is the page that asks; it must be one of the client's. ``origin`` is what the
    browser itself says about that page, empty outside browsers: unless the client is open to
    every page, it has to agree. A client that is open to every page serves those of the allowed
    domains, where there are any, and of this server (``own_page``). A pair that does not fit
    together, or belongs to another organisation, proves nothing. ``address`` is where the browser
    is; ``before_minting`` may raise to refuse a new identity, ``before_renewing`` another token for
    the customer it is given.

    Raise :class:`InvalidClient`, :class:`UnauthorizedClient` (not this organisation's, or not at
    this page), :class:`InvalidRequest` for a malformed ``redirect_uri``, or
    :class:`CustomerBanned` when the customer or the address is turned away.
    """
    application = _client(client_id, organization_id)
    _check_page(application, redirect_uri, origin)
    if applications.is_open(application):
        _check_domain(application.organization, (redirect_uri, origin), own_page)
    identity = _proven(application.organization, cookie) if cookie else None
    if _is_banned(application.organization, identity, address):
        raise CustomerBanned("the customer is banned")
    if cookie is None or identity is None:
        before_minting()
        cookie, identity = None, None
    elif before_renewing is not None:
        before_renewing(identity.customer_id)
    with transaction.atomic():
        if identity is None:
            cookie, customer = _mint(application.organization)
        else:
            customer = identity.customer
            CustomerIdentity.objects.filter(pk=identity.pk).update(last_used_at=clock.now())
        issued = tokens.issue_customer_token(customer, application, expires_in)
    return Granted(customer, application, issued, cookie)


def grant_by_agent(
    requester: AgentRequester,
    *,
    client_id: str,
    customer_id: UUID | None,
    expires_in: int,
    before_minting: Check,
) -> Granted:
    """Let a backend with an agent's token act as a customer of that agent's organisation.

    Without ``customer_id`` a new customer is made, unless ``before_minting`` raises. Raise
    :class:`AccessDenied` without the scope ``customers:own``, :class:`InvalidClient`,
    :class:`UnauthorizedClient` for another organisation's client, and :class:`ResourceNotFound`
    for a customer the organisation does not have.
    """
    if not requester.has_scope(OWN_CUSTOMERS):
        raise AccessDenied(f"the token lacks the scope {OWN_CUSTOMERS}")
    application = _client(client_id, requester.organization_id)
    if customer_id is None:
        before_minting()
    with transaction.atomic():
        customer = _customer(application.organization, customer_id)
        issued = tokens.issue_customer_token(customer, application, expires_in)
    return Granted(customer, application, issued)


@transaction.atomic
def log_out(customer: Customer) -> None:
    """Log a customer out everywhere: no browser and no token stands for them any more.

    Their live connections end with ``logged_out_remotely``; chats and data stay.
    """
    customer.identities.all().delete()
    customer.tokens.all().delete()
    tell(
        SessionsEnded(
            organization_id=str(customer.organization_id),
            user_id=str(customer.pk),
            reason="logged_out_remotely",
        )
    )


def _customer(organization: Organization, customer_id: UUID | None) -> Customer:
    if customer_id is None:
        return create_customer(organization)
    customer = Customer.objects.filter(organization=organization, pk=customer_id).first()
    if customer is None:
        raise ResourceNotFound("there is no customer with this entity_id")
    return customer


def _client(client_id: str, organization_id: UUID) -> Application:
    application = organizations.application(client_id)
    if application is None:
        raise InvalidClient("there is no client with this client_id")
    if application.organization_id != organization_id:
        raise UnauthorizedClient("the client belongs to another organization")
    return application


def _check_page(application: Application, redirect_uri: str, origin: str) -> None:
    try:
        page = redirect_uris.parse(redirect_uri)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None
    if not applications.allows_redirect(application, page):
        raise UnauthorizedClient("redirect_uri is not one of the client's")
    if origin and not applications.is_open(application) and not _agrees(origin, page):
        raise UnauthorizedClient("redirect_uri is not on the page that asks")


def _check_domain(organization: Organization, pages: Iterable[str], own_page: str) -> None:
    named = [page for page in pages if page and domain_of(page) != domain_of(own_page)]
    allowed = domains.allowed_domains(organization.pk) if named else []
    if allowed and not all(domains.covering(allowed, page) for page in named):
        raise UnauthorizedClient("the page is of a domain that is not allowed")


def _agrees(origin: str, page: redirect_uris.Address) -> bool:
    try:
        return redirect_uris.parse(origin).origin == page.origin
    except ValueError:
        return False


def _proven(organization: Organization, cookie: Cookie) -> CustomerIdentity | None:
    """Return the identity whose secret the cookie holds, if its id is that customer's too."""
    identity = (
        CustomerIdentity.objects.filter(
            checksum=tokens.checksum(cookie.secret), customer__organization=organization
        )
        .select_related("customer")
        .first()
    )
    if identity is None or str(identity.customer_id) != cookie.customer_id:
        return None
    return identity


def _is_banned(organization: Organization, identity: CustomerIdentity | None, address: str) -> bool:
    bans = Q(customer=identity.customer_id) if identity is not None else Q(pk__in=[])
    if address:
        bans |= Q(ip=address)
    return running_bans(organization.pk).filter(bans).exists()


def _mint(organization: Organization) -> tuple[Cookie, Customer]:
    customer = create_customer(organization)
    secret = ids.secret()
    CustomerIdentity.objects.create(customer=customer, checksum=tokens.checksum(secret))
    return Cookie(str(customer.pk), secret), customer
