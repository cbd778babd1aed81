"""What forms of the admin offer to choose from, and how lists name it; of one organisation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.http import HttpRequest

from chatplatform.errors import GroupNotFound
from chatplatform.models import Group, Organization
from chatplatform.models.groups import GroupPriority
from chatplatform.selectors import groups as group_selectors
from chatplatform.selectors.applications import integrations

_DIGITS: Final = 9
"""No group has a number of more."""


def groups(organization: Organization | None) -> list[tuple[int, str]]:
    """Return the groups by number, General first."""
    if organization is None:
        return []
    return [(one.number, one.name) for one in group_selectors.groups_of(organization.pk)]


def group_number(text: str) -> int | None:
    """Return the number of a group that may be, as people and addresses write it."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _DIGITS
    return int(text) if is_number else None


def group_in_query(request: HttpRequest, organization: Organization) -> Group | None:
    """Return the group whose number ``group`` in the query is; ``None`` where there is none."""
    number = group_number(request.GET.get("group", ""))
    if number is None:
        return None
    try:
        return group_selectors.access_group(organization, number)
    except GroupNotFound:
        return None


def places(found: Iterable[tuple[str, str]]) -> str:
    """Return groups, by name and priority, in one line; the usual priority goes without saying."""
    return ", ".join(
        name
        if priority in ("", GroupPriority.NORMAL)
        else f"{name} ({GroupPriority(priority).label})"
        for name, priority in found
    )


def applications(organization: Organization | None) -> list[tuple[str, str]]:
    """Return the organisation's own applications, but for the platform's, by client id."""
    if organization is None:
        return []
    return [(one.client_id, one.name) for one in integrations(organization.pk)]


def name_groups(rows: Sequence[Any]) -> None:
    """Put ``names`` beside rows with ``group_ids``: those of the groups that are there, in order.

    One read, of whatever organisations the rows are.
    """
    numbers = {number for row in rows for number in row.group_ids}
    wanted = Group.objects.filter(
        organization_id__in={row.organization_id for row in rows}, number__in=numbers
    )
    found = {
        (organization_id, number): name
        for organization_id, number, name in wanted.values_list("organization_id", "number", "name")
    }
    for row in rows:
        keys = [(row.organization_id, number) for number in row.group_ids]
        row.names = [found[key] for key in keys if key in found]
