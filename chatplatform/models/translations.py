"""What groups say in their own words."""

from django.db import models

from chatplatform.models.groups import Group


class Translation(models.Model):
    """A group's own phrases in one language; all others are the platform's."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(max_length=16)
    """An IETF tag in lower case."""
    phrases = models.JSONField(default=dict)
    """Texts by key, of ``phrases.CHANGEABLE`` only."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["group", "language"], name="translation_language"),
        )
