"""What an organisation says of itself."""

from __future__ import annotations

from django.db import transaction

from chatplatform.requester import AgentRequester
from chatplatform.services import audit, routing


def update_details(requester: AgentRequester, given: dict[str, str]) -> None:
    """Store the given ones of the company's details; the others stay as they are."""
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        before = organization.company_details
        organization.company_details = {**before, **given}
        organization.save(update_fields=["company_details"])
        audit.record(
            organization.pk,
            "update_company_details",
            "organization",
            organization.pk,
            before=before,
            after=organization.company_details,
        )
