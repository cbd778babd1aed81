"""Proofs of identity: an organisation's server signs that a visitor is its user so and so.

A proof is a JSON Web Token (HS256) that names its key (header ``kid``), the user (``sub``), the
organisation (``aud``) and how long it holds (``iat``, ``exp``: ten minutes at most). It is good
once. The user is always the same customer, on every device; whoever the browser was before stays
another: chats are never merged (protocol.md 5.4).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import jwt
from django.core.exceptions import ValidationError as Invalid
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from chatplatform import clock
from chatplatform.models import (
    Application,
    Customer,
    ExternalIdentity,
    IdentityKey,
    Organization,
    UsedProof,
)
from chatplatform.oauth_errors import InvalidGrant, TemporarilyUnavailable
from chatplatform.requester import CustomerRequester
from chatplatform.services import customer_identities, customer_tokens, customers
from chatplatform.services.customer_identities import Asker, Granted

ALGORITHM: Final = "HS256"
LONGEST_SECONDS: Final = 600
"""How much later than ``iat`` a proof may end."""
LEEWAY_SECONDS: Final = 30
"""How far the clocks of two servers may be apart."""
MAX_LENGTH: Final = 8_192
_NOTED_EVERY: Final = timedelta(minutes=1)
_ATTEMPTS: Final = 3
"""How often others may come and go before a grant is given up."""


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that can not be seen")
    return text


def _email(text: str) -> str:
    try:
        validate_email(text)
    except Invalid:
        raise ValueError("is not an e-mail address") from None
    return text


_Line = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_printable)]


class Claims(BaseModel):
    """What a proof says; whatever else it holds is ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    sub: _Line
    iat: int
    exp: int
    nbf: int = 0
    jti: _Line | None = None
    name: _Line | None = None
    email: Annotated[str, Field(max_length=254), AfterValidator(_email)] | None = None
    email_verified: bool = False


def grant_by_proof(asker: Asker, organization_id: UUID, proof: str) -> Granted:
    """Give whoever holds a signed proof a token of the customer it is about.

    The first proof about a user makes the customer. Name and e-mail address are set where the
    proof states others; the address counts as verified only if it says so. The browser is given
    nothing to keep, so that a sign-out on the host page ends it. Of two who redeem a proof at once
    one is refused, and who is refused uses nothing up. Tells ``CustomerUpdated``.

    Raise :class:`InvalidGrant` for a proof that does not hold, ``CustomerBanned``, and what
    :func:`customer_identities.client_for` raises.
    """
    application = customer_identities.client_for(asker, organization_id, site_will_do=True)
    organization = application.organization
    try:
        key, claims = _verified(organization, proof)
    except InvalidGrant:
        asker.after_guessing()
        raise
    with transaction.atomic():
        _use_up(key, claims, proof)
        customer = _customer(application, claims.sub, asker)
        customer_identities.refuse_banned(organization, customer.pk, asker.address)
        _introduce(customer, application, claims)
        issued = customer_tokens.issue_customer_token(customer, application, asker.expires_in)
        _note_use(key)
    return Granted(customer, application, issued)


def _verified(organization: Organization, proof: str) -> tuple[IdentityKey, Claims]:
    if len(proof) > MAX_LENGTH:
        raise InvalidGrant(f"the proof has more than {MAX_LENGTH} characters")
    key = _key(organization, proof)
    if key.secret is None:
        raise InvalidGrant("the key's secret can not be read any more; make another key")
    try:
        payload = jwt.decode(
            proof,
            key.secret,
            algorithms=[ALGORITHM],
            audience=str(organization.pk),
            options={
                "require": ["sub", "iat", "exp", "aud"],
                # looked at below, on the clock everything else is on
                "verify_iat": False,
                "verify_exp": False,
                "verify_nbf": False,
            },
        )
        claims = Claims.model_validate(payload)
    except jwt.InvalidTokenError as error:
        raise InvalidGrant(f"the proof does not hold: {error}") from None
    except ValidationError as error:
        raise InvalidGrant(_sentence(error)) from None
    _check_times(claims)
    return key, claims


