"""Customers on their way to another device or site (protocol.md 5.4).

Who proves to be a customer, or may act as one, gets a token that says so for an hour. Whoever
redeems it becomes that customer where they are: once, and if it was bound to a challenge, only
with its verifier (RFC 7636).
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.crypto import constant_time_compare

from chatplatform import clock, ids
from chatplatform.models import Application, Customer, CustomerToken, IdentityTransfer
from chatplatform.oauth_errors import (
    AccessDenied,
    InvalidGrant,
    InvalidRequest,
    ResourceNotFound,
    Unauthorized,
)
from chatplatform.requester import AgentRequester, CustomerRequester
from chatplatform.services import customer_identities, customer_tokens, tokens
from chatplatform.services.customer_identities import Asker, Granted
from chatplatform.services.tokens import IssuedToken

TRANSFER_SECONDS: Final = 3_600
MAX_PER_CUSTOMER: Final = 25
"""How many transfers of one customer may be under way; the oldest end."""
PLAIN: Final = "plain"
S256: Final = "S256"
_FORMS: Final = {
    PLAIN: re.compile(r"[A-Za-z0-9._~-]{1,128}"),
    S256: re.compile(r"[A-Za-z0-9_-]{43}"),
}


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the verifier of whoever redeems a transfer has to fit; empty: nothing is asked."""

    value: str = ""
    method: str = S256

    def fits(self, verifier: str) -> bool:
        """Tell whether ``verifier`` is the one the challenge was made of, or none is due."""
        if not self.value:
            return not verifier
        made = verifier
        if self.method == S256:
            digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
            made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return constant_time_compare(made, self.value)


def challenge(value: str | None, method: str | None) -> Challenge:
    """Return the challenge a request states; without a method it is an ``S256`` one.

    Raise :class:`InvalidRequest` for another method, a method without a challenge, and a challenge
    that can not be one.
    """
    if value is None:
        if method is not None:
            raise InvalidRequest("code_challenge_method needs a code_challenge")
        return Challenge()
    form = _FORMS.get(method or S256)
    if form is None:
        raise InvalidRequest("code_challenge_method must be plain or S256")
    if not form.fullmatch(value):
        raise InvalidRequest(f"code_challenge is none of the method {method or S256}")
    return Challenge(value, method or S256)


def transfer_by_agent(
    requester: AgentRequester,
    client_id: str,
    customer_id: UUID | None,
    wanted: Challenge,
    address: str = "",
) -> IssuedToken:
    """Let a backend send a customer of its organisation on their way.

    Raise :class:`AccessDenied` without the scope ``customers:own``, :class:`InvalidRequest` where
    no customer is named, ``InvalidClient``, ``UnauthorizedClient``, ``ResourceNotFound`` for a
    customer the organisation does not have, and ``CustomerBanned``.
    """
    customer_identities.require_own_customers(requester)
    application = customer_identities.client_of(client_id, requester.organization_id)
    if customer_id is None:
        raise InvalidRequest("customer_id is required with an agent's token")
    organization = application.organization
    customer = customer_identities.existing_customer(organization, customer_id, "customer_id")
    customer_identities.refuse_banned(organization, customer_id, address)
    with transaction.atomic():
        if not customer_identities.is_there(customer, application):
            raise ResourceNotFound("there is no customer with this customer_id")
        return _send(customer, application, wanted)


def transfer_by_customer(
    requester: CustomerRequester, client_id: str, customer_id: UUID | None, wanted: Challenge
) -> IssuedToken:
    """Let a customer take themself along.

    Raise :class:`AccessDenied` where ``customer_id`` names anybody else, ``InvalidClient``,
    ``UnauthorizedClient``, and :class:`Unauthorized` for a token that has just been revoked.
    """
    if customer_id not in (None, requester.customer_id):
        raise AccessDenied("the token belongs to another customer")
    application = customer_identities.client_of(client_id, requester.organization_id)
    customer = Customer(pk=requester.customer_id, organization_id=requester.organization_id)
    token = CustomerToken.objects.filter(checksum=requester.token_checksum)
    with transaction.atomic():
        if not (customer_identities.is_there(customer, application) and token.exists()):
            raise Unauthorized("the access token is not valid")
        return _send(customer, application, wanted)


def _send(customer: Customer, application: Application, wanted: Challenge) -> IssuedToken:
    """Make a transfer of a locked customer."""
    token = ids.secret()
    under_way = IdentityTransfer.objects.filter(customer=customer)
    IdentityTransfer.objects.create(
        checksum=tokens.checksum(token),
        customer=customer,
        application=application,
        code_challenge=wanted.value,
        code_challenge_method=wanted.method,
        expires_at=clock.now() + timedelta(seconds=TRANSFER_SECONDS),
    )
    newest = under_way.order_by("-pk").values_list("pk", flat=True)
    under_way.filter(pk__in=list(newest[MAX_PER_CUSTOMER:])).delete()
    return IssuedToken(token, TRANSFER_SECONDS)


def grant_by_transfer(
    asker: Asker, code: str, verifier: str, organization_id: UUID | None = None
) -> Granted:
    """Make whoever redeems ``code`` the customer it is of. A browser also gets a pair to keep.

    ``organization_id`` is the one the request names, if it does. The customer is locked, so that of
    two who redeem it at once one is refused; who is refused uses nothing up.

    Raise :class:`InvalidGrant` for a code that is unknown, over, used, another client's, or whose
    challenge ``verifier`` does not fit; ``CustomerBanned``; and what
    :func:`customer_identities.client_for` raises.
    """
    rows = IdentityTransfer.objects.filter(checksum=tokens.checksum(code))
    row = rows.select_related("application", "customer__organization").first()
    if row is None or not _may_be_redeemed(row, asker, verifier):
        asker.after_guessing()
        raise InvalidGrant("the code is not valid, or the verifier does not fit it")
    customer = row.customer
    organization = customer.organization
    application = customer_identities.client_for(
        asker, organization_id or organization.pk, site_will_do=True
    )
    customer_identities.refuse_banned(organization, customer.pk, asker.address)
    asker.before_renewing(customer.pk)
    with transaction.atomic():
        there = customer_identities.is_there(customer, application)
        if not there or not rows.delete()[0]:
            raise InvalidGrant("the code is not valid any more")
        cookie = None
        if asker.origin:
            cookie = customer_identities.keep_in_browser(customer, asker.group_number)
        issued = customer_tokens.issue_customer_token(customer, application, asker.expires_in)
    return Granted(customer, application, issued, cookie)


def _may_be_redeemed(row: IdentityTransfer, asker: Asker, verifier: str) -> bool:
    if row.expires_at <= clock.now() or row.application.client_id != asker.client_id:
        return False
    return Challenge(row.code_challenge, row.code_challenge_method).fits(verifier)


def forget_expired(limit: int = 1_000) -> int:
    """Delete up to ``limit`` transfers nobody redeemed, and return how many.

    For the worker's timers.
    """
    over = IdentityTransfer.objects.filter(expires_at__lte=clock.now())
    pks = list(over.values_list("pk", flat=True)[:limit])
    return IdentityTransfer.objects.filter(pk__in=pks).delete()[0]
