"""Uploaded files: what is accepted, how it is kept, and when it becomes permanent."""

from __future__ import annotations

import re
from typing import BinaryIO
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.core.files import File
from PIL import Image

from chatplatform import clock
from chatplatform.errors import EntityTooLarge, Validation
from chatplatform.models import UploadedFile
from chatplatform.records import Record
from chatplatform.selectors import files

MAX_PIXELS = 50_000_000
SWEEP_AT_MOST = 200

_IMAGES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
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
) -> UploadedFile:
    """Keep an uploaded file and return its row.

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
    )
    if dimensions:
        row.width, row.height = dimensions
    file.seek(0)
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
        with Image.open(file) as image:
            known = image.format in _IMAGES and image.width * image.height <= MAX_PIXELS
            if not known:
                return None
            found = _IMAGES[str(image.format)], (image.width, image.height)
            image.verify()
            return found
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
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
    """Return the path of a file's unguessable URL."""
    return f"{settings.MEDIA_URL}{row.token}/{quote(row.name)}"


def use_in_event(organization_id: UUID, url: str, alternative_text: str | None) -> Record:
    """Return the content of a file event, and make the file permanent.

    Raise :class:`Validation` for URLs that are not this organisation's uploads, or expired.
    """
    row = files.by_url(organization_id, url)
    if row is None:
        raise Validation("`event.url` must come from upload_file")
    if not row.used:
        UploadedFile.objects.filter(token=row.token).update(used=True)
    content: Record = {
        "name": row.name,
        "url": url,
        "content_type": row.content_type,
        "size": row.size,
    }
    if row.width and row.height:
        content |= {"width": row.width, "height": row.height}
    if alternative_text:
        content["alternative_text"] = alternative_text
    return content


def delete_unused() -> None:
    """Delete files no event has used within a day; a batch a call."""
    stale = UploadedFile.objects.filter(used=False, created_at__lt=clock.now() - files.UNUSED_FOR)
    for row in stale[:SWEEP_AT_MOST]:
        deleted, _ = UploadedFile.objects.filter(token=row.token, used=False).delete()
        if deleted:
            row.content.delete(save=False)
