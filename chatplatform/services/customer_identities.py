"""Who a customer is: minting identities, and the grants that prove one (protocol.md 5.4).

Here are the grants of a browser's cookies and of an agent's token, and what all grants share; the
others are in ``identity_transfers`` and ``identity_proofs``. A refused grant stores nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from chatplatform import clock, ids, redirect_uris
from chatplatform.access_conditions import domain_of
from chatplatform.domain_events import tell
from chatplatform.domain_events.sessions import SessionsEnded
from chatplatform.errors import NotFound
from chatplatform.models import (
    Application,
    Customer,
    CustomerIdentity,
    IdentityTransfer,
    Organization,
)
from chatplatform.oauth_errors import (
    AccessDenied,
    CustomerBanned,
    InvalidClient,
    InvalidRequest,
    ResourceNotFound,
    UnauthorizedClient,
)
from chatplatform.properties import license_value
from chatplatform.requester import AgentRequester
from chatplatform.selectors import domains, groups, organizations
from chatplatform.selectors.customers import running_bans
from chatplatform.services import applications, customer_tokens, tokens
from chatplatform.services.tokens import LIFETIME_SECONDS, IssuedToken

OWN_CUSTOMERS: Final = "customers:own"
"""The scope that lets an agent's token act as any customer of its organisation."""
MAX_BROWSERS: Final = 100
"""How many browsers may hold an identity of one customer; the one unused for longest goes."""


class Cookie(NamedTuple):
    """The pair a browser keeps: the customer's id, and the secret that proves it."""

    customer_id: str
    secret: str


def _anything_goes() -> None:
    pass


def _anybody_may(customer_id: UUID) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who wants a customer's token, and where they are.

    ``redirect_uri`` is the page that asks, as the request says. ``origin`` is what the browser
    itself says about that page, empty outside browsers. ``own_page`` is this server's host,
    ``address`` where the call comes from. With ``group_number`` the identity is kept apart for
    that group. ``expires_in`` is how long the token shall live, in seconds.

    The others may raise to refuse: ``before_minting`` a new identity, ``before_renewing`` another
    token for a customer, ``after_guessing`` is told of a code or proof that was none.
    """

    client_id: str
    redirect_uri: str = ""
    origin: str = ""
    own_page: str = ""
    address: str = ""
    group_number: int | None = None
    expires_in: int = LIFETIME_SECONDS
    before_minting: Callable[[], None] = _anything_goes
    before_renewing: Callable[[UUID], None] = _anybody_may
    after_guessing: Callable[[], None] = _anything_goes


@dataclass(frozen=True, slots=True)
class Granted:
    """A customer's new token; ``cookie`` is what the browser that asked shall keep, if anything."""

    customer: Customer
    application: Application
    issued: IssuedToken
    cookie: Cookie | None = None


def create_customer(organization: Organization) -> Customer:
    """Store a customer nobody knows anything about yet."""
    return Customer.objects.create(organization=organization)


def grant_by_cookie(asker: Asker, organization_id: UUID, cookies: Sequence[Cookie]) -> Granted:
    """Give the browser that holds one of ``cookies`` a token of its customer, else of a new one.

    A browser sends the pairs of several paths; the first that proves an identity of this
    organisation, and of this group, counts. A pair that does not fit together proves nothing.

    Raise what :func:`client_for` raises, :class:`InvalidRequest` where nobody says which page asks,
    and :class:`CustomerBanned` when the customer or the address is turned away.
    """
    if not (asker.redirect_uri or asker.origin):
        raise InvalidRequest("redirect_uri is required where there is no Origin header")
    application = client_for(asker, organization_id)
    organization = application.organization
    found = _proven(organization, cookies, asker.group_number)
    refuse_banned(organization, found[1].customer_id if found else None, asker.address)
    if found is not None:
        asker.before_renewing(found[1].customer_id)
    with transaction.atomic():
        if found is not None and _still_stands(found[1], application):
            cookie, customer = found[0], found[1].customer
        else:
            asker.before_minting()
            customer = create_customer(organization)
            cookie = keep_in_browser(customer, asker.group_number)
        issued = customer_tokens.issue_customer_token(customer, application, asker.expires_in)
    return Granted(customer, application, issued, cookie)


