"""Mails that are to leave."""

from django.db import models

from chatplatform import clock
from chatplatform.models.chats import Thread
from chatplatform.models.organizations import Organization


class TranscriptMail(models.Model):
    """A closed thread's transcript on its way to one address."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="transcript_mails")
    email = models.CharField(max_length=254)
    asked_by_customer = models.BooleanField()
    """Whether the chat's customer asked for it, and not the organisation."""
    due_at = models.DateTimeField(null=True, blank=True)
    """When it leaves, or is tried again; empty when it left or was given up."""
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (
            models.Index(
                fields=["due_at"],
                name="transcript_due",
                condition=models.Q(due_at__isnull=False),
            ),
            models.Index(fields=["organization", "email", "created_at"], name="transcript_address"),
        )
