"""Applications on licences: their templates' bots come and go with them (protocol.md 6.4)."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from chatplatform import clock
from chatplatform.models import (
    ApiCall,
    Application,
    Bot,
    Installation,
    Organization,
    PropertyDefinition,
)
from chatplatform.services import (
    application_tokens,
    applications,
    audit,
    bot_templates,
    bots,
    routing,
    webhook_listeners,
)


def install(organization: Organization, application: Application) -> Installation:
    """Put ``application`` on the organisation's licence, with the bots of its templates.

    Does nothing where it is installed. Locks the application, then the organisation. Tells
    ``BotCreated`` for each bot.
    """
    with transaction.atomic():
        application = bot_templates.lock_application(application)
        organization = routing.lock_organization(organization.pk)
        installation, made = Installation.objects.get_or_create(
            organization=organization, application=application
        )
        if not made and installation.removed_at is None:
            return installation
        installation.removed_at, installation.installed_at = None, clock.now()
        installation.save(update_fields=["removed_at", "installed_at"])
        for template in application.bot_templates.order_by("pk"):
            bots.make_of_template(organization, template)
        webhook_listeners.refresh(application, organization.pk)
        _log(organization, application, "install_application", after={"name": application.name})
    return installation


def remove(organization: Organization, application: Application) -> None:
    """Take ``application`` off the organisation's licence, with the bots made from its templates.

    At home its other bots stay; on others' licences it leaves none, not even those whose template
    is gone, for whoever knows their secret would still come in. Every token it holds of the
    organisation's people, customers and bots is revoked, and none is issued while it is away. Does
    nothing where it is not installed. Raise ``NotAllowed`` for the platform's own. Locks the
    application, then the organisation. Tells ``BotDeleted`` for each bot, and ``SessionsEnded``.
    """
    with transaction.atomic():
        application = bot_templates.lock_application(application)
        applications.refuse_first_party(application)
        organization = routing.lock_organization(organization.pk)
        rows = Installation.objects.select_for_update(no_key=True, of=("self",))
        installation = rows.filter(
            organization=organization, application=application, removed_at=None
        ).first()
        if installation is None:
            return
        installation.removed_at = clock.now()
        installation.save(update_fields=["removed_at"])
        here = Bot.objects.filter(
            owner=application, agent__organization=organization, agent__deleted_at=None
        )
        if application.organization_id == organization.pk:
            here = here.filter(template__isnull=False)
        for bot_id in list(here.order_by("agent_id").values_list("agent__public_id", flat=True)):
            bots.delete_bot(organization.pk, bot_id)
        webhook_listeners.refresh(application, organization.pk)
        application_tokens.revoke_all(organization.pk, application)
        _log(organization, application, "remove_application", before={"name": application.name})


def delete_application(organization_id: UUID, client_id: str) -> None:
    """Take an integration away for good, from every licence that has it, with all that it owns.

    Its tokens end; its webhooks, bots, templates and property definitions go. What was stored in
    its properties stays, unseen. Raise ``NotFound``, and ``NotAllowed`` for the platform's own.
    Locks the application, then the organisations in the order of their ids.
    """
    with transaction.atomic():
        application = applications.locked(organization_id, client_id)
        before = applications.record_of(application)
        rows = Organization.objects.select_for_update(no_key=True, of=("self",))
        homes = rows.filter(installations__application=application).order_by("pk")
        for organization in list(homes):
            remove(organization, application)
        left = Bot.objects.filter(owner=application, agent__deleted_at=None)
        for bot_id in list(left.order_by("pk").values_list("agent__public_id", flat=True)):
            bots.delete_bot(organization_id, bot_id)
        PropertyDefinition.objects.filter(
            organization_id=organization_id, namespace=client_id
        ).delete()
        ApiCall.objects.filter(organization_id=organization_id, client_id=client_id).delete()
        applications.log(application, "delete_application", before=before)
        application.delete()


def _log(
    organization: Organization, application: Application, action: str, **change: object
) -> None:
    audit.record(organization.pk, action, "application", application.client_id, **change)  # type: ignore[arg-type]
