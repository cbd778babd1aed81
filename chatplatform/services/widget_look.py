"""Storing how an organisation's widget looks and what it says (``chatplatform/widget_look.py``)."""

from __future__ import annotations

from functools import partial
from typing import Any, BinaryIO, Final

from django.db import transaction

from chatplatform.errors import Validation
from chatplatform.models import Organization, UploadedFile
from chatplatform.requester import AgentRequester
from chatplatform.services import audit, files, routing
from chatplatform.widget_look import Look, checked, look_of

MAX_LOGO_BYTES: Final = 512 * 1024
MAX_LOGO_PIXELS: Final = 1024
"""Of each side: it is shown forty pixels wide."""


def update_look(requester: AgentRequester, given: dict[str, Any]) -> Look:
    """Set these settings of the widget and return the whole look; the others stay.

    Pages that load from now on have it. The logo is set by :func:`set_logo`. Raise what
    ``widget_look.checked`` raises. Locks the organisation.
    """
    if "logo" in given:
        raise Validation("`logo`: is uploaded, not named")
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        look = checked({**look_of(organization.widget).record(), **given})
        _store(organization, look)
    return look


def set_logo(
    requester: AgentRequester, *, name: str, claimed_type: str, size: int, file: BinaryIO
) -> Look:
    """Keep an uploaded picture and show it above the chat in place of the former one.

    Raise :class:`Validation` for what is no raster picture, has more than :data:`MAX_LOGO_BYTES`
    or is larger than :data:`MAX_LOGO_PIXELS` either way; what ``files.store`` raises.
    """
    if size > MAX_LOGO_BYTES:
        raise Validation(f"`logo`: can have {MAX_LOGO_BYTES // 1024} KB at most")
    with transaction.atomic():
        organization = routing.lock_organization(requester.organization_id)
        row = files.store(
            organization.id,
            requester.public_id,
            name=name,
            claimed_type=claimed_type,
            size=size,
            file=file,
        )
        try:
            _check_picture(row)
        except Validation:
            row.content.delete(save=False)
            raise
        row.used = True
        row.save(update_fields=["used"])
        return _show(organization, row.token)


def remove_logo(requester: AgentRequester) -> Look:
    """Show no picture above the chat any more."""
    with transaction.atomic():
        return _show(routing.lock_organization(requester.organization_id), "")


def logo_url(organization: Organization, look: Look) -> str:
    """Return the path of the look's picture; empty where there is none. One read at most."""
    if not look.logo:
        return ""
    row = UploadedFile.objects.filter(organization=organization, token=look.logo).first()
    return files.public_path(row) if row else ""


def _check_picture(row: UploadedFile) -> None:
    if not row.width or not row.height:
        raise Validation("`logo`: must be a PNG, JPEG, GIF or WebP picture")
    if max(row.width, row.height) > MAX_LOGO_PIXELS:
        raise Validation(f"`logo`: can be {MAX_LOGO_PIXELS} pixels wide and high at most")


def _show(organization: Organization, token: str) -> Look:
    before = look_of(organization.widget)
    look = Look(**{**before.record(), "logo": token})
    _store(organization, look)
    if before.logo:
        _forget(organization, before.logo)
    return look


def _forget(organization: Organization, token: str) -> None:
    for row in UploadedFile.objects.filter(organization=organization, token=token):
        content = row.content
        row.delete()
        transaction.on_commit(partial(content.delete, save=False), robust=True)


def _store(organization: Organization, look: Look) -> None:
    """Keep what differs from the defaults, so that better defaults reach everybody."""
    before = look_of(organization.widget)
    unset = Look().record()
    organization.widget = {
        name: value for name, value in look.record().items() if value != unset[name]
    }
    organization.save(update_fields=["widget"])
    audit.record(
        organization.id,
        "update_widget",
        "widget",
        organization.license_id,
        before=before.record(),
        after=look.record(),
    )