def grant_by_agent(requester: AgentRequester, asker: Asker, customer_id: UUID | None) -> Granted:
    """Let a backend with an agent's token act as a customer of that agent's organisation.

    Without ``customer_id`` a new customer is made. Raise :class:`AccessDenied` without the scope
    ``customers:own``, :class:`InvalidClient`, :class:`UnauthorizedClient` for another
    organisation's client, :class:`ResourceNotFound` for a customer the organisation does not have,
    and :class:`CustomerBanned`.
    """
    require_own_customers(requester)
    application = client_of(asker.client_id, requester.organization_id)
    _check_group(application.organization, asker.group_number)
    customer = None
    if customer_id is not None:
        customer = existing_customer(application.organization, customer_id, "entity_id")
    refuse_banned(application.organization, customer_id, asker.address)
    if customer is None:
        asker.before_minting()
    with transaction.atomic():
        if customer is None:
            customer = create_customer(application.organization)
        elif not is_there(customer, application):
            raise ResourceNotFound("there is no customer with this entity_id")
        issued = customer_tokens.issue_customer_token(customer, application, asker.expires_in)
    return Granted(customer, application, issued)


@transaction.atomic
def log_out(customer: Customer) -> None:
    """Log a locked customer out everywhere: no browser and no token stands for them any more.

    Their live connections end with ``logged_out_remotely``; chats and data stay.
    """
    customer.identities.all().delete()
    customer.tokens.all().delete()
    IdentityTransfer.objects.filter(customer=customer).delete()
    tell(
        SessionsEnded(
            organization_id=str(customer.organization_id),
            user_id=str(customer.pk),
            reason="logged_out_remotely",
        )
    )


def forget_browser(cookies: Sequence[Cookie]) -> int:
    """Let the identities a browser holds end, whosever they are; return how many there were.

    Tokens and other browsers of these customers stay.
    """
    gone = 0
    for cookie in cookies:
        rows = CustomerIdentity.objects.filter(checksum=tokens.checksum(cookie.secret))
        gone += rows.delete()[0]
    return gone


# --- what all grants share ----------------------------------------------------------------------


def client_for(asker: Asker, organization_id: UUID, *, site_will_do: bool = False) -> Application:
    """Return the client that asks, if it may, for this organisation and from this page.

    The page must be one of the client's; where a browser says which page it is, that has to agree.
    A client that is open to every page serves those of the allowed domains, where there are any,
    and of this server. Who names no page, and is no browser, is nowhere. ``site_will_do`` lets a
    browser that names no page in from anywhere on a site the client has a page of.

    Raise :class:`InvalidClient`, :class:`UnauthorizedClient` (not this organisation's, or not at
    this page), :class:`InvalidRequest` for a malformed ``redirect_uri`` or a licence that does not
    keep groups apart, and :class:`ResourceNotFound` for a group that is not there.
    """
    application = client_of(asker.client_id, organization_id)
    if asker.redirect_uri or asker.origin:
        if asker.redirect_uri or not site_will_do:
            _check_page(application, asker.redirect_uri or asker.origin, asker.origin)
        else:
            _check_site(application, asker.origin)
        if applications.is_open(application):
            pages = (asker.redirect_uri, asker.origin)
            _check_domain(application.organization, pages, asker.own_page)
    _check_group(application.organization, asker.group_number)
    return application


def client_of(client_id: str, organization_id: UUID) -> Application:
    """Return a client of the organisation; raise ``InvalidClient`` or ``UnauthorizedClient``."""
    application = organizations.application(client_id)
    if application is None:
        raise InvalidClient("there is no client with this client_id")
    if application.organization_id != organization_id:
        raise UnauthorizedClient("the client belongs to another organization")
    return application


def require_own_customers(requester: AgentRequester) -> None:
    """Raise :class:`AccessDenied` for an agent whose token may not act as customers."""
    if not requester.has_scope(OWN_CUSTOMERS):
        raise AccessDenied(f"the token lacks the scope {OWN_CUSTOMERS}")


