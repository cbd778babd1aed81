"""Reading uploaded files."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from chatplatform import clock
from chatplatform.models import UploadedFile

UNUSED_FOR = timedelta(hours=24)
"""How long an upload lives that no event uses (protocol.md 4.6)."""


def by_token(token: str) -> UploadedFile | None:
    """Return the file behind an unguessable token, unless it has expired."""
    row = UploadedFile.objects.filter(token=token).first()
    if row is None or (not row.used and row.created_at < clock.now() - UNUSED_FOR):
        return None
    return row


def by_url(organization_id: UUID, url: str) -> UploadedFile | None:
    """Return the organisation's file that ``url`` leads to, unless it has expired."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    if not path.startswith(settings.MEDIA_URL):
        return None
    row = by_token(path.removeprefix(settings.MEDIA_URL).split("/")[0])
    return row if row is not None and row.organization_id == organization_id else None
