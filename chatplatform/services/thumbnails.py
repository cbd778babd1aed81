"""Smaller copies of images that events show, made after the send and told with ``event_updated``.

An image's two thumbnails fit into 300 and 600 pixels square (:data:`SIDES`); none is larger than
the image itself. They are files like any other, behind URLs of their own.
"""

from __future__ import annotations

import io
import warnings
from datetime import datetime, timedelta

import structlog
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import QuerySet
from PIL import Image, ImageOps

from chatplatform import clock
from chatplatform.domain_events.events import EventUpdated
from chatplatform.models import Chat, Event, UploadedFile
from chatplatform.records import event_record
from chatplatform.selectors.properties import definitions_of
from chatplatform.services import changes, files

log = structlog.get_logger(__name__)

SIDES = (300, 600)
"""Pixels a thumbnail and a thumbnail for dense screens have at most, each way."""
MAX_DECODED_PIXELS = 25_000_000
"""Images that would be larger in memory keep no thumbnails. JPEGs are decoded at reduced size."""
AT_MOST = 20
"""Images a call looks after."""
_ATTEMPT = timedelta(seconds=60)


def make_due() -> None:
    """Make the thumbnails that are due and add them to the events; safe with several workers."""
    due = UploadedFile.objects.filter(thumbnails_due_at__lte=clock.now())
    for row in due.order_by("thumbnails_due_at")[:AT_MOST]:
        until = _claim(row)
        if until is None:
            continue
        if row.thumbnails.exists() or _make(row):
            _add_to_events(row)
        # Where an event came to use it meanwhile, the image is due again.
        _due_at(row, until).update(thumbnails_due_at=None)


def _claim(row: UploadedFile) -> datetime | None:
    until = clock.now() + _ATTEMPT
    taken = _due_at(row, row.thumbnails_due_at).update(thumbnails_due_at=until)
    return until if taken else None


def _due_at(row: UploadedFile, moment: datetime | None) -> QuerySet[UploadedFile]:
    return UploadedFile.objects.filter(token=row.token, thumbnails_due_at=moment)


def _make(row: UploadedFile) -> bool:
    """Store the thumbnails of an image; return False where there can be none, or it is gone."""
    try:
        with row.content.open("rb") as file:
            pictures = smaller(file.read())
    except Exception as error:  # broken pictures make the library raise almost anything
        log.warning("no thumbnails", file=row.token[:8], error=repr(error))
        return False
    made = [_thumbnail(row, *picture[1:]) for picture in pictures]
    try:
        with transaction.atomic():
            found = UploadedFile.objects.select_for_update().filter(token=row.token)
            if found.first() is None:  # it was deleted, and nothing would find its thumbnails
                return False
            for one, (content, _, _) in zip(made, pictures, strict=True):
                one.content.save(one.token, ContentFile(content), save=False)
                one.size = len(content)
                one.save(force_insert=True)
    except BaseException:
        for one in made:
            if one.content:
                one.content.delete(save=False)
        raise
    return True


def smaller(image: bytes) -> list[tuple[bytes, str, tuple[int, int]]]:
    """Return each thumbnail of ``image``: content, content type, width and height.

    Only the first frame of an animation is shown, upright and without metadata. Raise
    ``ValueError`` for images too large to decode, what Pillow raises for broken ones.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            opened = Image.open(io.BytesIO(image), formats=files.IMAGE_FORMATS)
        except Image.DecompressionBombWarning as warning:
            raise ValueError(str(warning)) from None
    with opened:
        opened.draft("RGB", (2 * SIDES[-1], 2 * SIDES[-1]))
        if opened.width * opened.height > MAX_DECODED_PIXELS:
            raise ValueError("the image has too many pixels")
        transparent = opened.has_transparency_data
        picture = ImageOps.exif_transpose(opened).convert("RGBA" if transparent else "RGB")
    return [_fitted(picture, side) for side in SIDES]


def _fitted(picture: Image.Image, side: int) -> tuple[bytes, str, tuple[int, int]]:
    copy = picture.copy()
    copy.thumbnail((side, side))
    written = io.BytesIO()
    if copy.mode == "RGBA":
        copy.save(written, "PNG", optimize=True)
        return written.getvalue(), "image/png", copy.size
    copy.save(written, "JPEG", quality=85)
    return written.getvalue(), "image/jpeg", copy.size


def _thumbnail(row: UploadedFile, content_type: str, size: tuple[int, int]) -> UploadedFile:
    stem = row.name.rpartition(".")[0] or row.name
    return UploadedFile(
        organization_id=row.organization_id,
        uploader_id=row.uploader_id,
        name=f"{stem[:200]}.{content_type.removeprefix('image/')}",
        content_type=content_type,
        width=size[0],
        height=size[1],
        origin=row.origin,
        used=True,
        thumbnail_of=row,
    )


def _add_to_events(row: UploadedFile) -> None:
    urls = files.thumbnail_urls(row.token)
    uses = row.uses.filter(event__isnull=False, event__deleted=False)
    for event_id, chat_id in uses.values_list("event_id", "event__thread__chat_id"):
        with transaction.atomic():
            chat = Chat.objects.select_for_update(of=("self",)).filter(id=chat_id).first()
            event = Event.objects.filter(id=event_id, deleted=False).first()
            if chat is None or event is None or "thumbnail_url" in event.content:
                continue
            event.content = {**event.content, **urls}
            event.save(update_fields=["content"])
            shown = event_record(event, definitions=definitions_of([event]))
            changes.record(EventUpdated, chat, thread_id=event.thread_id, event=shown)
            chat.save()
