"""OpenID Connect providers of organisations, and what their word is good for.

A provider says who somebody is; it makes nobody an agent. Its word counts for people of its own
organisation only: for those it is linked with by the name it knows them by (``sub``), and for an
account with the address it says it verified, which is linked by that.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypedDict
from urllib.parse import urlsplit
from uuid import UUID

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chatplatform.errors import AlreadyExists, NotFound, Validation
from chatplatform.models import Account, Agent, IdentityProvider, Organization
from chatplatform.models.people import AgentRole
from chatplatform.net import addresses, client
from chatplatform.net.client import Limits, Unreachable
from chatplatform.services import audit
from chatplatform.services.organizations import checked_name

NAME_LENGTH: Final = 60
MAX_PROVIDERS: Final = 10
_URL_LENGTH: Final = 500
_TEXT_LENGTH: Final = 255
_DISCOVERY: Final = "/.well-known/openid-configuration"
_LIMITS: Final = Limits(seconds=5, max_bytes=256 * 1024, redirects=2)


class UnknownPerson(NotFound):
    """A provider knows somebody who is nobody in its organisation."""

    message = "Nobody in this organization is known by that name"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a provider says somebody is: ``subject`` for good, the address if it verified it."""

    subject: str
    email: str = ""
    """Empty where the provider does not say that it verified it."""