def _check_times(claims: Claims) -> None:
    now = clock.now().timestamp()
    if not 0 < claims.exp - claims.iat <= LONGEST_SECONDS:
        raise InvalidGrant(f"a proof holds for at most {LONGEST_SECONDS} seconds after its iat")
    if claims.exp + LEEWAY_SECONDS <= now:
        raise InvalidGrant("the proof has expired")
    if max(claims.iat, claims.nbf) > now + LEEWAY_SECONDS:
        raise InvalidGrant("the proof does not hold yet")


def _key(organization: Organization, proof: str) -> IdentityKey:
    try:
        header: dict[str, Any] = jwt.get_unverified_header(proof)
    except jwt.InvalidTokenError:
        raise InvalidGrant("the proof is no JSON Web Token") from None
    named = header.get("kid")
    key = None
    if isinstance(named, str) and named.isprintable():
        key = organization.identity_keys.filter(public_id=named).first()
    if key is None:
        raise InvalidGrant("the proof names no key of the organization in kid")
    return key


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"the proof's {first['loc'][0]}: {first['msg']}"


def _use_up(key: IdentityKey, claims: Claims, proof: str) -> None:
    """Note that the proof was redeemed; raise :class:`InvalidGrant` where it was before.

    It is known by its ``jti``, else by what was signed: the signature itself can be written in
    more than one way.
    """
    signed = proof.rpartition(".")[0]
    known_by = f"jti {claims.jti}" if claims.jti is not None else f"proof {signed}"
    checksum = hashlib.sha256(f"{key.public_id} {known_by}".encode()).hexdigest()
    _, first = UsedProof.objects.get_or_create(
        checksum=checksum,
        defaults={"organization_id": key.organization_id, "expires_at": _end_of(claims)},
    )
    if not first:
        raise InvalidGrant("the proof was used already")


def _end_of(claims: Claims) -> datetime:
    """Return from when on it does not hold anyway."""
    return datetime.fromtimestamp(claims.exp + LEEWAY_SECONDS, UTC)


def _customer(application: Application, external_id: str, asker: Asker) -> Customer:
    """Return the user's customer, locked; of one who was erased meanwhile nothing is known."""
    organization = application.organization
    known = ExternalIdentity.objects.filter(organization=organization, external_id=external_id)
    found = known.select_related("customer").first()
    if found is None:
        customer_identities.refuse_banned(organization, None, asker.address)
        asker.before_minting()
    else:
        asker.before_renewing(found.customer_id)
    for _ in range(_ATTEMPTS):
        if found is not None and customer_identities.is_there(found.customer, application):
            return found.customer
        try:
            return _made(organization, external_id)
        except IntegrityError:  # the user came with another proof at the same moment
            found = known.select_related("customer").first()
    raise TemporarilyUnavailable("the customer is being erased; try again")


@transaction.atomic
def _made(organization: Organization, external_id: str) -> Customer:
    customer = customer_identities.create_customer(organization)
    ExternalIdentity.objects.create(
        organization=organization, external_id=external_id, customer=customer
    )
    return customer


def _introduce(customer: Customer, application: Application, claims: Claims) -> None:
    """Set what the proof says of its user, where it says something else than is known."""
    said = {"name": claims.name, "email": claims.email}
    values = {name: value for name, value in said.items() if value}
    if values:
        requester = CustomerRequester(
            organization_id=customer.organization_id,
            license_id=application.organization.license_id,
            customer_id=customer.pk,
            client_id=application.client_id,
            token_checksum="",
            expires_at=None,
        )
        customers.update_customer(customer.pk, values, requester)
    if claims.email and claims.email_verified:
        customers.verify_email(customers.locked(customer.pk))
    customer.refresh_from_db()


def _note_use(key: IdentityKey) -> None:
    now = clock.now()
    if key.last_used_at is None or now - key.last_used_at >= _NOTED_EVERY:
        IdentityKey.objects.filter(pk=key.pk).update(last_used_at=now)


def forget_expired(limit: int = 1_000) -> int:
    """Delete up to ``limit`` notes on proofs that hold no longer anyway, and return how many.

    For the worker's timers.
    """
    over = UsedProof.objects.filter(expires_at__lte=clock.now())
    pks = list(over.values_list("pk", flat=True)[:limit])
    return UsedProof.objects.filter(pk__in=pks).delete()[0]
