"""Canned responses: texts agents send again and again."""

from django.db import models
from django.utils.text import Truncator

from chatplatform import clock
from chatplatform.models.groups import Group
from chatplatform.models.organizations import Organization
from chatplatform.models.people import Agent


class CannedResponse(models.Model):
    """A prepared text for the agents of one group, or for its author alone."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="canned_responses")
    author = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    tags = models.JSONField(default=list)
    is_private = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return Truncator(self.text).chars(60)
