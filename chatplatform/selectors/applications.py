"""Reading applications: which there are, what they hold, and what they lately called."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.db.models import Count

from chatplatform import clock
from chatplatform.errors import NotFound
from chatplatform.models import (
    AccessToken,
    ApiCall,
    Application,
    Bot,
    BotToken,
    CustomerToken,
    Installation,
    PersonalAccessToken,
    PropertyDefinition,
    Webhook,
)

CALLS_SHOWN = 100


class Holdings(NamedTuple):
    """What ends, or rests, with an application on a licence."""

    tokens_of_people: int
    tokens_of_customers: int
    tokens_of_bots: int
    webhooks: int
    bots: int
    bots_of_templates: int
    properties: int

    @property
    def tokens(self) -> int:
        """How many live tokens there are altogether."""
        return self.tokens_of_people + self.tokens_of_customers + self.tokens_of_bots


class Listed(NamedTuple):
    """An application in a list; ``tokens`` counts those of people, as :class:`Holdings` does."""

    application: Application
    installed: bool
    tokens: int


def integrations(organization_id: UUID) -> list[Application]:
    """Return the organisation's own applications, but for the platform's, by name. One read."""
    rows = Application.objects.filter(
        organization_id=organization_id, purpose=Application.Purpose.INTEGRATION
    )
    return list(rows.order_by("name", "pk"))


def applications_of(organization_id: UUID) -> list[Listed]:
    """Return the organisation's integrations by name, with what they have. Three reads."""
    rows = integrations(organization_id)
    installed = set(
        Installation.objects.filter(organization_id=organization_id, removed_at=None).values_list(
            "application_id", flat=True
        )
    )
    counts = dict(
        AccessToken.objects.filter(
            application__in=rows, user__organization_id=organization_id, expires__gt=clock.now()
        )
        .values_list("application_id")
        .annotate(Count("pk"))
        .order_by()
    )
    return [Listed(row, row.pk in installed, counts.get(row.pk, 0)) for row in rows]


def access_application(organization_id: UUID, client_id: str) -> Application:
    """Return one of the organisation's integrations; raise :class:`NotFound`."""
    # PostgreSQL refuses to look for a NUL.
    if not client_id.isprintable():
        raise NotFound("Application not found")
    found: Application | None = Application.objects.filter(
        organization_id=organization_id,
        client_id=client_id,
        purpose=Application.Purpose.INTEGRATION,
    ).first()
    if found is None:
        raise NotFound("Application not found")
    return found


def installation(organization_id: UUID, application: Application) -> Installation | None:
    """Return the application as it is on the licence; ``None`` where it is not."""
    rows = Installation.objects.filter(organization_id=organization_id, removed_at=None)
    return rows.filter(application=application).first()


def holdings(organization_id: UUID, application: Application) -> Holdings:
    """Count what the application holds on one licence; of tokens those that are not expired."""
    now = clock.now()
    bots = bots_of(organization_id, application)
    return Holdings(
        tokens_of_people=AccessToken.objects.filter(
            application=application, user__organization_id=organization_id, expires__gt=now
        ).count(),
        tokens_of_customers=CustomerToken.objects.filter(
            application=application, organization_id=organization_id, expires_at__gt=now
        ).count(),
        tokens_of_bots=BotToken.objects.filter(bot__in=bots, expires_at__gt=now).count(),
        webhooks=Webhook.objects.filter(application=application).count(),
        bots=len(bots),
        bots_of_templates=sum(bot.template_id is not None for bot in bots),
        properties=PropertyDefinition.objects.filter(
            organization_id=organization_id, namespace=application.client_id
        ).count(),
    )


def bots_of(organization_id: UUID, application: Application) -> list[Bot]:
    """Return the application's bots on a licence by name, their agents read along. One read."""
    rows = Bot.objects.filter(
        owner=application, agent__organization_id=organization_id, agent__deleted_at=None
    )
    return list(rows.select_related("agent").order_by("agent__name", "pk"))


def definitions_of(application: Application) -> list[PropertyDefinition]:
    """Return the properties the application registered, by name. One read."""
    rows = PropertyDefinition.objects.filter(
        organization_id=application.organization_id, namespace=application.client_id
    )
    return list(rows.order_by("name"))


def calls_of(organization_id: UUID, application: Application) -> list[ApiCall]:
    """Return what the application lately called on a licence, the newest first. One read."""
    rows = ApiCall.objects.filter(organization_id=organization_id, client_id=application.client_id)
    return list(rows.order_by("-id")[:CALLS_SHOWN])


def calls_with_personal_tokens(organization_id: UUID, user_id: str) -> list[ApiCall]:
    """Return what somebody lately called with their own tokens, the newest first. One read."""
    rows = ApiCall.objects.filter(organization_id=organization_id, client_id="")
    return list(rows.filter(user_id=user_id).order_by("-id")[:CALLS_SHOWN])


def personal_access_tokens_of(account_id: UUID) -> list[PersonalAccessToken]:
    """Return somebody's personal access tokens, the newest first. One read."""
    return list(PersonalAccessToken.objects.filter(account_id=account_id).order_by("-pk"))


def live_tokens_of_people(application: Application) -> int:
    """Return how many access tokens of people the application holds that are not expired."""
    return AccessToken.objects.filter(application=application, expires__gt=clock.now()).count()


def people_with_tokens(application: Application) -> list[tuple[str, int]]:
    """Return whose access tokens the application holds, by address, and how many. One read."""
    rows = AccessToken.objects.filter(application=application, expires__gt=clock.now())
    counted = rows.values_list("user__email").annotate(Count("pk")).order_by("user__email")
    return [(email, count) for email, count in counted]
