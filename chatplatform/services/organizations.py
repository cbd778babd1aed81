"""Organisations, and what each begins with."""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max

from chatplatform.errors import Validation
from chatplatform.models import Application, Group, Organization
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.services import applications, audit
from chatplatform.texts import is_line, is_seen

SELF_HOSTED: Final = "self_hosted"
"""The type of source of every licence that a server makes for itself."""
FIRST_LICENSE: Final = 15_000_000
"""Licence numbers count up from here; clients take them for ordinary licence ids."""
NAME_LENGTH: Final = 180
_LICENSE_ATTEMPTS: Final = 100


@transaction.atomic
def create_organization(name: str, *, source_id: str = "") -> Organization:
    """Make an organisation with the next licence number, the General group and its own clients.

    The clients are those of the agent workspace and of the widget. ``source_id`` says what makes
    it, for ``get_product_source``. Raise :class:`Validation` for
    a name that is empty, longer than 180 characters or not printable.
    """
    source = {"id": source_id, "type": SELF_HOSTED, "url": settings.PUBLIC_URL}
    organization = _with_next_license(checked_name(name), source)
    Group.objects.create(organization=organization, number=GENERAL_GROUP, name="General")
    applications.create_application(
        organization, "Agent workspace", purpose=Application.Purpose.WORKSPACE, confidential=False
    )
    applications.create_application(
        organization,
        "Widget",
        purpose=Application.Purpose.WIDGET,
        confidential=False,
        any_origin=True,
    )
    return organization


@transaction.atomic
def rename_organization(organization_id: UUID, name: str) -> Organization:
    """Give an organisation another name; its ids stay. Locks it.

    Raise :class:`Validation` for a name :func:`create_organization` would not take.
    """
    checked = checked_name(name)
    row = Organization.objects.select_for_update(no_key=True).get(pk=organization_id)
    before, row.name = row.name, checked
    if row.name != before:
        row.save(update_fields=["name"])
        audit.record(
            row.pk,
            "rename_organization",
            "organization",
            row.pk,
            before={"name": before},
            after={"name": row.name},
        )
    return row


def _with_next_license(name: str, source: dict[str, str]) -> Organization:
    """Store the organisation; whoever else took the same number first makes us try the next."""
    for _ in range(_LICENSE_ATTEMPTS):
        newest = Organization.objects.aggregate(Max("license_id"))["license_id__max"] or 0
        try:
            with transaction.atomic():
                return Organization.objects.create(
                    name=name, license_id=max(newest + 1, FIRST_LICENSE), source=source
                )
        except IntegrityError:
            continue
    raise RuntimeError("no free licence number was found")


def checked_name(name: str) -> str:
    """Return a name of an organisation, a person or a group without space around it.

    Raise :class:`Validation` when it is empty, longer than 180 characters or not printable, as
    ``texts.is_line`` understands it.
    """
    name = name.strip()
    if not is_seen(name) or len(name) > NAME_LENGTH or not is_line(name):
        raise Validation(f"a name has 1 to {NAME_LENGTH} printable characters")
    return name