class ProviderValues(TypedDict, total=False):
    """What can be chosen for a provider. An empty ``client_secret`` leaves it as it was."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    enabled: bool
    required: bool


@transaction.atomic
def create_provider(organization: Organization, values: ProviderValues) -> IdentityProvider:
    """Store a provider; raise :class:`Validation`."""
    Organization.objects.select_for_update().get(pk=organization.pk)
    if organization.identity_providers.count() >= MAX_PROVIDERS:
        raise Validation(f"an organisation has at most {MAX_PROVIDERS} providers")
    chosen = _checked(values)
    for needed in ("name", "issuer", "client_id"):
        if not chosen.get(needed):
            raise Validation(f"{needed} is required")
    made = IdentityProvider.objects.create(organization=organization, **chosen)
    _log("create_identity_provider", made, after=record(made))
    return made


@transaction.atomic
def update_provider(
    organization_id: UUID, provider_id: int, values: ProviderValues
) -> IdentityProvider:
    """Change a provider; raise :class:`NotFound` or :class:`Validation`.

    With another issuer the links by which it knew people are gone: its names are others.
    """
    row = _locked(organization_id, provider_id)
    before, issuer = record(row), row.issuer
    chosen = _checked(values)
    for field, value in chosen.items():
        setattr(row, field, value)
    row.save()
    after = record(row)
    if chosen.get("client_secret"):
        after["client_secret"] = "new"  # noqa: S105 - the audit log hides it
    if row.issuer != issuer:
        SocialAccount.objects.filter(provider=row.slug).delete()
    _log("update_identity_provider", row, before=before, after=after)
    return row


@transaction.atomic
def delete_provider(organization_id: UUID, provider_id: int) -> None:
    """Take a provider away, with the links by which it knew people; raise :class:`NotFound`."""
    row = _locked(organization_id, provider_id)
    _log("delete_identity_provider", row, before=record(row))
    SocialAccount.objects.filter(provider=row.slug).delete()
    row.delete()


def issuer_to_ask(provider: IdentityProvider | None, values: ProviderValues) -> str | None:
    """Return the issuer that has to answer before ``values`` are stored; ``None`` where none has.

    One that is new or another has to, and that of a provider which becomes the only way in. Raise
    :class:`Validation` for what is no address.
    """
    issuer = _checked_issuer(values["issuer"])
    if provider is None or issuer != provider.issuer or becomes_required(provider, values):
        return issuer
    return None


def ask_issuer(issuer: str) -> None:
    """Ask a provider who it is; raise :class:`Validation` unless it says that it is ``issuer``.

    Goes out and waits some seconds for an answer: never call it within a transaction.
    """
    said = _document(f"{issuer}{_DISCOVERY}")
    if said is None:
        raise Validation(
            "`issuer`: "
            + _(
                "Nothing usable was answered at %(address)s, so that nobody could sign in. Check "
                "the address, and that this server reaches it."
            )
            % {"address": f"{issuer}{_DISCOVERY}"}
        )
    if str(said.get("issuer", "")).rstrip("/") != issuer:
        raise Validation("`issuer`: " + _("What answers there says that it is another issuer."))


def becomes_required(provider: IdentityProvider | None, values: ProviderValues) -> bool:
    """Tell whether ``values`` make the provider the only way in, which it is not yet."""
    is_already = provider is not None and provider.enabled and provider.required
    return values["enabled"] and values["required"] and not is_already


def people_kept_to(organization: Organization) -> int:
    """Return how many people can sign in otherwise until a provider is the only way in.

    The owner always can.
    """
    owners = Agent.objects.filter(organization=organization, role=AgentRole.OWNER)
    people = Account.objects.filter(organization=organization, is_active=True)
    return people.exclude(pk__in=owners.exclude(account=None).values("account")).count()


def people_linked(provider: IdentityProvider) -> int:
    """Return how many people a provider is linked with."""
    count: int = SocialAccount.objects.filter(provider=provider.slug).count()
    return count


@transaction.atomic
def account_of(provider: IdentityProvider, identity: Identity) -> tuple[Account, SocialAccount]:
    """Return who a provider speaks of, with the link, which is made where the address proves it.

    The owner is never found by an address alone: whoever sets up a provider could become the owner
    by it. Raise :class:`UnknownPerson` for people of other organisations, and for those nobody
    invited.
    """
    link = _link_of(provider, identity.subject)
    if link is not None:
        if link.user.organization_id != provider.organization_id:
            raise UnknownPerson
        return link.user, link
    if not identity.email:
        raise UnknownPerson
    account = (
        Account.objects.select_for_update(of=("self",))
        .filter(organization_id=provider.organization_id, email=identity.email.strip().lower())
        .first()
    )
    if account is None or _is_owner(account):
        raise UnknownPerson
    if SocialAccount.objects.filter(user=account, provider=provider.slug).exists():
        raise UnknownPerson
    return account, _linked(account, provider, identity)


@transaction.atomic
def connect(account: Account, provider: IdentityProvider, identity: Identity) -> SocialAccount:
    """Link somebody who is signed in with who their provider says they are.

    Raise :class:`NotFound` for a provider of another organisation, and :class:`AlreadyExists` for
    somebody the provider is linked with already.
    """
    if account.organization_id != provider.organization_id:
        raise NotFound("Identity provider not found")
    Account.objects.select_for_update().get(pk=account.pk)
    if _link_of(provider, identity.subject) is not None:
        raise AlreadyExists("This identity is linked with an account already")
    SocialAccount.objects.filter(user=account, provider=provider.slug).delete()
    return _linked(account, provider, identity)


@transaction.atomic
def disconnect(account: Account, link_id: int) -> None:
    """Take a link away; raise :class:`NotFound`, and :class:`Validation` for the only way in."""
    Account.objects.select_for_update().get(pk=account.pk)
    links = SocialAccount.objects.filter(user=account)
    link = links.filter(pk=link_id).first()
    if link is None:
        raise NotFound("Link not found")
    if links.count() == 1 and not account.has_usable_password():
        raise Validation("Set a password first: there would be no way left to sign in")
    link.delete()
    audit.record(
        account.organization_id,
        "disconnect_identity_provider",
        "account",
        account.email,
        before={"provider": link.provider},
    )


def record(provider: IdentityProvider) -> dict[str, Any]:
    """Return a provider as plain data, without its secret."""
    return {
        "name": provider.name,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "enabled": provider.enabled,
        "required": provider.required,
    }


def _document(url: str) -> dict[str, Any] | None:
    """Return a JSON object from outside, over TLS but for hosts an operator allows."""
    allowed = settings.IDENTITY_PROVIDER_ALLOWED_HOSTS
    headers = {"Accept": "application/json"}
    try:
        if urlsplit(url).scheme != "https" and not addresses.place(url).is_among(allowed):
            return None
        answer = client.request("GET", url, _LIMITS, headers=headers, allowed_hosts=allowed)
        said = json.loads(answer.body)
    except (Unreachable, ValueError):
        return None
    return said if answer.status == HTTPStatus.OK and isinstance(said, dict) else None


def _link_of(provider: IdentityProvider, subject: str) -> SocialAccount | None:
    rows = SocialAccount.objects.filter(provider=provider.slug, uid=subject)
    link: SocialAccount | None = rows.select_related("user__organization").first()
    return link


def _is_owner(account: Account) -> bool:
    return Agent.objects.filter(account=account, role=AgentRole.OWNER).exists()


def _linked(account: Account, provider: IdentityProvider, identity: Identity) -> SocialAccount:
    try:
        with transaction.atomic():
            made: SocialAccount = SocialAccount.objects.create(
                user=account, provider=provider.slug, uid=identity.subject
            )
    except IntegrityError:
        raise AlreadyExists("This identity is linked with an account already") from None
    audit.record(
        account.organization_id,
        "connect_identity_provider",
        "account",
        account.email,
        after={"provider": provider.name},
    )
    return made


def _locked(organization_id: UUID, provider_id: int) -> IdentityProvider:
    row = (
        IdentityProvider.objects.select_for_update()
        .filter(organization_id=organization_id, pk=provider_id)
        .first()
    )
    if row is None:
        raise NotFound("Identity provider not found")
    return row


def _checked(values: ProviderValues) -> dict[str, Any]:
    chosen: dict[str, Any] = {**values}
    if "name" in chosen:
        chosen["name"] = checked_name(chosen["name"])
        if len(chosen["name"]) > NAME_LENGTH:
            raise Validation(f"a provider's name has at most {NAME_LENGTH} characters")
    if "issuer" in chosen:
        chosen["issuer"] = _checked_issuer(chosen["issuer"])
    if len(chosen.get("client_id", "").strip()) > _TEXT_LENGTH:
        raise Validation(f"client_id has at most {_TEXT_LENGTH} characters")
    if not chosen.get("client_secret", "unchanged"):
        del chosen["client_secret"]
    return chosen


def _checked_issuer(text: str) -> str:
    issuer = text.strip().rstrip("/")
    if len(issuer) > _URL_LENGTH or not _is_issuer(issuer):
        raise Validation("the issuer is an address such as https://login.example.com")
    return issuer


def _is_issuer(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # looked at only when it is asked for
    except ValueError:
        return False
    whole = parts.scheme in ("https", "http") and parts.hostname and not parts.username
    return bool(whole) and not parts.query and not parts.fragment


def _log(action: str, provider: IdentityProvider, **change: Any) -> None:
    audit.record(provider.organization_id, action, "identity_provider", provider.name, **change)
