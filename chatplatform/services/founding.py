"""A new organisation with somebody who owns it, made by whoever runs the platform."""

from __future__ import annotations

from django.db import transaction

from chatplatform import mail_links
from chatplatform.models import Agent, Organization
from chatplatform.models.people import AgentRole
from chatplatform.services import agents, audit
from chatplatform.services.organizations import create_organization


def found_organization(
    name: str, owner_email: str, owner_name: str, *, invite_from: str = ""
) -> tuple[Organization, Agent]:
    """Make an organisation and its owner, who has no password yet; both or neither.

    A mail invites the owner to set one, if ``invite_from`` says where our pages are (scheme and
    host). Raise :class:`Validation` for a name or an address that is none, and where links may not
    lead to ``invite_from``; :class:`AlreadyExists` for an address somebody signs in with already.
    """
    if invite_from:
        mail_links.required(invite_from)
    with transaction.atomic():
        organization = create_organization(name)
        audit.record(
            organization.pk,
            "create_organization",
            "organization",
            organization.pk,
            after={"name": organization.name, "license_id": organization.license_id},
        )
        owner = agents.create_agent(
            organization, owner_email, owner_name, role=AgentRole.OWNER, invite_from=invite_from
        )
    return organization, owner