def existing_customer(organization: Organization, customer_id: UUID, field: str) -> Customer:
    """Return the organisation's customer; raise :class:`ResourceNotFound` about ``field``."""
    customer = Customer.objects.filter(organization=organization, pk=customer_id).first()
    if customer is None:
        raise ResourceNotFound(f"there is no customer with this {field}")
    return customer


def is_there(customer: Customer, application: Application) -> bool:
    """Tell whether the customer was not erased meanwhile, and keep them until commit if so.

    Locks, and raises, as ``customer_tokens.lock_customer`` does.
    """
    try:
        customer_tokens.lock_customer(customer, application)
    except NotFound:
        return False
    return True


def refuse_banned(organization: Organization, customer_id: UUID | None, address: str) -> None:
    """Raise :class:`CustomerBanned` where the customer, or ``address``, is turned away."""
    bans = Q(customer_id=customer_id) if customer_id is not None else Q(pk__in=[])
    if address:
        bans |= Q(ip=address)
    if running_bans(organization.pk).filter(bans).exists():
        raise CustomerBanned("the customer is banned")


def keep_in_browser(customer: Customer, group_number: int | None) -> Cookie:
    """Make another identity of ``customer``, for one browser to keep, and return its pair.

    Beyond :data:`MAX_BROWSERS` the one unused for longest ends. Call it in a transaction.
    """
    secret = ids.secret()
    customer.identities.create(checksum=tokens.checksum(secret), group_number=group_number)
    newest = customer.identities.order_by("-last_used_at", "-pk")
    surplus = list(newest.values_list("pk", flat=True)[MAX_BROWSERS:])
    customer.identities.filter(pk__in=surplus).delete()
    return Cookie(str(customer.pk), secret)


def keeps_groups_apart(organization: Organization) -> bool:
    """Tell whether a browser may have a customer of its own in each group."""
    between = license_value(organization.properties, "chats", "chat_between_groups", True)
    return between is False


_NUMBERS: Final = range(2**31)
"""What databases can look for."""


def _check_group(organization: Organization, number: int | None) -> None:
    if number is None:
        return
    if number not in _NUMBERS or not groups.existing_numbers(organization.pk, [number]):
        raise ResourceNotFound("there is no such group")
    if not keeps_groups_apart(organization):
        raise InvalidRequest("the licence's property chat_between_groups is not false")


def _check_page(application: Application, redirect_uri: str, origin: str) -> None:
    try:
        page = redirect_uris.parse(redirect_uri)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None
    if not applications.allows_redirect(application, page):
        raise UnauthorizedClient("redirect_uri is not one of the client's")
    if origin and not applications.is_open(application) and not _agrees(origin, page):
        raise UnauthorizedClient("redirect_uri is not on the page that asks")


def _check_site(application: Application, origin: str) -> None:
    pages = [redirect_uris.parse(page) for page in application.redirect_uris.split()]
    if not applications.is_open(application) and not any(_agrees(origin, page) for page in pages):
        raise UnauthorizedClient("the page that asks is on no site of the client's")


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


def _still_stands(identity: CustomerIdentity, application: Application) -> bool:
    """Note that a proven identity is used; tell whether nobody ended it meanwhile."""
    rows = CustomerIdentity.objects.filter(pk=identity.pk)
    there = is_there(identity.customer, application)
    return there and rows.update(last_used_at=clock.now()) == 1


def _proven(
    organization: Organization, cookies: Sequence[Cookie], group_number: int | None
) -> tuple[Cookie, CustomerIdentity] | None:
    """Return the first pair whose secret is of an identity of the customer it names. One read."""
    by_checksum = {tokens.checksum(cookie.secret): cookie for cookie in reversed(cookies)}
    rows = CustomerIdentity.objects.filter(
        checksum__in=by_checksum, customer__organization=organization, group_number=group_number
    ).select_related("customer")
    found = {row.checksum: row for row in rows} if by_checksum else {}
    for cookie in cookies:
        identity = found.get(tokens.checksum(cookie.secret))
        if identity is not None and str(identity.customer_id) == cookie.customer_id:
            return cookie, identity
    return None
