"""The tags an organisation's agents may put on threads."""

from django.db import models
from django.db.models.functions import Lower

from chatplatform import clock
from chatplatform.models.organizations import Organization

MAX_TAG_NAME = 255


class Tag(models.Model):
    """A tag of some groups. Threads hold its name (``Thread.tags``)."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=MAX_TAG_NAME)
    group_ids = models.JSONField(default=list)
    """Numbers of the groups whose threads it may be put on; 0 means every thread."""
    author_id = models.CharField(max_length=254)
    """Public id of the agent who made it."""
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint("organization", Lower("name"), name="tag_name_any_case"),
        )

    def __str__(self) -> str:
        return self.name
