"""Uploaded files: what is accepted, how it is kept, and when it becomes permanent."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import BinaryIO
from urllib.parse import quote
from uuid import UUID

import structlog
from django.conf import settings
from django.core.files import File
from django.db import transaction
from PIL import Image

from chatplatform import clock
from chatplatform.errors import EntityTooLarge, Validation
from chatplatform.models import Event, FileUse, UploadedFile
from chatplatform.records import Record
from chatplatform.selectors import files
from chatplatform.services import customer_rows

log = structlog.get_logger(__name__)

MAX_PIXELS = 50_000_000
SWEEP_AT_MOST = 200
NAME_IN_URL = 100
"""Characters of a file's name in its URL: quoted, they may be twelve times as many."""
_BOMBS = (Image.DecompressionBombWarning, Image.DecompressionBombError)
_NOT_OURS = "`event.url` must come from upload_file"

_IMAGES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
IMAGE_FORMATS = tuple(_IMAGES)
"""What Pillow calls the formats that are told and shown as images."""
_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_EXECUTABLES = (b"MZ", b"\x7fELF", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa")
_EXECUTABLE_NAMES = re.compile(
    r"\.(exe|dll|bat|cmd|com|scr|msi|jar|apk|app|sh|ps1|vbs|js|jse|wsf|lnk|reg|hta)$", re.IGNORECASE
)
_ZIPPED = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}


def store(
    organization_id: UUID,
    uploader_id: str,
    *,
    name: str,
    claimed_type: str,
    size: int,
    file: BinaryIO,
    origin: str = "",
    customer_id: UUID | None = None,
) -> UploadedFile:
    """Keep an uploaded file and return its row; ``origin`` is where its URL begins.

    ``customer_id`` is the uploader, if a customer is: their row is locked, so that nothing of
    somebody who is being erased is kept. Raise ``NotFound`` for one who was.

    The type comes from the bytes; a claim they contradict is refused. Raise
    :class:`EntityTooLarge`, or :class:`Validation` for executables and contradicted claims.
    """
    if size > settings.MAX_UPLOAD_BYTES:
        raise EntityTooLarge("Files can have 10 MB at most")
    if size == 0:
        raise Validation("The file is empty")
    name = _clean_name(name)
    head = file.read(4096)
    file.seek(0)
    if head.startswith(_EXECUTABLES) or _EXECUTABLE_NAMES.search(name):
        raise Validation("Executable files are not accepted")
    content_type, dimensions = _identify(head, file, name)
    _check_claim(claimed_type, content_type)
    row = UploadedFile(
        organization_id=organization_id,
        uploader_id=uploader_id,
        name=name,
        content_type=content_type,
        size=size,
        origin=origin,
    )
    if dimensions:
        row.width, row.height = dimensions
    file.seek(0)
    with transaction.atomic():
        if customer_id is not None:
            customer_rows.locked(customer_id)
        row.content.save(row.token, File(file), save=False)
        row.save(force_insert=True)
    return row


def _clean_name(name: str) -> str:
    name = re.sub(r"[\x00-\x1f\x7f/\\]", "_", name).strip() or "file"
    return name[-255:]


def _identify(head: bytes, file: BinaryIO, name: str) -> tuple[str, tuple[int, int] | None]:
    if image := _identify_image(file):
        return image
    if head[4:8] == b"ftyp":
        return "video/mp4", None
    for signature, content_type in _SIGNATURES:
        if head.startswith(signature):
            return _ZIPPED.get(name[name.rfind(".") :].lower(), content_type), None
    return _text_or_unknown(head), None


def _identify_image(file: BinaryIO) -> tuple[str, tuple[int, int]] | None:
    try:
        with Image.open(file, formats=IMAGE_FORMATS) as image:
            known = image.format in _IMAGES and image.width * image.height <= MAX_PIXELS
            if not known:
                return None
            found = _IMAGES[str(image.format)], (image.width, image.height)
            image.verify()
            return found
    except (OSError, ValueError, SyntaxError, *_BOMBS):
        return None
    finally:
        file.seek(0)


def _text_or_unknown(head: bytes) -> str:
    if b"\x00" in head:
        return "application/octet-stream"
    try:
        head.decode("utf-8", errors="strict")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return "application/octet-stream"
    return "text/plain"


