"""Forms: kept, asked by the server, and what answers to them change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from chatplatform import form_fields, ids
from chatplatform.errors import AlreadyExists, GroupNotFound, Validation
from chatplatform.models import Form, Organization
from chatplatform.models.forms import FormType
from chatplatform.records import Record
from chatplatform.requester import CustomerRequester, Requester
from chatplatform.selectors import groups
from chatplatform.services import audit, customer_rows, customers, events, routing, tickets
from chatplatform.services.events import Appended, Draft


def set_form(
    organization: Organization,
    group_number: int,
    form_type: str,
    *,
    enabled: bool,
    fields: Sequence[Mapping[str, Any]],
    new: bool = False,
) -> Form:
    """Keep what a group asks with its form of one type; no group asks anything before.

    The form's id changes with its fields. Raise :class:`GroupNotFound`, also for groups among the
    options of a chooser, what :func:`form_fields.checked` raises, and :class:`AlreadyExists` where
    there is such a form and it should be ``new``.
    """
    if form_type not in FormType.values:
        raise Validation(f"there is no form type {form_type[:16]!r}")
    with transaction.atomic():
        routing.lock_organization(organization.id)
        group = groups.access_group(organization, group_number)
        checked = form_fields.checked(fields)
        _check_groups(organization.id, checked)
        form = Form.objects.filter(group=group, type=form_type).first()
        if new and form is not None:
            raise AlreadyExists("The group has such a form; change that one")
        before = None if form is None else {"enabled": form.enabled, "fields": form.fields}
        if form is None:
            form = Form(organization=organization, group=group, type=form_type)
        elif form.fields != checked:
            form.public_id = ids.opaque_id()
        form.enabled, form.fields = enabled, checked
        form.save()
        audit.record(
            organization.id,
            "update_form",
            "form",
            f"{group_number}/{form_type}",
            before=before,
            after={"enabled": enabled, "fields": checked},
        )
    return form


def _check_groups(organization_id: UUID, fields: Sequence[Record]) -> None:
    named = {
        option["group_id"]
        for field in fields
        if field["type"] == "group_chooser"
        for option in field["options"]
    }
    if named - groups.existing_numbers(organization_id, named):
        raise GroupNotFound


def check_answers(organization_id: UUID, content: Record) -> None:
    """Raise :class:`Validation` unless a filled form's ``content`` can be kept.

    Answers have the shape of their fields' types. Those to a form of ours answer all it requires;
    of other forms, which integrations ask, only their authors know. One read.
    """
    answers = content["fields"]
    form_fields.check_shape(answers)
    form = Form.objects.filter(
        organization_id=organization_id, public_id=content["form_id"][:64]
    ).first()
    if form is not None:
        form_fields.check_answers(form.fields, answers)


def chosen_group(drafts: Sequence[Draft]) -> int | None:
    """Return the group a customer chose in a form they start a chat with, if they did."""
    for draft in drafts:
        if draft.type != "filled_form" or draft.content.get("form_type") == FormType.POSTCHAT:
            continue
        for answer in draft.content["fields"]:
            if answer["type"] == "group_chooser" and answer.get("answer"):
                return int(answer["answer"]["group_id"])
    return None


def said_of_oneself(drafts: Sequence[Draft]) -> dict[str, str]:
    """Return the name and address given in filled forms, as columns of a customer."""
    said: dict[str, str] = {}
    for draft in drafts:
        if draft.type != "filled_form" or draft.author_side != "customer":
            continue
        for answer in draft.content["fields"]:
            if answer["type"] in ("name", "email") and form_fields.is_answered(answer):
                said[answer["type"]] = answer["answer"].strip()[:255]
    return said


def send_answers(
    requester: CustomerRequester,
    chat_id: str,
    draft: Draft,
    *,
    attach_to_last_thread: bool = False,
    commit_point: Callable[[], None] = lambda: None,
) -> Appended:
    """Append a customer's filled form, take over the name and address it gives, and leave a ticket
    where it answers a ticket form.

    Arguments, errors and what is told as in :func:`events.append`, with ``CustomerUpdated`` where
    something changed and what :func:`leave_ticket` tells; the customer's row is locked before the
    chat's.
    """
    with transaction.atomic():
        said = said_of_oneself([draft])
        if said:
            customers.update_customer(requester.customer_id, said, requester)
        customer_rows.locked(requester.customer_id)
        appended = events.append(
            requester,
            chat_id,
            draft,
            attach_to_last_thread=attach_to_last_thread,
            commit_point=commit_point,
        )
        if not appended.repeated:
            leave_ticket(requester, draft)
        return appended


def leave_ticket(requester: Requester, draft: Draft) -> None:
    """Keep a ticket when a customer's stored ``draft`` answers a ticket form of the organisation.

    The form itself decides, not the type that the customer names. The caller holds the customer's
    lock. One read, for filled forms only. Tells what :func:`tickets.create_ticket` tells.
    """
    if not isinstance(requester, CustomerRequester) or draft.type != "filled_form":
        return
    form = Form.objects.filter(
        organization_id=requester.organization_id,
        public_id=draft.content["form_id"][:64],
        type=FormType.TICKET,
    ).first()
    if form is not None:
        answered = {**draft.content, "form_type": form.type}
        tickets.create_ticket(requester.customer_id, answered)
