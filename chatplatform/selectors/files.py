"""Reading uploaded files."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from chatplatform import clock
from chatplatform.models import FileUse, UploadedFile

UNUSED_FOR = timedelta(hours=24)
"""How long an upload lives that no event uses (protocol.md 4.6)."""


def by_token(token: str) -> UploadedFile | None:
    """Return the file behind an unguessable token.

    None when it has expired, and when every event that showed it has been deleted.
    """
    row = UploadedFile.objects.filter(token=token).first()
    if row is None or (not row.used and row.created_at < clock.now() - UNUSED_FOR):
        return None
    return None if _withdrawn(row.thumbnail_of_id or row.token) else row


def _withdrawn(token: str) -> bool:
    uses = FileUse.objects.filter(file_id=token)
    return uses.exists() and not uses.filter(event__deleted=False).exists()


def thumbnails(token: str) -> list[UploadedFile]:
    """Return an image's thumbnails, the smaller one first; empty until they have been made."""
    return list(UploadedFile.objects.filter(thumbnail_of_id=token).order_by("width", "created_at"))


def by_url(organization_id: UUID, url: str) -> UploadedFile | None:
    """Return the organisation's file that ``url`` leads to, unless it has expired."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if not parts.path.startswith(settings.MEDIA_URL):
        return None
    row = by_token(parts.path.removeprefix(settings.MEDIA_URL).split("/")[0])
    if row is None or row.organization_id != organization_id or row.thumbnail_of_id is not None:
        return None
    told = f"{parts.scheme}://{parts.netloc}"
    return row if row.origin in ("", told) else None
