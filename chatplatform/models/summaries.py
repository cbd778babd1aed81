"""Summaries that are still to be made."""

from django.db import models

from chatplatform import clock
from chatplatform.models.chats import Thread
from chatplatform.models.organizations import Organization


class SummaryRequest(models.Model):
    """A thread that is to be summed up, for an agent or because the licence wants it."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    thread = models.OneToOneField(Thread, on_delete=models.CASCADE, related_name="summary_request")
    agent_id = models.CharField(max_length=254, blank=True)
    """Public id of the agent who asked; empty when nobody did."""
    due_at = models.DateTimeField(default=clock.now, db_index=True)
    """When a worker may take it; later than now while one is at it."""
