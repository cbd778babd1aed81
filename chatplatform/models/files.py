"""Uploaded files, and the events that show them."""

from django.db import models

from chatplatform import clock, ids
from chatplatform.models.chats import Event
from chatplatform.models.organizations import Organization


class UploadedFile(models.Model):
    """A file behind an unguessable URL: permanent once an event used it, else gone after 24 h."""

    token = models.CharField(primary_key=True, max_length=64, default=ids.secret, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    uploader_id = models.CharField(max_length=254)
    name = models.CharField(max_length=255)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    """Bytes."""
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    origin = models.CharField(max_length=300, blank=True)
    """Scheme and host its URL was told with, without a slash at the end."""
    content = models.FileField(upload_to="uploads/%Y/%m/%d", max_length=255)
    used = models.BooleanField(default=False)
    thumbnail_of = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="thumbnails"
    )
    """The image this is a smaller copy of; it is served for as long as that is."""
    thumbnails_due_at = models.DateTimeField(null=True, blank=True)
    """When its thumbnails are to be made, or the attempt under way counts as failed."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (
            models.Index(fields=["created_at"], name="file_unused", condition=models.Q(used=False)),
            models.Index(
                fields=["thumbnails_due_at"],
                name="file_thumbnails_due",
                condition=models.Q(thumbnails_due_at__isnull=False),
            ),
        )


class FileUse(models.Model):
    """An event that shows a file. A file that only deleted events show is not served.

    When the event's thread is deleted, ``event`` becomes empty; a timer then takes the file.
    """

    file = models.ForeignKey(UploadedFile, on_delete=models.CASCADE, related_name="uses")
    event = models.OneToOneField(
        Event, on_delete=models.SET_NULL, null=True, related_name="file_use"
    )
