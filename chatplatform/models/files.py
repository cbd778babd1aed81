"""Uploaded files."""

from django.db import models

from chatplatform import clock, ids
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
    content = models.FileField(upload_to="uploads/%Y/%m/%d", max_length=255)
    used = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (
            models.Index(fields=["created_at"], name="file_unused", condition=models.Q(used=False)),
        )
