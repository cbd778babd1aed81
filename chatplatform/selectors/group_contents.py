"""What groups have: who and what belongs to them, and so what falls back to General."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count

from chatplatform.models import (
    Agent,
    CannedResponse,
    ChatListing,
    Customer,
    Form,
    Greeting,
    Group,
    GroupMember,
)
from chatplatform.models.groups import GENERAL_GROUP


@dataclass(frozen=True, slots=True)
class Counts:
    """How many belong to a group; of chats those that run."""

    members: int
    running_chats: int


def counts(groups: Iterable[Group]) -> dict[int, Counts]:
    """Return what groups of any organisations have, by their keys.

    One read, and two for each organisation.
    """
    rows = list(groups)
    members = dict(
        GroupMember.objects.filter(group__in=rows)
        .values_list("group_id")
        .annotate(count=Count("id"))
    )
    by_organization: dict[UUID, list[Group]] = {}
    for group in rows:
        by_organization.setdefault(group.organization_id, []).append(group)
    found: dict[int, Counts] = {}
    for organization_id, own in by_organization.items():
        everybody = Agent.objects.filter(organization_id=organization_id).count()
        running = _running(organization_id, own)
        for group in own:
            general = group.number == GENERAL_GROUP
            in_it = everybody if general else members.get(group.pk, 0)
            found[group.pk] = Counts(in_it, running.get(f"g:{group.number}", 0))
    return found


def _running(organization_id: UUID, groups: Iterable[Group]) -> dict[str, int]:
    readers = [f"g:{group.number}" for group in groups]
    rows = ChatListing.objects.filter(
        organization_id=organization_id, reader__in=readers, active=True
    )
    return dict(rows.values_list("reader").annotate(count=Count("id")))


@dataclass(frozen=True, slots=True)
class Contents:
    """What becomes General's, or is deleted, with a group."""

    running_chats: int
    closed_chats: int
    customers: int
    canned_responses: int
    greetings: int
    forms: int


def contents(group: Group) -> Contents:
    """Return what a group has. Six reads."""
    of_group: dict[str, Any] = {"group": group}
    listed = ChatListing.objects.filter(
        organization_id=group.organization_id, reader=f"g:{group.number}"
    )
    customers = Customer.objects.filter(
        organization_id=group.organization_id, group_number=group.number
    )
    return Contents(
        running_chats=listed.filter(active=True).count(),
        closed_chats=listed.filter(active=False).count(),
        customers=customers.count(),
        canned_responses=CannedResponse.objects.filter(**of_group).count(),
        greetings=Greeting.objects.filter(**of_group).count(),
        forms=Form.objects.filter(**of_group).count(),
    )
