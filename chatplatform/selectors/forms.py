"""Reading forms."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from chatplatform.models import Form, Group, Thread
from chatplatform.models.forms import FormType
from chatplatform.models.groups import GENERAL_GROUP
from chatplatform.records import Record


def enabled_form(
    organization_id: UUID, group_numbers: Iterable[int], form_type: str
) -> Form | None:
    """Return the form the first of these groups asks, or None when it asks none. One read."""
    first = next(iter(group_numbers), GENERAL_GROUP)
    return Form.objects.filter(
        organization_id=organization_id, group__number=first, type=form_type, enabled=True
    ).first()


def enabled_forms(group: Group, form_types: Iterable[str]) -> list[Form]:
    """Return the forms of these types that a group asks, by type. One read."""
    asked = Form.objects.filter(group=group, type__in=list(form_types), enabled=True)
    return list(asked.order_by("type"))


def form_record(form: Form) -> Record:
    """Return a form as customers get it before they fill it in."""
    return {"id": form.public_id, "fields": form.fields}


def asked(thread: Thread, form_type: FormType) -> Record | None:
    """Return the content of the event that asks a thread's customer a form of its groups'.

    None where they ask none. One read.
    """
    form = enabled_form(thread.organization_id, thread.group_ids, form_type)
    if form is None:
        return None
    return {"form_id": form.public_id, "form_type": form.type, "fields": form.fields}
