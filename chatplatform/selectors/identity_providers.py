"""Reading identity providers, and who is known to them."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from django.db.models import QuerySet

from chatplatform.models import Account, Agent, IdentityProvider, Organization
from chatplatform.models.people import AgentRole


def by_slug(slug: str) -> IdentityProvider | None:
    """Return the provider of this name, if it may be used."""
    rows = IdentityProvider.objects.filter(slug=slug, enabled=True)
    return rows.select_related("organization").first()


def of_account(account: Account) -> QuerySet[IdentityProvider]:
    """Return the providers of somebody's organisation that may be used."""
    rows = IdentityProvider.objects.filter(organization=account.organization, enabled=True)
    return rows.order_by("name")


def required_of(account: Account) -> IdentityProvider | None:
    """Return the provider somebody has to sign in with; ``None`` where other ways are open.

    The owner may always sign in otherwise: else nobody could mend a provider that fails.
    """
    found = of_account(account).filter(required=True).first()
    if found is None:
        return None
    owners = Agent.objects.filter(account=account, role=AgentRole.OWNER)
    return None if owners.exists() else found


def shown_to_strangers() -> list[IdentityProvider]:
    """Return the providers of the only organisation; with several, who has which tells nobody."""
    if Organization.objects.count() != 1:
        return []
    return list(IdentityProvider.objects.filter(enabled=True).order_by("name"))


def links_of(account: Account) -> QuerySet[SocialAccount]:
    """Return by which providers somebody is known."""
    rows: QuerySet[SocialAccount] = SocialAccount.objects.filter(user=account).order_by("pk")
    return rows