def _check_claim(claimed: str, found: str) -> None:
    claimed = claimed.split(";")[0].strip().lower()
    is_image = found.startswith("image/")
    if claimed in _IMAGES.values() and claimed != found:
        raise Validation(f"The file is not {claimed}")
    if claimed == "application/pdf" and found != claimed:
        raise Validation("The file is not application/pdf")
    if is_image and claimed and not claimed.startswith(("image/", "application/octet-stream")):
        raise Validation(f"The file is not {claimed}")


def public_path(row: UploadedFile) -> str:
    """Return the path of a file's unguessable URL. Of a long name it ends with the last part."""
    return f"{settings.MEDIA_URL}{row.token}/{quote(row.name[-NAME_IN_URL:])}"


def public_url(row: UploadedFile) -> str:
    """Return a file's unguessable URL."""
    return row.origin + public_path(row)


def shown(organization_id: UUID, url: str, alternative_text: str | None) -> tuple[Record, str]:
    """Return the content of an event that shows the file behind ``url``, and the file's token.

    Raise :class:`Validation` for URLs ``upload_file`` did not answer this organisation, or that
    expired. The file is used only when the event is stored (:func:`use`).
    """
    row = files.by_url(organization_id, url)
    if row is None:
        raise Validation(_NOT_OURS)
    content: Record = {
        "name": row.name,
        "url": public_url(row) if row.origin else url,
        "content_type": row.content_type,
        "size": row.size,
    }
    if row.width and row.height:
        content |= {"width": row.width, "height": row.height}
    if alternative_text:
        content["alternative_text"] = alternative_text
    return content, row.token


def thumbnail_urls(token: str) -> Record:
    """Return what an image's thumbnails add to an event; nothing until they have been made."""
    made = files.thumbnails(token)
    names = ("thumbnail_url", "thumbnail2x_url")
    return {name: public_url(row) for name, row in zip(names, made, strict=False)}


def use(token: str, event: Event) -> None:
    """Make a file permanent because a stored ``event`` shows it; thumbnails follow if it lacks any.

    The caller holds the chat's lock. Raise :class:`Validation` when the file went meanwhile.
    """
    row = UploadedFile.objects.select_for_update().filter(token=token).first()
    if row is None:
        raise Validation(_NOT_OURS)
    row.used = True
    if row.width and "thumbnail_url" not in event.content:
        row.thumbnails_due_at = clock.now()
    row.save(update_fields=["used", "thumbnails_due_at"])
    FileUse.objects.create(file=row, event=event)


def delete_unused() -> None:
    """Delete files no event has used within a day, or whose threads are gone; a batch a call.

    One that can not be deleted stays for the next call, and holds up no other.
    """
    stale = UploadedFile.objects.filter(used=False, created_at__lt=clock.now() - files.UNUSED_FOR)
    for token in list(stale.values_list("token", flat=True)[:SWEEP_AT_MOST]):
        _try(partial(_delete_one_unused, token), token)
    for use_id, token in _uses_without_event():
        _try(partial(forget_use, use_id, token), token)


def _try(do: Callable[[], object], token: str) -> None:
    try:
        do()
    except Exception:
        log.exception("a file was not deleted", file=token[:8])


def _delete_one_unused(token: str) -> None:
    with transaction.atomic():
        row = UploadedFile.objects.select_for_update().filter(token=token, used=False).first()
        if row is not None:
            _remove(row)


def delete(token: str) -> bool:
    """Delete a file with its content and its thumbnails, whatever shows it.

    Return whether there was one.
    """
    with transaction.atomic():
        row = UploadedFile.objects.select_for_update().filter(token=token).first()
        if row is None:
            return False
        FileUse.objects.filter(file=row).delete()
        _remove(row)
    return True


def _remove(row: UploadedFile) -> None:
    """Delete a locked file with its content and its thumbnails.

    The content goes first: what is interrupted then is found again.
    """
    for one in (row, *row.thumbnails.all()):
        one.content.delete(save=False)
    row.delete()


def _uses_without_event() -> list[tuple[int, str]]:
    gone = FileUse.objects.filter(event__isnull=True)
    return list(gone.values_list("id", "file_id")[:SWEEP_AT_MOST])


def forget_use(use_id: int, token: str) -> bool:
    """Drop a use whose event is gone, and with the last use the file and its thumbnails.

    Return whether it was the last.
    """
    with transaction.atomic():
        row = UploadedFile.objects.select_for_update().filter(token=token).first()
        FileUse.objects.filter(id=use_id).delete()
        if row is None or row.uses.exists():
            return False
        _remove(row)
    return True
