"""Applications on licences: their templates' bots come and go with them (protocol.md 6.4)."""

from __future__ import annotations

from django.db import transaction

from chatplatform import clock
from chatplatform.models import Application, Bot, Installation, Organization
from chatplatform.services import bot_templates, bots, routing, webhook_listeners


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
    return installation


def remove(organization: Organization, application: Application) -> None:
    """Take ``application`` off the organisation's licence, with the bots made from its templates.

    At home its other bots stay; on others' licences it leaves none, not even those whose template
    is gone, for whoever knows their secret would still come in. Does nothing where it is not
    installed. Locks the application, then the organisation. Tells ``BotDeleted`` for each bot.
    """
    with transaction.atomic():
        application = bot_templates.lock_application(application)
        organization = routing.lock_organization(organization.pk)
        installation = Installation.objects.filter(
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
